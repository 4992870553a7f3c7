"""Finds channels that mean the same station (10 §15.1), in a lineup of any size with a handful of queries."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Count, F, Value

from channels_app.chunks import chunked
from channels_app.models import Channel, ChannelGroup, ChannelStream
from channels_app.naming.normalizing import match_keys
from channels_app.normalize_rules import current_rules
from channels_app.numbering import format_number, natural_key

_UNNUMBERED = Decimal("Infinity")
_BEGINNINGS = "-0123456789"
_ASKED_BY_ID = 500


class MatchBy(StrEnum):
    """What makes two channels duplicates."""

    NAME = "name"
    TVG_ID = "tvg_id"
    GRACENOTE = "gracenote"
    STREAMS = "streams"


@dataclass(frozen=True)
class Scope:
    """Where to look: everywhere, only among ``channel_ids``, or only in the group ``group_id`` (0 = Uncategorized)."""

    channel_ids: Collection[int] | None = None
    group_id: int | None = None


@dataclass(frozen=True)
class Duplicate:
    """One channel of a group of duplicates. ``number`` is as people read it, "" for none."""

    channel_id: int
    name: str
    number: str
    group_id: int | None
    group: str
    streams: int


@dataclass(frozen=True)
class DuplicateGroup:
    """Two or more channels of one station, the one with most streams first. ``key`` is what they have in common."""

    key: str
    channels: tuple[Duplicate, ...]

    @property
    def group_key(self) -> int:
        """Identifies the group while the lineup stays as it is: the lowest id in it."""
        return min(channel.channel_id for channel in self.channels)

    @property
    def proposed_keep(self) -> int:
        return self.channels[0].channel_id

    @property
    def streams(self) -> int:
        return sum(channel.streams for channel in self.channels)


class _Row(NamedTuple):
    """``value`` is what is compared, "" where that is the name."""

    pk: int
    name: str
    group_id: int | None
    value: str


def find_duplicates(match_by: MatchBy = MatchBy.NAME, scope: Scope | None = None) -> list[DuplicateGroup]:
    """Groups of two and more, largest first. Names are compared without number in front, case and what is normalized away.

    Five queries, however many channels there are, one more for every 500 of a selection.
    """
    rows = _rows(scope or Scope(), match_by)
    if match_by is MatchBy.STREAMS:
        keyed = _by_shared_streams(row.pk for row in rows)
    elif match_by is MatchBy.NAME:
        keyed = _by_names(rows)
    else:
        keyed = {row.pk: row.value.strip().casefold() for row in rows}
    together: dict[str, list[_Row]] = {}
    for row in rows:
        key = keyed.get(row.pk, "")
        if key:
            together.setdefault(key, []).append(row)
    groups = {key: members for key, members in together.items() if len(members) > 1}
    return _described(groups)


def _rows(scope: Scope, match_by: MatchBy) -> list[_Row]:
    """Channels of the scope."""
    value = {MatchBy.TVG_ID: F("tvg_id"), MatchBy.GRACENOTE: F("gracenote_id")}.get(match_by, Value(""))
    columns = ("pk", "name", "group_id", value)
    channels = Channel.objects.order_by()
    if scope.group_id is not None:
        channels = channels.filter(group_id=scope.group_id or None)
    if scope.channel_ids is None:
        portions = [channels]
    else:
        portions = [channels.filter(pk__in=ids) for ids in chunked(list(scope.channel_ids))]
    return [_Row._make(row) for portion in portions for row in portion.values_list(*columns)]


def _by_names(rows: Sequence[_Row]) -> dict[int, str]:
    """What is left of each name. The own number matters only to a name that begins with one."""
    rules = current_rules()
    numbers = _numbers([row.pk for row in rows if row.name.lstrip()[:1] in _BEGINNINGS])
    key_of = match_keys(rules)
    return {row.pk: key_of(row.name, format_number(numbers[row.pk]) if row.pk in numbers else "") for row in rows}


def _numbers(channel_ids: Sequence[int]) -> dict[int, Decimal | None]:
    """One query; of many channels it reads all, which is quicker than asking for thousands of ids."""
    if not channel_ids:
        return {}
    channels = Channel.objects.order_by()
    if len(channel_ids) <= _ASKED_BY_ID:
        channels = channels.filter(pk__in=channel_ids)
    return dict(channels.values_list("pk", "number"))


def _by_shared_streams(channel_ids: Iterable[int]) -> dict[int, str]:
    """Channels that hang together by streams that are on more than one of them, each with the key of its cluster."""
    inside = set(channel_ids)
    shared = ChannelStream.objects.order_by().values("stream_id").annotate(on=Count("pk")).filter(on__gt=1).values("stream_id")
    links = ChannelStream.objects.filter(stream_id__in=shared).order_by("stream_id").values_list("stream_id", "channel_id")
    parent: dict[int, int] = {}

    def root(pk: int) -> int:
        while parent.setdefault(pk, pk) != pk:
            parent[pk] = parent[parent[pk]]
            pk = parent[pk]
        return pk

    holders: dict[int, int] = {}
    for stream_id, channel_id in links:
        if channel_id in inside:
            first = holders.setdefault(stream_id, channel_id)
            parent[root(channel_id)] = root(first)
    return {pk: f"streams of {root(pk)}" for pk in list(parent)}


def _described(groups: dict[str, list[_Row]]) -> list[DuplicateGroup]:
    ids = [row.pk for members in groups.values() for row in members]
    counts, numbers = _stream_counts(ids), _numbers(ids)
    names = dict(ChannelGroup.objects.values_list("pk", "name")) if ids else {}
    found = []
    for key, members in groups.items():
        members.sort(key=lambda row: (-counts.get(row.pk, 0), _sortable(numbers.get(row.pk)), row.pk))
        channels = tuple(
            Duplicate(
                row.pk,
                row.name,
                format_number(numbers.get(row.pk)),
                row.group_id,
                names.get(row.group_id, "") if row.group_id else "",
                counts.get(row.pk, 0),
            )
            for row in members
        )
        found.append(DuplicateGroup(key, channels))
    found.sort(key=lambda group: (-len(group.channels), natural_key(group.channels[0].name), group.group_key))
    return found


def _sortable(number: Decimal | None) -> Decimal:
    return _UNNUMBERED if number is None else number


def _stream_counts(channel_ids: Sequence[int]) -> dict[int, int]:
    """Streams on channels: one query over all of them, which is quicker than asking for thousands of ids."""
    if not channel_ids:
        return {}
    links = ChannelStream.objects.order_by()
    if len(channel_ids) <= _ASKED_BY_ID:
        links = links.filter(channel_id__in=channel_ids)
    return dict(links.values_list("channel_id").annotate(Count("pk")))
