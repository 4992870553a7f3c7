"""The stream that players try first, for lists of channels."""

from collections.abc import Collection

from channels_app.models import ChannelStream
from epg_app.raw_sql import fetch_all, id_list
from m3u_app.models import Stream


def first_stream_urls(channel_ids: Collection[int]) -> dict[int, str]:
    """The address of each channel's first stream; channels without streams are left out. One query."""
    links, streams = ChannelStream._meta.db_table, Stream._meta.db_table
    rows = fetch_all(
        f"SELECT links.channel_id, streams.url, MIN(links.position) FROM {links} AS links"  # noqa: S608 - our own names
        f" JOIN {streams} AS streams ON streams.id = links.stream_id"
        " WHERE links.channel_id IN (SELECT value FROM json_each(%s)) GROUP BY links.channel_id",
        [id_list(channel_ids)],  # SQLite takes the address from the row that has the lowest position
    )
    return {row[0]: row[1] for row in rows}
