"""Reads the lineup for publishing: one light row per channel, with what its first stream brings along."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from channels_app.models import Channel, ChannelProfile, ChannelStream, ProfileMembership
from channels_app.numbering import format_number
from epg_app.raw_sql import fetch_all, id_list

# Attributes that name the provider's own channel under another key; the lineup decides about these.
_OVERRIDDEN = frozenset(
    {"tvg-id", "tvg-name", "tvg-logo", "tvg-chno", "tvc-guide-stationid", "group-title"}
    | {"channel-id", "channel-number", "ch-number", "logo", "radio"}
)


class LineupChannel(NamedTuple):
    """A channel as it is published. Kept as one JSON list per line in a generation."""

    id: int
    uuid: str
    name: str
    number: str  # "5", "5.1" or empty
    group: str  # empty = none
    tvg_id: str
    station_id: str
    logo_url: str
    entry_id: int  # guide entry, 0 = none
    stream_url: str
    is_radio: bool
    catchup_days: int
    attributes: dict[str, str]
    headers: dict[str, str]
    vlc_opts: list[str]
    kodi_props: list[str]


class ChannelNote(NamedTuple):
    """A channel in a list of things worth knowing."""

    id: int
    name: str
    number: str


@dataclass
class Lineup:
    """``channels`` in published order: by number, unnumbered last, then by name."""

    channels: list[LineupChannel]
    without_stream: list[ChannelNote] = field(default_factory=list)
    only_stale: list[ChannelNote] = field(default_factory=list)
    hidden: int = 0


def stream_rank(*, usable: bool, stale: bool, position: int, link_id: int) -> tuple[bool, bool, int, int]:
    """Sort key that puts the stream to play first: of an active account, in the last playlist, then the operator's order."""
    return (not usable, stale, position, link_id)


def read_lineup() -> Lineup:
    """Read all visible channels; four queries, however many there are."""
    firsts = _first_streams()
    streams = _streams({stream_id for stream_id, _rank in firsts.values()})
    lineup = Lineup(channels=[], hidden=Channel.objects.filter(is_hidden=True).count())
    rows = Channel.objects.filter(is_hidden=False).values_list(
        "id", "uuid", "name", "number", "group__name", "tvg_id", "gracenote_id", "logo_url", "guide_entry_id", "no_epg"
    )
    found = []
    for channel_id, uuid, name, number, group, tvg_id, station_id, logo_url, entry_id, no_epg in rows:
        text = format_number(number)
        note = ChannelNote(channel_id, name, text)
        first = firsts.get(channel_id)
        if first is None or first[0] not in streams:
            lineup.without_stream.append(note)
            continue
        if first[1][0] or first[1][1]:
            lineup.only_stale.append(note)
        channel = LineupChannel(
            id=channel_id,
            uuid=str(uuid),
            name=name,
            number=text,
            group=group or "",
            tvg_id=tvg_id,
            station_id=station_id,
            logo_url=logo_url,
            entry_id=0 if no_epg else entry_id or 0,
            **streams[first[0]],
        )
        found.append(((number is None, number or 0, name.casefold(), channel_id), channel))
    lineup.channels = [channel for _key, channel in sorted(found, key=lambda item: item[0])]
    return lineup


def read_profiles() -> dict[str, list[int]]:
    """Channels of each channel profile by its name in lower case; two queries. A profile without channels is there, too."""
    names = {pk: name.casefold() for pk, name in ChannelProfile.objects.values_list("pk", "name")}
    members: dict[str, list[int]] = {name: [] for name in names.values()}
    for profile_id, channel_id in ProfileMembership.objects.order_by().values_list("profile_id", "channel_id"):
        if profile_id in names:
            members[names[profile_id]].append(channel_id)
    return members


def _first_streams() -> dict[int, tuple[int, tuple[bool, bool, int, int]]]:
    firsts: dict[int, tuple[int, tuple[bool, bool, int, int]]] = {}
    links = ChannelStream.objects.filter(channel__is_hidden=False).order_by()
    rows = links.values_list(
        "channel_id", "stream_id", "position", "id", "stream__is_stale", "stream__account_id", "stream__account__is_active"
    )
    for channel_id, stream_id, position, link_id, stale, account_id, active in rows:
        rank = stream_rank(usable=account_id is None or bool(active), stale=stale, position=position, link_id=link_id)
        known = firsts.get(channel_id)
        if known is None or rank < known[1]:
            firsts[channel_id] = (stream_id, rank)
    return firsts


def _streams(ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    rows = fetch_all(
        "SELECT id, url, is_radio, is_catchup, catchup_days, extras FROM m3u_app_stream"
        " WHERE id IN (SELECT value FROM json_each(%s))",
        [id_list(ids)],
    )
    return {
        stream_id: {
            "stream_url": url,
            "is_radio": bool(is_radio),
            "catchup_days": catchup_days if is_catchup else 0,
            **pass_through(extras),
        }
        for stream_id, url, is_radio, is_catchup, catchup_days, extras in rows
        if url
    }


def pass_through(extras: str | dict[str, Any] | None) -> dict[str, Any]:
    """What goes out again of ``Stream.extras`` (JSON text or dict), in the shape of :class:`LineupChannel`."""
    stored = json.loads(extras) if isinstance(extras, str) else extras
    known: dict[str, Any] = stored if isinstance(stored, dict) else {}
    attributes = _texts(known.get("attributes"))
    return {
        "attributes": {key: value for key, value in attributes.items() if key.lower() not in _OVERRIDDEN},
        "headers": _texts(known.get("headers")),
        "vlc_opts": [str(option) for option in known.get("vlc_opts") or ()],
        "kodi_props": [str(option) for option in known.get("kodi_props") or ()],
    }


def _texts(values: object) -> dict[str, str]:
    return {str(key): str(value) for key, value in values.items()} if isinstance(values, dict) else {}
