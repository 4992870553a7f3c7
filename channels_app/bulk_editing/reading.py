"""What planning a bulk edit reads: the channels as plain values, logos of their streams, who is in which profile.

A fixed number of queries, however many channels there are.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from django.db.models.expressions import RawSQL

from channels_app.channel_fields import FIELDS
from channels_app.channel_from_stream import usable_logo
from channels_app.commands import FieldValue
from channels_app.models import Channel, ChannelStream, ProfileMembership
from channels_app.numbering import plain
from epg_app.raw_sql import fetch_all, id_list
from m3u_app.models import Stream

Values = dict[str, FieldValue]


def read_channels(channel_ids: Sequence[int]) -> dict[int, Values]:
    """All fields of the channels that exist, in the order of ``channel_ids``."""
    rows = Channel.objects.filter(pk__in=_these(channel_ids)).values_list("pk", *FIELDS)
    found = {row[0]: dict(zip(FIELDS, row[1:], strict=True)) for row in rows}
    return {pk: found[pk] for pk in dict.fromkeys(channel_ids) if pk in found}


def first_logos(channel_ids: Sequence[int]) -> dict[int, str]:
    """For each channel the logo of its first stream that has a usable one."""
    links, streams = ChannelStream._meta.db_table, Stream._meta.db_table
    rows = fetch_all(
        f"SELECT links.channel_id, streams.logo_url, MIN(links.position) FROM {links} AS links"  # noqa: S608 - our own names
        f" JOIN {streams} AS streams ON streams.id = links.stream_id"
        " WHERE links.channel_id IN (SELECT value FROM json_each(%s))"
        " AND (streams.logo_url LIKE 'http://%%' OR streams.logo_url LIKE 'https://%%')"
        " GROUP BY links.channel_id",  # SQLite takes the address from the row that has the lowest position
        [id_list(channel_ids)],
    )
    logos = ((row[0], usable_logo(row[1])) for row in rows)
    return {channel_id: logo for channel_id, logo in logos if logo}


def members(profile_ids: Collection[int], channel_ids: Sequence[int]) -> set[tuple[int, int]]:
    """(profile, channel) pairs that are enabled now."""
    found = ProfileMembership.objects.filter(profile_id__in=profile_ids, channel_id__in=_these(channel_ids))
    return set(found.values_list("profile_id", "channel_id"))


def holders(numbers: Collection[Decimal], without: Collection[int]) -> dict[Decimal, list[int]]:
    """Other channels that have one of ``numbers``."""
    found: dict[Decimal, list[int]] = {}
    for pk, number in Channel.objects.filter(number__isnull=False).order_by("pk").values_list("pk", "number"):
        if number is not None and pk not in without and (key := plain(number)) in numbers:
            found.setdefault(key, []).append(pk)
    return found


def names_of(channel_ids: Iterable[int]) -> dict[int, str]:
    return dict(Channel.objects.filter(pk__in=_these(list(channel_ids))).values_list("pk", "name"))


def _these(channel_ids: Sequence[int]) -> RawSQL:
    """Any number of ids as one query value."""
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(channel_ids))])
