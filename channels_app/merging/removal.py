"""Removes channels that were merged away."""

from collections.abc import Sequence

from channels_app.chunks import chunked
from channels_app.models import Channel, ChannelStream, ProfileMembership


def remove_channels(channel_ids: Sequence[int]) -> None:
    """Delete channels with their streams and memberships. Call inside the transaction that completed their target."""
    for ids in chunked(channel_ids):
        ChannelStream.objects.filter(channel_id__in=ids).delete()
        ProfileMembership.objects.filter(channel_id__in=ids).delete()
        Channel.objects.filter(pk__in=ids).delete()
