"""Finds, for streams that are to become channels, the channel of the lineup that they belong to already.

Streams of one channel are told by the cleaned name (10 §10.3 step 3). Names alone lie, though: "Discovery" in a German and
in a British group are two channels. So across groups a name counts only when nothing speaks against it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from django.db.models import Count, Max

from channels_app.bulk_streams import IDS_AT_ONCE
from channels_app.chunks import chunked
from channels_app.models import Channel, ChannelGroup, ChannelStream
from channels_app.naming import CleanName, CleanOptions, clean, country_hint, without_own_number
from channels_app.numbering import LineupRow, format_number

LineupMark = tuple[int, int, datetime | None]
"""Count, highest id and last change of all channels: equal marks mean that nothing happened in between."""


@dataclass(slots=True)
class Likeness:
    """What tells channels of the same name apart. ``named``: countries that stand in the names themselves; ``countries``:
    those and what guide ids and groups hint at; ``accounts``: their providers."""

    named: set[str] = field(default_factory=set)
    countries: set[str] = field(default_factory=set)
    accounts: set[int] = field(default_factory=set)
    tvg_ids: set[str] = field(default_factory=set)

    def add(self, cleaned: CleanName, tvg_id: str, group_name: str) -> None:
        self.named |= {cleaned.country} - {""}
        self.countries |= {cleaned.country or country_hint("", tvg_id, group_name)} - {""}
        self.tvg_ids |= {tvg_id.strip().casefold()} - {""}

    def absorb(self, other: "Likeness") -> None:
        self.named |= other.named
        self.countries |= other.countries
        self.accounts |= other.accounts
        self.tvg_ids |= other.tvg_ids

    def fits(self, other: "Likeness") -> bool:
        """True when the countries allow two channels of the same name to be one.

        "US | ESPN" is "ESPN" only if something hints that the latter is from the US, too; two names without a country fit
        unless their hints contradict.
        """
        if self.named and other.named:
            return bool(self.named & other.named)
        if self.named or other.named:
            return bool(self.countries & other.countries)
        return not (self.countries and other.countries) or bool(self.countries & other.countries)

    def is_same_as(self, other: "Likeness") -> bool:
        """True when two channels of the same name in different groups are one and the same.

        Inside one provider the same name in two groups is two channels ("Game 1" of NFL and NBA), unless they share a
        guide id; another provider's channel of that name is the same.
        """
        if not self.fits(other):
            return False
        return bool(self.tvg_ids & other.tvg_ids) or not self.accounts & other.accounts


@dataclass(frozen=True, slots=True)
class LineupChannel:
    id: int
    name: str
    number: Decimal | None
    group_id: int | None
    tvg_id: str


@dataclass
class Lineup:
    """The lineup as bulk creation sees it. ``assigned``: for selected streams, the channels that hold them."""

    channels: list[LineupChannel]
    group_names: dict[int, str]
    assigned: dict[int, list[int]]
    mark: LineupMark
    accounts_of: Callable[[Sequence[int]], dict[int, set[int]]]
    counts_of: Callable[[Sequence[int]], dict[int, int]]

    @property
    def number_rows(self) -> list[LineupRow]:
        return [LineupRow(channel.id, channel.number, channel.group_id) for channel in self.channels]

    @property
    def highest(self) -> Decimal | None:
        return max((channel.number for channel in self.channels if channel.number is not None), default=None)

    def group_id(self, name: str) -> int | None:
        """The group of this name, whatever its case; None when there is none (or no name)."""
        return self._ids_by_name.get(name.strip().casefold())

    def __post_init__(self) -> None:
        self._ids_by_name = {name.strip().casefold(): pk for pk, name in sorted(self.group_names.items(), reverse=True)}
        self._ids_by_name.pop("", None)


def lineup_mark() -> LineupMark:
    """A cheap fingerprint of the whole lineup; one query."""
    found = Channel.objects.aggregate(count=Count("pk"), highest=Max("pk"), changed=Max("updated_at"))
    return found["count"], found["highest"] or 0, found["changed"]


def read_lineup(stream_ids: Sequence[int]) -> Lineup:
    """Read all channels, groups, and where the selected streams are used. Three queries and one per 5,000 streams."""
    mark = lineup_mark()
    rows = Channel.objects.order_by("pk").values_list("pk", "name", "number", "group_id", "tvg_id")
    channels = [LineupChannel(*row) for row in rows.iterator(20_000)]
    assigned: dict[int, list[int]] = {}
    for ids in chunked(stream_ids, IDS_AT_ONCE) if channels else ():
        links = ChannelStream.objects.filter(stream_id__in=ids).order_by("stream_id", "channel_id")
        for stream_id, channel_id in links.values_list("stream_id", "channel_id"):
            assigned.setdefault(stream_id, []).append(channel_id)
    return Lineup(channels, dict(ChannelGroup.objects.values_list("pk", "name")), assigned, mark, _accounts_of, _counts_of)


def _accounts_of(channel_ids: Sequence[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for ids in chunked(channel_ids, IDS_AT_ONCE):
        links = ChannelStream.objects.filter(channel_id__in=ids, stream__account__isnull=False).order_by()
        for channel_id, account_id in links.values_list("channel_id", "stream__account_id").distinct():
            if account_id is not None:
                found.setdefault(channel_id, set()).add(account_id)
    return found


def _counts_of(channel_ids: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for ids in chunked(channel_ids, IDS_AT_ONCE):
        links = ChannelStream.objects.filter(channel_id__in=ids).order_by().values_list("channel_id")
        found.update(links.annotate(count=Count("pk")))
    return found


class Candidate(Protocol):
    """Streams that are to become a channel."""

    key: str
    bare_key: str

    def ids(self) -> list[int]: ...

    def likeness(self) -> Likeness: ...


class ExistingChannels:
    """Looks up channels of the lineup by the bare key of a cleaned name (:attr:`naming.CleanName.bare_key`)."""

    def __init__(self, lineup: Lineup, options: CleanOptions, wanted_keys: Iterable[str]) -> None:
        self.lineup = lineup
        self.by_id = {channel.id: channel for channel in lineup.channels}
        self.by_key: dict[str, list[LineupChannel]] = {}
        self._cleaned: dict[int, CleanName] = {}
        wanted = set(wanted_keys)
        for channel in sorted(lineup.channels, key=_by_number):
            cleaned = _cleaned(channel, options)
            if cleaned.bare_key in wanted:
                self.by_key.setdefault(cleaned.bare_key, []).append(channel)
                self._cleaned[channel.id] = cleaned
        self._accounts = lineup.accounts_of(list(self._cleaned)) if self._cleaned else {}

    def find(self, wanted: "Candidate", target_group: str) -> LineupChannel | None:
        """The channel that these streams belong to.

        One of the same name in the target group; else one of the same name elsewhere, if nothing speaks against it and it
        is the only one; else one that holds one of the streams already.
        """
        likeness = wanted.likeness()
        named = [(channel, self.likeness(channel)) for channel in self.by_key.get(wanted.bare_key, ())]
        group_id = self.lineup.group_id(target_group)
        for channel, alike in named:
            in_target = channel.group_id == group_id and (group_id is not None or not target_group)
            if in_target and (self._cleaned[channel.id].key == wanted.key or alike.fits(likeness)):
                return channel
        same = [(channel, alike) for channel, alike in named if alike.is_same_as(likeness)]
        by_guide = [channel for channel, alike in same if alike.tvg_ids & likeness.tvg_ids]
        if by_guide or len(same) == 1:
            return by_guide[0] if by_guide else same[0][0]
        holders = {channel_id for stream_id in wanted.ids() for channel_id in self.lineup.assigned.get(stream_id, ())}
        return min((self.by_id[pk] for pk in holders if pk in self.by_id), key=_by_number, default=None)

    def likeness(self, channel: LineupChannel) -> Likeness:
        found = Likeness(accounts=self._accounts.get(channel.id, set()))
        found.add(self._cleaned[channel.id], channel.tvg_id, self.lineup.group_names.get(channel.group_id or 0, ""))
        return found


def _cleaned(channel: LineupChannel, options: CleanOptions) -> CleanName:
    number = format_number(channel.number)
    return clean(without_own_number(channel.name, number) if number else channel.name, options)


def _by_number(channel: LineupChannel) -> tuple[bool, Decimal, int]:
    return channel.number is None, channel.number or Decimal(0), channel.id
