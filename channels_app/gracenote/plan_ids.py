"""What fetching Gracenote ids for some channels would do: found, not found, no TVG-ID, already set (10 §18)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from channels_app.models import Channel, ChannelStream
from channels_app.numbering import format_number, natural_key
from ecm_site.many_ids import among
from epg_app.find_station_ids import Asked, StationIdHit, find_station_ids


class IdRow(NamedTuple):
    """One channel. ``found`` is the id that guide or stream know, from ``source``; ``reason`` says why there is none. A tuple:
    there are tens of thousands at once."""

    channel_id: int
    name: str
    channel_number: Decimal | None
    tvg_id: str
    current: str
    found: str = ""
    source: str = ""
    reason: str = ""

    @property
    def number(self) -> str:
        """As operators read it."""
        return format_number(self.channel_number)

    @property
    def is_conflict(self) -> bool:
        """The channel has another id already."""
        return bool(self.current and self.found and self.current != self.found)


_NO_HIT = StationIdHit()


@dataclass
class IdPlan:
    """Every channel of the selection is in exactly one of the lists; ``found`` holds conflicts too."""

    found: list[IdRow] = field(default_factory=list)
    not_found: list[IdRow] = field(default_factory=list)
    no_tvg_id: list[IdRow] = field(default_factory=list)
    already_set: list[IdRow] = field(default_factory=list)

    @property
    def new(self) -> list[IdRow]:
        return [row for row in self.found if not row.is_conflict]

    @property
    def conflicts(self) -> list[IdRow]:
        return [row for row in self.found if row.is_conflict]

    @property
    def mark(self) -> str:
        """A fingerprint of what is shown, so that nothing else is carried out."""
        digest = hashlib.sha256()
        for row in self.found:
            digest.update(repr((row.channel_id, row.current, row.found)).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:16]


def plan_ids(channel_ids: Sequence[int]) -> IdPlan:
    """Look the ids up. A fixed number of queries; each distinct TVG-ID is asked for once."""
    channels = _channels(channel_ids)
    hits = find_station_ids(channel.asked for channel in channels if channel.asked[0])
    missing = [channel.pk for channel in channels if not hits.get(channel.asked, _NO_HIT).station_id]
    from_streams = stream_station_ids(missing)
    plan = IdPlan()
    for channel in sorted(channels, key=lambda item: (natural_key(item.name), item.pk)):
        _sort_in(plan, channel, hits.get(channel.asked, _NO_HIT), from_streams.get(channel.pk, ""))
    return plan


def look_up(tvg_id: str, *, source_id: int | None = None, channel_id: int | None = None) -> StationIdHit:
    """The id for one channel that is being edited (10 §7.2): by guide, else by a stream on it."""
    hit = find_station_ids([(tvg_id, source_id)])[tvg_id, source_id]
    if hit.station_id or channel_id is None:
        return hit
    own = stream_station_ids([channel_id]).get(channel_id, "")
    return StationIdHit(own, source_name="a stream of this channel") if own else hit


def stream_station_ids(channel_ids: Sequence[int]) -> dict[int, str]:
    """What playlists said about the streams of channels (``tvc-guide-stationid``); the first stream that says it wins."""
    found: dict[int, str] = {}
    links = ChannelStream.objects.filter(channel_id__in=among(channel_ids)).exclude(stream__station_id="")
    for channel_id, station_id in links.order_by("position", "id").values_list("channel_id", "stream__station_id"):
        found.setdefault(channel_id, station_id)
    return found


class _Channel(NamedTuple):
    """``asked``: the channel's TVG-ID, else that of its guide entry, and the source of that entry (10 §18)."""

    pk: int
    name: str
    number: Decimal | None
    gracenote_id: str
    asked: Asked


def _channels(ids: Sequence[int]) -> list[_Channel]:
    fields = ("pk", "name", "number", "gracenote_id", "tvg_id", "guide_entry__tvg_id", "guide_entry__source_id")
    rows = Channel.objects.filter(pk__in=among(ids)).order_by().values_list(*fields)
    return [
        _Channel(pk, name, number, gracenote_id, (own.strip() or entry_id or "", source_id))
        for pk, name, number, gracenote_id, own, entry_id, source_id in rows
    ]


def _sort_in(plan: IdPlan, channel: _Channel, hit: StationIdHit, from_stream: str) -> None:
    tvg_id, _ = channel.asked
    station_id, source = hit.station_id, hit.source_name
    if not station_id and from_stream:
        station_id, source = from_stream, "playlist"
    reason = "" if station_id else hit.reason
    row = IdRow(channel.pk, channel.name, channel.number, tvg_id, channel.gracenote_id, station_id, source, reason)
    if station_id and station_id != channel.gracenote_id:
        plan.found.append(row)
    elif channel.gracenote_id:
        plan.already_set.append(row)
    elif not tvg_id:
        plan.no_tvg_id.append(row)
    else:
        plan.not_found.append(row)
