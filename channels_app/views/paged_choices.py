"""Ticks and small values of a list that is too long for one page.

Only what differs from the proposal travels between pages: rows unticked (``off``) or ticked (``on``) elsewhere, and values
typed or chosen elsewhere (``value-<id>``). The page itself says which rows it showed (``shown``) and which are ticked
(``tick``). ``default`` is "on" or "off" once somebody ticked or unticked everything.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from django.http import QueryDict

from channels_app.views.posted import ids_in

T = TypeVar("T")

ROWS = 50
_PREFIX = "value-"


@dataclass(frozen=True)
class Choices:
    """What the operator chose so far, over all pages."""

    off: frozenset[int] = frozenset()
    on: frozenset[int] = frozenset()
    default: str = ""
    values: dict[int, str] = field(default_factory=dict)

    def is_on(self, row_id: int, *, proposed: bool = True) -> bool:
        if row_id in self.off:
            return False
        if row_id in self.on:
            return True
        return self.default == "on" if self.default else proposed

    def value(self, row_id: int, proposed: str = "") -> str:
        return self.values.get(row_id, proposed)

    def without_proposed(self, proposed: Mapping[int, str]) -> "Choices":
        """The same without values that are what was proposed anyway, or belong to no row."""
        differing = {pk: value for pk, value in self.values.items() if pk in proposed and value != proposed[pk]}
        return replace(self, values=differing)

    def hidden(self, shown: Collection[int]) -> list[tuple[str, str]]:
        """Hidden fields for what was chosen on other pages than the one that shows ``shown``."""
        fields = [("shown", _joined(shown)), ("off", _joined(self.off - set(shown))), ("on", _joined(self.on - set(shown)))]
        fields += [("default", self.default)]
        fields += [(f"{_PREFIX}{pk}", value) for pk, value in self.values.items() if pk not in shown]
        return [(name, value) for name, value in fields if value or name.startswith(_PREFIX)]


def read_choices(values: QueryDict) -> Choices:
    """The choices of a posted form; the button ``every=on`` or ``every=off`` ticks or unticks all rows of all pages."""
    kept = {
        int(name[len(_PREFIX) :]): values.get(name, "")
        for name in values
        if name.startswith(_PREFIX) and name[len(_PREFIX) :].isascii() and name[len(_PREFIX) :].isdigit() and len(name) < 26
    }
    every = values.get("every", "")
    if every in ("on", "off"):
        return Choices(default=every, values=kept)
    shown, ticked = set(ids_in(values, "shown")), set(ids_in(values, "tick"))
    off = (set(ids_in(values, "off")) - shown) | (shown - ticked)
    on = (set(ids_in(values, "on")) - shown) | (shown & ticked)
    default = values.get("default", "")
    return Choices(frozenset(off), frozenset(on), default if default in ("on", "off") else "", kept)


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page of a list; numbers count from 1."""

    rows: list[T]
    number: int
    count: int
    total: int
    first: int

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def previous(self) -> int:
        return self.number - 1

    @property
    def next(self) -> int:
        return self.number + 1 if self.number < self.count else 0


def page_of(rows: "list[T]", values: QueryDict, *, size: int = ROWS) -> Page[T]:
    """The page that ``page=`` asks for; anything else than a page of the list is the nearest one."""
    typed = values.get("page", "")
    asked = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1
    count = max(1, -(-len(rows) // size))
    number = min(max(asked, 1), count)
    start = (number - 1) * size
    return Page(rows[start : start + size], number, count, len(rows), start + 1 if rows else 0)


def _joined(ids: Iterable[int]) -> str:
    return ",".join(map(str, sorted(ids)))
