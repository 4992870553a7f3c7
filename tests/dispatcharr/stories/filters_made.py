"""How often a story has made each filter, so that one that the mirror made a second time is noticed.

A filter that is switched off exists only here, where the comparison of both sides does not see it.
"""

from collections import Counter
from typing import Any

from m3u_app.mirror.patterns_there import pattern_from_server
from m3u_app.models import StreamFilter
from tests.fake_dispatcharr import World

Key = tuple[Any, ...]


class FiltersMade:
    """Counts without regard to accounts: these are deleted, and come back under other numbers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._here, self._there = _here(), self._now_there()
        self._made = Counter(self._here.values()) | Counter(self._there.values())

    def edit_here(self) -> None:
        """The operator has done something: what is new is theirs."""
        now = _here()
        self._made.update(key for pk, key in now.items() if self._here.get(pk) != key)
        self._here = now

    def edit_there(self) -> None:
        """Somebody else has done something there."""
        now = self._now_there()
        self._made.update(key for pk, key in now.items() if self._there.get(pk) != key)
        self._there = now

    def run(self) -> None:
        """The mirror was at work: what is new was made by it; what it changed may be equal to another one."""
        now = _here()
        self._made.update(key for pk, key in now.items() if self._here.get(pk, key) != key)
        self._here, self._there = now, self._now_there()

    def went_back(self) -> None:
        """To a backup: what waited in it for its creation may be made again."""
        self._made.update(_here().values())
        self.run()

    def assert_none_twice(self) -> None:
        """None is here switched on and switched off, of those that were made once."""
        states: dict[Key, list[bool]] = {}
        for pk, enabled in StreamFilter.objects.order_by("pk").values_list("pk", "enabled"):
            states.setdefault(self._here[pk], []).append(enabled)
        for key, found in states.items():
            assert len(found) <= self._made[key] or len(set(found)) < 2, f"filter {key} was made {self._made[key]}×: {found}"

    def _now_there(self) -> dict[int, Key]:
        return {
            pk: (row["filter_type"], *pattern_from_server(row["regex_pattern"]), row["exclude"])
            for pk, row in self._world.tables["filters"].items()
        }


def _here() -> dict[int, Key]:
    rows = StreamFilter.objects.values_list("pk", "filter_type", "regex_pattern", "case_sensitive", "exclude")
    return {pk: tuple(key) for pk, *key in rows}
