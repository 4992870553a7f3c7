from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine

from m3u_app.providers import registry
from m3u_app.stream_users import register_stream_user, unregister_stream_user
from m3u_app.tests.refreshing import FakeProvider, FileAccount, Users


@pytest.fixture
def file_account(db: None, tmp_path: Path) -> Callable[..., FileAccount]:
    """Makes accounts that read a file in a folder of this test."""

    def make(name: str = "Acme", **values: Any) -> FileAccount:
        return FileAccount(tmp_path, name, **values)

    return make


@pytest.fixture
def acme(file_account: Callable[..., FileAccount]) -> FileAccount:
    return file_account()


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    """Takes the place of the Xtream provider."""
    fake = FakeProvider()
    monkeypatch.setitem(registry._providers, "XC", fake)
    return fake


@pytest.fixture
def users() -> Iterator[Users]:
    users = Users()
    register_stream_user(users)
    yield users
    unregister_stream_user(users)


@pytest.fixture
def time_machine_at() -> Iterator[Callable[..., object]]:
    """The clock stands still, and the test may move it: ``time_machine_at(moment)``."""
    with time_machine.travel("2026-05-04T10:00:00+00:00", tick=False) as traveller:
        yield traveller.move_to
