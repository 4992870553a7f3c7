"""What the tests of this folder share: making it takes seconds, so it is made once."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.newcomer import Walk, create_channels, fresh_server, set_up, take_the_demo, watched_tab


@pytest.fixture(scope="package")
def walk(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The real server after a newcomer went from an empty data folder to channels made from whole stream groups.
    A test that changes something puts it back."""
    with fresh_server(tmp_path_factory.mktemp("newcomer")) as server, watched_tab(chromium) as tab:
        walk = Walk(server, tab, f"http://127.0.0.1:{server.port}")
        set_up(tab, walk.base)
        take_the_demo(tab, walk.base)
        walk.preview = create_channels(walk)
        yield walk
