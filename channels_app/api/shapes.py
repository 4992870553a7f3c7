"""Channels and streams as programs know them: our names on one side, theirs on the other, and nowhere else (10 §21.2)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from channels_app.models import Channel, Logo
from channels_app.numbering import plain
from channels_app.write_streams import streams_of
from ecm_site.masking import mask_text
from m3u_app.models import Stream
from tasks_app.api_shapes import moment

INSIDE = {
    "name": "name",
    "channel_number": "number",
    "channel_group_id": "group_id",
    "tvg_id": "tvg_id",
    "tvc_guide_stationid": "gracenote_id",
    "epg_data_id": "guide_entry_id",
    "stream_profile_id": "stream_profile_id",
    "logo_url": "logo_url",
    "is_hidden": "is_hidden",
    "epg_locked": "epg_locked",
    "no_epg": "no_epg",
}
"""Their name of a channel's field → ours."""

OUTSIDE = {inside: outside for outside, inside in INSIDE.items()} | {"start": "starting_number"}
"""Ours → theirs, for sentences of use cases about a field."""


def number_shape(number: Decimal | None) -> int | float | None:
    """A channel number as JSON has numbers: 101, 4.1. Eight digits and four decimals survive this exactly."""
    if number is None:
        return None
    value = plain(number)
    return int(value) if value == value.to_integral_value() else float(value)


def channel_shapes(channels: Sequence[Channel]) -> list[dict[str, Any]]:
    """Channels whose group and account are at hand. Two queries for every 500 channels."""
    streams = streams_of([channel.pk for channel in channels])
    addresses = {channel.logo_url for channel in channels if channel.logo_url}
    logos = dict(Logo.objects.filter(url__in=addresses).values_list("url", "pk")) if addresses else {}
    return [
        {
            "id": channel.pk,
            "uuid": str(channel.uuid),
            "name": channel.name,
            "channel_number": number_shape(channel.number),
            "channel_group_id": channel.group_id,
            "channel_group": channel.group.name if channel.group else None,
            "tvg_id": channel.tvg_id or None,
            "tvc_guide_stationid": channel.gracenote_id or None,
            "epg_data_id": channel.guide_entry_id,
            "stream_profile_id": channel.stream_profile_id,
            "logo_id": logos.get(channel.logo_url),
            "logo_url": channel.logo_url or None,
            "streams": streams.get(channel.pk, []),
            "is_hidden": channel.is_hidden,
            "epg_locked": channel.epg_locked,
            "no_epg": channel.no_epg,
            "auto_created": channel.auto_created,
            "auto_created_by": channel.auto_created_by_id,
            "auto_created_by_name": channel.auto_created_by.name if channel.auto_created_by else None,
            "created_at": moment(channel.created_at),
            "updated_at": moment(channel.updated_at),
        }
        for channel in channels
    ]


def stream_shape(stream: Stream) -> dict[str, Any]:
    """A stream whose account and group are at hand. Addresses carry logins, so those are masked."""
    return {
        "id": stream.pk,
        "name": stream.name,
        "url": mask_text(stream.url),
        "m3u_account": stream.account_id,
        "m3u_account_name": stream.account.name if stream.account else None,
        "channel_group": stream.group_id,
        "channel_group_name": stream.group.name if stream.group else None,
        "tvg_id": stream.tvg_id or None,
        "tvc_guide_stationid": stream.station_id or None,
        "stream_chno": number_shape(stream.stream_chno),
        "logo_url": mask_text(stream.logo_url) or None,
        "is_custom": stream.is_custom,
        "is_stale": stream.is_stale,
        "first_seen": moment(stream.first_seen),
        "updated_at": moment(stream.updated_at),
    }
