"""What the tests of this folder share: making it takes seconds, so it is made once."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.browser.fixtures import has_failed
from tests.browser.newcomer import Walk, create_channels, fresh_server, set_up, take_the_demo, watched_tab


class Walks:
    """The newcomer's house that tests share, until one of them fails: nobody knows in which state that one left it, so the
    next test, and the second try of that one above all, goes into a new house."""

    def __init__(self, chromium: Any, folders: pytest.TempPathFactory) -> None:
        self._chromium = chromium
        self._folders = folders
        self._walk: Walk | None = None
        self._open = ExitStack()

    def current(self) -> Walk:
        if self._walk is None:
            with ExitStack() as opening:
                walk = self._go(opening, self._folders.mktemp("newcomer"))
                self._open = opening.pop_all()
            self._walk = walk
        return self._walk

    def leave(self) -> None:
        self._walk = None
        self._open.close()

    def _go(self, opening: ExitStack, folder: Path) -> Walk:
        server = opening.enter_context(fresh_server(folder))
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
