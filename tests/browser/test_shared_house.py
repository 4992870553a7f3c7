"""What browser tests share is not handed on from a test that failed, least of all to its own second try."""

from contextlib import ExitStack

import pytest

from tests.browser.fixtures import Shared


class Houses(Shared[int]):
    """Numbers instead of servers."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.is_broken = False

    def make(self, opening: ExitStack) -> int:
        self.said.append("opened")
        opening.callback(self.said.append, "closed")
        if self.is_broken:
            raise RuntimeError
        return len(self.said)


def test_a_house_is_shared_until_it_is_left() -> None:
    houses = Houses()
    first = houses.current()
    assert houses.current() == first
    houses.leave()
    assert houses.current() != first
    houses.leave()
    houses.leave()
    assert houses.said == ["opened", "closed", "opened", "closed"]


def test_a_house_that_was_not_finished_is_cleared_away_and_the_next_try_begins_another() -> None:
    houses = Houses()
    houses.is_broken = True
    with pytest.raises(RuntimeError):
        houses.current()
    assert houses.said == ["opened", "closed"]
    houses.is_broken = False
    houses.current()
    assert houses.said == ["opened", "closed", "opened"]
