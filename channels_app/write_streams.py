"""Stores new stream lists of many channels with their journal entries, in short transactions and a fixed number of
statements per portion. The single channel's way is :mod:`arrange_streams`."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from channels_app.arrange_streams import stream_action
from channels_app.bulk_rows import insert_streams
from channels_app.chunks import chunked, chunked_writes
from channels_app.journal_channels import streams_entry
from channels_app.lineup_changed import lineup_changed
from channels_app.models import Channel, ChannelStream
from channels_app.update_rows import update_rows
from channels_app.write_changes import Written
from ecm_site.wording import shortened
from m3u_app.models import Stream
from tasks_app import journal

logger = logging.getLogger(__name__)

PORTION = 200  # channels a transaction


@dataclass(frozen=True)
class StreamsChange:
    """``before`` is what the change starts from: a channel whose streams are others by then is passed over."""

    channel_id: int
    before: tuple[int, ...]
    after: tuple[int, ...]


def write_streams(changes: Sequence[StreamsChange], *, batch_id: str = "") -> Written:
    """Store the lists. Streams that no longer exist are left out; what was changed meanwhile by others is passed over."""
    written = Written()
    for portion in chunked_writes(changes, PORTION):
        with transaction.atomic():
            _write(portion, batch_id, written)
    if written.passed_over:
        logger.info("[CHANNELS] Streams of %s channels were changed meanwhile and left alone", len(written.passed_over))
    return written


def streams_of(channel_ids: Sequence[int]) -> dict[int, list[int]]:
    """Stream ids in order, by channel; channels without streams are missing. One query for every 500 channels."""
    found: dict[int, list[int]] = {}
    for ids in chunked(channel_ids):
        links = ChannelStream.objects.filter(channel_id__in=ids).order_by("channel_id", "position", "id")
        for channel_id, stream_id in links.values_list("channel_id", "stream_id"):
            found.setdefault(channel_id, []).append(stream_id)
    return found


def _write(portion: Sequence[StreamsChange], batch_id: str, written: Written) -> None:
    ids = [change.channel_id for change in portion]
    names = dict(Channel.objects.filter(pk__in=ids).values_list("pk", "name"))
    links: dict[int, list[tuple[int, int, int]]] = {}
    rows = ChannelStream.objects.filter(channel_id__in=ids).order_by("channel_id", "position", "id")
    for pk, channel_id, stream_id, position in rows.values_list("pk", "channel_id", "stream_id", "position"):
        links.setdefault(channel_id, []).append((pk, stream_id, position))
    known = _existing({stream_id for change in portion for stream_id in set(change.after) - set(change.before)})
    gone: list[int] = []
    moved: list[tuple[int, int]] = []
    new: list[tuple[int, int, int]] = []
    entries = []
    for change in portion:
        current = links.get(change.channel_id, [])
        now = [stream_id for _, stream_id, _ in current]
        if change.channel_id not in names or tuple(now) != change.before:
            written.passed_over.append(change.channel_id)
            continue
        after = [stream_id for stream_id in change.after if stream_id in known or stream_id in change.before]
        if after == now:
            continue
        places = {stream_id: place for place, stream_id in enumerate(after, 1)}
        gone += [pk for pk, stream_id, _ in current if stream_id not in places]
        moved += [(places[stream_id], pk) for pk, stream_id, position in current if places.get(stream_id, position) != position]
        new += [(change.channel_id, stream_id, places[stream_id]) for stream_id in after if stream_id not in change.before]
        name, action = names[change.channel_id], stream_action(now, after)
        told = f"Changed the streams of “{shortened(name)}”" if action == "stream_replace" else ""
        entries.append(streams_entry(action, change.channel_id, name, now, after, batch_id=batch_id, description=told))
        written.changed.append(change.channel_id)
    for portion_ids in chunked(gone):
        ChannelStream.objects.filter(pk__in=portion_ids).delete()
    update_rows(ChannelStream, ("position",), moved)
    insert_streams(new)
    written.entries += journal.log_entries(entries)
    if entries:
        lineup_changed(guide=False)


def _existing(stream_ids: set[int]) -> set[int]:
    known: set[int] = set()
    for ids in chunked(sorted(stream_ids)):
        known.update(Stream.objects.filter(pk__in=ids).values_list("pk", flat=True))
    return known
