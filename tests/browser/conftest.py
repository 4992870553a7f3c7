"""What the tests of this folder share: making it takes seconds, so it is made once."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.browser.fixtures import Shared, has_failed
from tests.browser.newcomer import Walk, create_channels, fresh_server, set_up, take_the_demo, watched_tab


class Walks(Shared[Walk]):
    def __init__(self, chromium: Any, folders: pytest.TempPathFactory) -> None:
        super().__init__()
        self._chromium = chromium
        self._folders = folders

    def make(self, opening: ExitStack) -> Walk:
        server = opening.enter_context(fresh_server(self._folders.mktemp("newcomer")))
        tab = opening.enter_context(watched_tab(self._chromium))
        walk = Walk(server, tab, f"http://127.0.0.1:{server.port}")
        set_up(tab, walk.base)
        take_the_demo(tab, walk.base)
        walk.preview = create_channels(walk)
        return walk


@pytest.fixture(scope="package")
def walks(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walks]:
    walks = Walks(chromium, tmp_path_factory)
    yield walks
    walks.leave()


@pytest.fixture
def walk(walks: Walks, request: pytest.FixtureRequest) -> Iterator[Walk]:
    """The real server after a newcomer went from an empty data folder to channels made from whole stream groups.
    A test that changes something puts it back."""
    yield walks.current()
    if has_failed(request.node):
        walks.leave()
