"""A channel as one plain value: everything needed to show it in the journal and to bring it back exactly as it was."""

from collections.abc import Sequence
from typing import Any

from channels_app.channel_fields import FIELDS, to_journal
from channels_app.chunks import chunked
from channels_app.models import Channel, ChannelStream, ProfileMembership

Snapshot = dict[str, Any]
"""Keys: those of :data:`channel_fields.FIELDS`, "group", "guide_entry" and "stream_profile" (names, for people), "uuid",
"auto_created", "auto_created_by_id", "synced_stream", "synced_group", "pinned_fields", "created_at", "streams": ids in
order, and
"profile_ids": the channel profiles in which it is enabled."""


def channel_snapshots(channel_ids: Sequence[int]) -> dict[int, Snapshot]:
    """Snapshots of the channels that exist, by id. The number of queries grows only with every 500 channels."""
    found: dict[int, Snapshot] = {}
    for ids in chunked(channel_ids):
        streams: dict[int, list[int]] = {}
        links = ChannelStream.objects.filter(channel_id__in=ids).order_by("channel_id", "position", "id")
        for channel_id, stream_id in links.values_list("channel_id", "stream_id"):
            streams.setdefault(channel_id, []).append(stream_id)
        profiles: dict[int, list[int]] = {}
        memberships = ProfileMembership.objects.filter(channel_id__in=ids).order_by("profile_id")
        for channel_id, profile_id in memberships.values_list("channel_id", "profile_id"):
            profiles.setdefault(channel_id, []).append(profile_id)
        for channel in Channel.objects.filter(pk__in=ids).select_related("group", "guide_entry", "stream_profile"):
            found[channel.pk] = snapshot_of(channel, streams.get(channel.pk, []), profiles.get(channel.pk, ()))
    return found


def snapshot_of(channel: Channel, stream_ids: Sequence[int], profile_ids: Sequence[int] = ()) -> Snapshot:
    """The snapshot of one channel whose group, guide entry, streams and profiles are at hand."""
    values: Snapshot = {name: to_journal(name, getattr(channel, name)) for name in FIELDS}
    values["group"] = channel.group.name if channel.group else None
    values["guide_entry"] = str(channel.guide_entry) if channel.guide_entry else None
    values["stream_profile"] = channel.stream_profile.name if channel.stream_profile else None
    values["uuid"] = str(channel.uuid)
    values["auto_created"] = channel.auto_created
    values["auto_created_by_id"] = channel.auto_created_by_id
    values["synced_stream"] = channel.synced_stream
    values["synced_group"] = channel.synced_group
    values["pinned_fields"] = channel.pinned_fields
    values["created_at"] = channel.created_at.isoformat()
    values["streams"] = list(stream_ids)
    values["profile_ids"] = list(profile_ids)
    return values
