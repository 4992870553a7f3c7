"""What the two panes of the channel manager are narrowed to (10 §3, §4): read from a query string and written back.

One value per pane, made once per request; pages, partials, counts, selections and links all use it, so they always agree.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

MISSING_CHOICES = {"logo": "Logo", "tvg_id": "TVG-ID", "guide": "Guide", "gracenote": "Gracenote id"}
SORT_CHOICES = {
    "number": "Number",
    "name": "Name",
    "fewest_streams": "Fewest streams first",
    "most_streams": "Most streams first",
    "changed": "Changed last first",
}
"""Orders inside groups; groups themselves keep their places."""
LONGEST_SEARCH = 200  # characters of a search that are looked at


class QueryValues(Protocol):
    """A ``QueryDict``, or anything else that can hold several values under one name."""

    def getlist(self, key: str) -> list[str]: ...


@dataclass(frozen=True)
class ChannelFilter:
    """``groups`` empty = all groups. ``missing`` are keys of :data:`MISSING_CHOICES`, combined with OR.

    ``sort`` (a key of :data:`SORT_CHOICES`) leaves nothing out, but belongs to what the pane is asked to show.
    """

    text: str = ""
    groups: tuple[int, ...] = ()
    show_empty: bool = False
    missing: tuple[str, ...] = ()
    without_streams: bool = False
    only_stale: bool = False
    duplicates: bool = False
    sort: str = "number"

    @property
    def narrows(self) -> bool:
        """True when channels inside groups are left out, not just groups."""
        return bool(self.text or self.missing or self.without_streams or self.only_stale or self.duplicates)

    @property
    def is_active(self) -> bool:
        return self.narrows or bool(self.groups) or self.show_empty

    @property
    def option_count(self) -> int:
        """How many choices behind the filter button are on; the search box is not one of them."""
        flags = (self.without_streams, self.only_stale, self.duplicates, self.show_empty, bool(self.groups))
        return len(self.missing) + sum(flags)

    @classmethod
    def read(cls, values: QueryValues) -> "ChannelFilter":
        return cls(
            text=_text(values, "q"),
            groups=_ids(values.getlist("group")),
            show_empty=_flag(values, "empty"),
            missing=tuple(name for name in MISSING_CHOICES if name in values.getlist("missing")),
            without_streams=_flag(values, "without"),
            only_stale=_flag(values, "stale"),
            duplicates=_flag(values, "dup"),
            sort=_one_of(values, "sort", SORT_CHOICES),
        )

    def pairs(self) -> list[tuple[str, str]]:
        """The query string that :meth:`read` turns into this value again, as pairs."""
        found = [("q", self.text)] if self.text else []
        found += [("group", str(pk)) for pk in self.groups]
        found += [("missing", name) for name in self.missing]
        flags = {"empty": self.show_empty, "without": self.without_streams, "stale": self.only_stale, "dup": self.duplicates}
        found += [(name, "1") for name, is_on in flags.items() if is_on]
        return found + ([("sort", self.sort)] if self.sort != "number" else [])

    @property
    def query(self) -> str:
        return urlencode(self.pairs())


@dataclass(frozen=True)
class StreamFilter:
    """``accounts`` and ``groups`` empty = all. Names in the query differ from the left pane's, so one address holds both."""

    text: str = ""
    accounts: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    hide_mapped: bool = False

    @property
    def narrows(self) -> bool:
        """True when streams inside groups are left out, not just providers or groups."""
        return bool(self.text or self.hide_mapped)

    @property
    def is_active(self) -> bool:
        return bool(self.text or self.accounts or self.groups or self.hide_mapped)

    @classmethod
    def read(cls, values: QueryValues) -> "StreamFilter":
        return cls(
            text=_text(values, "sq"),
            accounts=_ids(values.getlist("provider")),
            groups=_ids(values.getlist("sgroup")),
            hide_mapped=_flag(values, "unmapped"),
        )

    def pairs(self) -> list[tuple[str, str]]:
        found = [("sq", self.text)] if self.text else []
        found += [("provider", str(pk)) for pk in self.accounts]
        found += [("sgroup", str(pk)) for pk in self.groups]
        return found + ([("unmapped", "1")] if self.hide_mapped else [])

    @property
    def query(self) -> str:
        return urlencode(self.pairs())


PANE_PARAMETERS = frozenset(
    {"q", "group", "empty", "missing", "without", "stale", "dup", "sort", "sq", "provider", "sgroup", "unmapped", "all"}
)
"""Names that make an address say what the panes show; any of them beats the saved preference."""


class SavedValues:
    """A stored query (pairs) that can be read like a request's."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        values: dict[str, list[str]] = {}
        for key, value in pairs:
            values.setdefault(key, []).append(value)
        self._values: Mapping[str, list[str]] = values

    def getlist(self, key: str) -> list[str]:
        return self._values.get(key, [])


def _text(values: QueryValues, key: str) -> str:
    return (values.getlist(key) or [""])[-1].replace("\x00", "").strip()[:LONGEST_SEARCH]


def _flag(values: QueryValues, key: str) -> bool:
    return (values.getlist(key) or [""])[-1] == "1"


def _one_of(values: QueryValues, key: str, choices: Mapping[str, str]) -> str:
    """What was asked for when it is one of ``choices``, else the first of them."""
    asked = (values.getlist(key) or [""])[-1]
    return asked if asked in choices else next(iter(choices))


def _ids(texts: Iterable[str]) -> tuple[int, ...]:
    """Numbers among ``texts`` in order, each once; anything else is somebody's typing error in an address."""
    return tuple(dict.fromkeys(int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19))
