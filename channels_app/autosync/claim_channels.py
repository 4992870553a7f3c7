"""Finds the channel of each stream: the one made for it, or one that carries it otherwise (20 §4.3). Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from channels_app.autosync.choose_streams import SyncStream
from channels_app.autosync.values import ChannelNow


@dataclass
class Claims:
    """``by_stream``: the channel kept in step with a stream. ``covered``: streams that sit on such a channel as well."""

    by_stream: dict[int, ChannelNow] = field(default_factory=dict)
    covered: set[int] = field(default_factory=set)
    claimed: set[int] = field(default_factory=set)


def claim_channels(streams: Iterable[SyncStream], channels: Sequence[ChannelNow]) -> Claims:
    """Give each stream at most one channel, and each channel at most one stream.

    A stream that somebody added to another auto-created channel needs none of its own.
    """
    claims = Claims()
    wanted = [stream.id for stream in streams]
    made_for = {channel.synced_stream: channel for channel in reversed(channels) if channel.synced_stream and channel.streams}
    for stream_id in wanted:
        channel = made_for.get(stream_id)
        if channel is not None:
            claims.by_stream[stream_id] = channel
            claims.claimed.add(channel.id)
    carriers: dict[int, ChannelNow] = {}
    covered: set[int] = set()
    for channel in channels:
        for stream in channel.streams:
            if channel.id in claims.claimed:
                covered.add(stream.id)
            else:
                carriers.setdefault(stream.id, channel)
    for stream_id in wanted:
        channel = carriers.get(stream_id)
        if stream_id in claims.by_stream or stream_id in covered or channel is None:
            continue
        if channel.id in claims.claimed:
            covered.add(stream_id)  # an earlier stream has this channel, and this one sits on it too
        else:
            claims.by_stream[stream_id] = channel
            claims.claimed.add(channel.id)
    claims.covered = covered - claims.by_stream.keys()
    return claims
