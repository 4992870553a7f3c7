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
HIDE_CHOICES = {
    "new": "Newly created, still empty",
    "provider": "Linked to a provider",
    "manual": "Made by hand",
    "auto": "Auto-Sync",
}
"""Kinds of groups that can be left out (10 §4)."""
COLUMN_CHOICES = {"now": "Now airing", "logo": "Logos", "guide": "Guide marks"}
"""Parts of rows that can be switched off."""
EXTRA_CHOICES = {
    "tvg_id": "TVG-ID",
    "guide_name": "Guide entry",
    "gracenote": "Gracenote id",
    "url": "Address of the first stream",
}
"""Parts of rows that can be switched on."""
STREAM_SORT_CHOICES = {"name": "Name", "-name": "Name, Z to A", "quality": "Best quality first", "new": "Newest first"}
"""Orders inside stream groups; quality is what the name says."""
LONGEST_SEARCH = 200  # characters of a search that are looked at


class QueryValues(Protocol):
    """A ``QueryDict``, or anything else that can hold several values under one name."""

    def getlist(self, key: str) -> list[str]: ...


@dataclass(frozen=True)
class ChannelFilter:
    """``groups`` empty = all groups. ``missing`` are keys of :data:`MISSING_CHOICES`, combined with OR.

    ``groups_until`` is the newest group that was there when ``groups`` were picked: later ones are shown too (10 §4), except
    with 0. ``hide`` are keys of :data:`HIDE_CHOICES`. ``stream`` leaves only the channels that this stream is on.
    ``sort`` (a key of :data:`SORT_CHOICES`), ``columns_off`` (of :data:`COLUMN_CHOICES`) and ``columns_on`` (of
    :data:`EXTRA_CHOICES`) leave nothing out, but belong to what the pane is asked to show.
    """

    text: str = ""
    groups: tuple[int, ...] = ()
    show_empty: bool = False
    missing: tuple[str, ...] = ()
    without_streams: bool = False
    only_stale: bool = False
    duplicates: bool = False
    sort: str = "number"
    groups_until: int = 0
    hide: tuple[str, ...] = ()
    stream: int = 0
    columns_off: tuple[str, ...] = ()
    columns_on: tuple[str, ...] = ()

    @property
    def narrows(self) -> bool:
        """True when channels inside groups are left out, not just groups."""
        flags = (self.missing, self.without_streams, self.only_stale, self.duplicates, self.stream)
        return bool(self.text) or any(flags)

    @property
    def is_active(self) -> bool:
        return self.narrows or bool(self.groups) or bool(self.hide) or self.show_empty

    def shows_group(self, group_id: int) -> bool:
        """Whether the group picker leaves this group in sight."""
        return not self.groups or group_id in self.groups or bool(0 < self.groups_until < group_id)

    def shows_column(self, name: str) -> bool:
        return name in self.columns_on if name in EXTRA_CHOICES else name not in self.columns_off

    @property
    def option_count(self) -> int:
        """How many choices behind the filter button are on; the search box is not one of them."""
        flags = (self.without_streams, self.only_stale, self.duplicates, self.show_empty)
        return (
            len(self.missing)
            + len(self.hide)
            + len(self.columns_off)
            + len(self.columns_on)
            + (self.sort != "number")
            + sum(flags)
        )

    @classmethod
    def read(cls, values: QueryValues) -> "ChannelFilter":
        return cls(
            text=_text(values, "q"),
            groups=_ids(values.getlist("group")),
            show_empty=_flag(values, "empty"),
            missing=_some_of(values, "missing", MISSING_CHOICES),
            without_streams=_flag(values, "without"),
            only_stale=_flag(values, "stale"),
            duplicates=_flag(values, "dup"),
            sort=_one_of(values, "sort", SORT_CHOICES),
            groups_until=next(iter(_ids(values.getlist("upto"))), 0),
            hide=_some_of(values, "hide", HIDE_CHOICES),
            stream=next(iter(_ids(values.getlist("on"))), 0),
            columns_off=_some_of(values, "off", COLUMN_CHOICES),
            columns_on=_some_of(values, "with", EXTRA_CHOICES),
        )

    def pairs(self) -> list[tuple[str, str]]:
        """The query string that :meth:`read` turns into this value again, as pairs."""
        found = [("q", self.text)] if self.text else []
        found += [("group", str(pk)) for pk in self.groups]
        if self.groups and self.groups_until:
            found.append(("upto", str(self.groups_until)))
        found += [("missing", name) for name in self.missing]
        found += [("hide", name) for name in self.hide]
        found += [("off", name) for name in self.columns_off]
        found += [("with", name) for name in self.columns_on]
        if self.stream:
            found.append(("on", str(self.stream)))
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
    sort: str = "name"

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
            sort=_one_of(values, "ssort", STREAM_SORT_CHOICES),
        )

    def pairs(self) -> list[tuple[str, str]]:
        found = [("sq", self.text)] if self.text else []
        found += [("provider", str(pk)) for pk in self.accounts]
        found += [("sgroup", str(pk)) for pk in self.groups]
        found += [("unmapped", "1")] if self.hide_mapped else []
        return found + ([("ssort", self.sort)] if self.sort != "name" else [])

    @property
    def query(self) -> str:
        return urlencode(self.pairs())


PANE_PARAMETERS = frozenset(
    {
        *("q", "group", "empty", "missing", "without", "stale", "dup", "sort", "upto", "hide", "on", "off", "with", "view"),
        *("sq", "provider", "sgroup", "unmapped", "ssort", "all"),
    }
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


def _some_of(values: QueryValues, key: str, choices: Mapping[str, str]) -> tuple[str, ...]:
    """Those of ``choices`` that were asked for, in their own order."""
    asked = set(values.getlist(key))
    return tuple(name for name in choices if name in asked)


def _one_of(values: QueryValues, key: str, choices: Mapping[str, str]) -> str:
    """What was asked for when it is one of ``choices``, else the first of them."""
    asked = (values.getlist(key) or [""])[-1]
    return asked if asked in choices else next(iter(choices))


def _ids(texts: Iterable[str]) -> tuple[int, ...]:
    """Numbers among ``texts`` in order, each once; anything else is somebody's typing error in an address."""
    return tuple(dict.fromkeys(int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19))
