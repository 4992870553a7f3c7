"""What browser tests share is not handed on from a test that failed, least of all to its own second try."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Walks


class Houses(Walks):
    """Numbers instead of servers."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        super().__init__(None, folders)
        self.said: list[str] = []
        self.is_broken = False

    def _go(self, opening: ExitStack, folder: Path) -> Any:
        number = len(self.said)
        self.said.append(f"opened {folder.name[-1]}")
        opening.callback(self.said.append, f"closed {folder.name[-1]}")
        if self.is_broken:
            raise RuntimeError
        return number


@pytest.fixture
def houses(tmp_path_factory: pytest.TempPathFactory) -> Houses:
    return Houses(tmp_path_factory)


def test_a_house_is_shared_until_it_is_left(houses: Houses) -> None:
    first = houses.current()
    assert houses.current() == first
    houses.leave()
    assert houses.current() != first
    houses.leave()
    houses.leave()
    assert [word.split()[0] for word in houses.said] == ["opened", "closed", "opened", "closed"]


def test_a_house_that_was_not_finished_is_cleared_away_and_the_next_try_begins_another(houses: Houses) -> None:
    houses.is_broken = True
    with pytest.raises(RuntimeError):
        houses.current()
    assert [word.split()[0] for word in houses.said] == ["opened", "closed"]
    houses.is_broken = False
    houses.current()
    assert len(houses.said) == 3
