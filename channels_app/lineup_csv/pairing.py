"""Finds, for each row, the channel that it is about (10 §20.2, "update by number, name or tvg_id")."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from channels_app.commands import FieldValue
from channels_app.lineup_csv.checking import CsvRow
from channels_app.lineup_csv.options import Key
from channels_app.numbering import format_number

_SET_FIELDS = ("name", "number", "tvg_id", "gracenote_id", "logo_url")


@dataclass(frozen=True)
class ChannelNow:
    """A channel as it is. ``group`` is the name of its group, "" for Uncategorized."""

    id: int
    values: dict[str, FieldValue]
    group: str
    stream_ids: tuple[int, ...] = ()
    auto_created: bool = False
    may_be_linked: bool = False
    """No guide entry, and nothing forbids to link one."""


@dataclass
class Pairs:
    """``found`` by line. ``unclear``: lines that fit several channels alike, with how many."""

    found: dict[int, ChannelNow]
    unclear: dict[int, int]


def pair_rows(rows: Sequence[CsvRow], channels: Iterable[ChannelNow], key: Key, *, inside_groups: bool) -> Pairs:
    """The channel of each row. Of several with the same key the one that agrees most in everything else is meant.

    Rows and channels that lack the key itself are compared by their names. ``inside_groups``: only channels of the row's
    own group count. No channel is found for two rows.
    """
    waiting: dict[tuple[str, ...], list[ChannelNow]] = defaultdict(list)
    for channel in channels:
        values = channel.values
        number = values.get("number")
        found = _key(key, str(values["name"]), number, str(values.get("tvg_id") or ""))
        waiting[(*found, channel.group.casefold() if inside_groups else "")].append(channel)
    buckets: dict[tuple[str, ...], list[CsvRow]] = defaultdict(list)
    for row in rows:
        found = _key(key, row.name, row.number, row.tvg_id)
        buckets[(*found, (row.group or "").casefold() if inside_groups else "")].append(row)
    pairs = Pairs({}, {})
    for bucket, members in buckets.items():
        if bucket in waiting:
            _pair(members, waiting[bucket], pairs)
    return pairs


def _pair(rows: list[CsvRow], channels: list[ChannelNow], pairs: Pairs) -> None:
    """First what agrees in everything, in order; then each row with what agrees best, if one channel does."""
    by_content: dict[tuple[object, ...], list[ChannelNow]] = defaultdict(list)
    left: list[CsvRow] = []
    free = {channel.id: channel for channel in channels}
    if len(channels) > 1:
        for channel in reversed(channels):
            by_content[_content(channel.values, channel.group, rows[0])].append(channel)
    for row in rows:
        same = by_content.get(_content(row.values, row.group or "", row))
        if same:
            pairs.found[row.line] = free.pop(same.pop().id)
        else:
            left.append(row)
    for row in left:
        if not free:
            return
        scores = {channel.id: _agreement(row, channel) for channel in free.values()}
        best = max(scores.values())
        candidates = [pk for pk, score in scores.items() if score == best]
        if len(candidates) == 1:
            pairs.found[row.line] = free.pop(candidates[0])
        else:
            pairs.unclear[row.line] = len(candidates)


def _content(values: dict[str, FieldValue], group: str, like: CsvRow) -> tuple[object, ...]:
    """What can be compared: the fields that the file has."""
    told = tuple(_comparable(values.get(name)) for name in _SET_FIELDS if name in like.values)
    return (*told, group.casefold() if like.group is not None else "")


def _agreement(row: CsvRow, channel: ChannelNow) -> int:
    score = sum(
        _comparable(row.values.get(name)) == _comparable(channel.values.get(name)) for name in ("name", "number", "tvg_id")
    )
    return score + (row.group is not None and row.group.casefold() == channel.group.casefold())


def _comparable(value: FieldValue) -> str:
    return format_number(value) if isinstance(value, Decimal) else str(value or "").strip().casefold()


def _key(key: Key, name: str, number: FieldValue, tvg_id: str) -> tuple[str, str]:
    if key is Key.NUMBER and isinstance(number, Decimal):
        return "number", format_number(number)
    if key is Key.TVG_ID and tvg_id.strip():
        return "tvg_id", tvg_id.strip().casefold()
    return ("name" if key is Key.NAME else f"without {key}"), name.strip().casefold()
