"""Adds, removes and reorders the streams of a channel (10 §9.1). Position 1 is tried first."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from channels_app.chunks import chunked
from channels_app.commands import AddStreams, RemoveStreams, ReorderStreams, ReplaceStream
from channels_app.errors import EditRefused, NotThere
from channels_app.journal_channels import streams_entry
from channels_app.lineup_changed import lineup_changed
from channels_app.models import Channel, ChannelStream
from channels_app.outcomes import Outcome
from ecm_site.masking import mask_text
from ecm_site.wording import counted, shortened
from m3u_app.models import Stream
from tasks_app import journal

logger = logging.getLogger(__name__)

MOST_STREAMS = 1000
"""Streams a channel may hold. More is a slip of the hand: a whole provider group dropped onto one channel."""


@dataclass
class StreamsOutcome(Outcome):
    """``total`` streams are on the channel now; ``missing`` do not exist any more."""

    added: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    total: int = 0


def stream_ids_of(channel_id: int) -> list[int]:
    """The streams of a channel in their order."""
    links = ChannelStream.objects.filter(channel_id=channel_id).order_by("position", "id")
    return list(links.values_list("stream_id", flat=True))


def add_streams(command: AddStreams, *, batch_id: str = "") -> StreamsOutcome:
    """Append streams in the given order; those already on the channel are skipped (25.6 #86, #87).

    Raises :class:`NotThere` when the channel is gone and :class:`EditRefused` above :data:`MOST_STREAMS`.
    """
    known = _existing(command.stream_ids)
    outcome = StreamsOutcome("", batch_id)

    def append(current: list[int]) -> list[int]:
        present = set(current)
        for stream_id in command.stream_ids:
            if stream_id not in known:
                outcome.missing.append(stream_id)
            elif stream_id in present:
                outcome.skipped.append(stream_id)
            else:
                present.add(stream_id)
                outcome.added.append(stream_id)
        if len(present) > MOST_STREAMS:
            raise EditRefused(f"A channel can hold {MOST_STREAMS:,} streams at most; this would be {len(present):,}.")
        return current + outcome.added

    name = _arrange(command.channel_id, "stream_add", append, outcome)
    if outcome.missing:
        outcome.warnings.append(f"{counted(len(outcome.missing), 'stream')} no longer exist and were left out.")
    outcome.message = _added_message(outcome, name)
    return outcome


def remove_streams(command: RemoveStreams, *, batch_id: str = "") -> StreamsOutcome:
    """Take streams off a channel; those that are not on it do not matter. Raises :class:`NotThere`."""
    gone = set(command.stream_ids)
    outcome = StreamsOutcome("", batch_id)
    before = outcome.total

    def take_off(current: list[int]) -> list[int]:
        nonlocal before
        before = len(current)
        return [stream_id for stream_id in current if stream_id not in gone]

    name = _arrange(command.channel_id, "stream_remove", take_off, outcome)
    removed = before - outcome.total
    outcome.message = f"Removed {counted(removed, 'stream')} from “{shortened(name)}”." if removed else "Nothing to remove."
    if removed and not outcome.total:
        outcome.warnings.append(f"“{shortened(name)}” has no streams left and cannot be played.")
    return outcome


def reorder_streams(command: ReorderStreams, *, batch_id: str = "") -> StreamsOutcome:
    """Store exactly the given order. A list with foreign or missing streams is refused: no stream is ever dropped silently.

    Raises :class:`NotThere` or :class:`EditRefused`.
    """
    wanted = list(command.stream_ids)
    outcome = StreamsOutcome("", batch_id)

    def in_new_order(current: list[int]) -> list[int]:
        if sorted(current) != sorted(wanted):
            raise EditRefused("The streams of this channel have changed meanwhile. Look at them again, then reorder.")
        return wanted

    name = _arrange(command.channel_id, "stream_reorder", in_new_order, outcome)
    outcome.message = f"Reordered the streams of “{shortened(name)}”." if outcome.changed else "The order is the same."
    return outcome


def set_streams(channel_id: int, stream_ids: Sequence[int], *, batch_id: str = "") -> StreamsOutcome:
    """Make these the streams of the channel, in this order; what does not exist any more is left out.

    Raises :class:`NotThere` when the channel is gone and :class:`EditRefused` above :data:`MOST_STREAMS`.
    """
    if len(stream_ids) > MOST_STREAMS:
        raise EditRefused(f"A channel can hold {MOST_STREAMS:,} streams at most.")
    known = _existing(stream_ids)
    wanted = [pk for pk in dict.fromkeys(stream_ids) if pk in known]
    outcome = StreamsOutcome("", batch_id)
    with transaction.atomic():  # what is compared is what is changed
        action = stream_action(stream_ids_of(channel_id), wanted)
        told = "Changed the streams" if action == "stream_replace" else ""
        name = _arrange(channel_id, action, lambda _current: wanted, outcome, told=told)
    outcome.message = f"Changed the streams of “{shortened(name)}”." if outcome.changed else "Nothing has changed."
    return outcome


def stream_action(before: Sequence[int], after: Sequence[int]) -> str:
    """What the journal calls the way from one list of streams to another."""
    old, new = set(before), set(after)
    if old == new:
        return "stream_reorder"
    if new > old:
        return "stream_add"
    return "stream_remove" if new < old else "stream_replace"


def replace_stream(command: ReplaceStream, *, batch_id: str = "") -> StreamsOutcome:
    """Let another stream take a stream's place on the channel, also the place of one that the provider has taken away.

    Raises :class:`NotThere` when channel or new stream are gone and :class:`EditRefused` when the new one is on it already.
    """
    names = dict(Stream.objects.filter(pk__in=(command.stream_id, command.new_stream_id)).values_list("pk", "name"))
    if command.new_stream_id not in names:
        raise NotThere("This stream no longer exists. Search again.")
    outcome = StreamsOutcome("", batch_id)
    new = shortened(names[command.new_stream_id])

    def exchange(current: list[int]) -> list[int]:
        if command.new_stream_id in current:
            raise EditRefused(f"“{new}” is on this channel already.")
        if command.stream_id in current:
            return [command.new_stream_id if pk == command.stream_id else pk for pk in current]
        at = min(max(command.position - 1, 0), len(current)) if command.position else len(current)
        return [*current[:at], command.new_stream_id, *current[at:]]

    lost = names.get(command.stream_id)
    told = f"Replaced “{shortened(lost)}” by “{new}”" if lost else f"Put “{new}” in the place of a stream that is gone"
    name = _arrange(command.channel_id, "stream_replace", exchange, outcome, told=told)
    outcome.added.append(command.new_stream_id)
    outcome.message = f"{told} on “{shortened(name)}”."
    return outcome


def store_streams(channel_id: int, current: Sequence[int], wanted: Sequence[int]) -> None:
    """Make ``wanted`` the streams of the channel, writing only what differs. Call inside a transaction."""
    links = {link.stream_id: link for link in ChannelStream.objects.filter(channel_id=channel_id)}
    gone = [link.pk for stream_id, link in links.items() if stream_id not in set(wanted)]
    if gone:
        ChannelStream.objects.filter(pk__in=gone).delete()
    new, moved = [], []
    for position, stream_id in enumerate(wanted, 1):
        link = links.get(stream_id)
        if link is None:
            new.append(ChannelStream(channel_id=channel_id, stream_id=stream_id, position=position))
        elif link.position != position:
            link.position = position
            moved.append(link)
    if moved:
        ChannelStream.objects.bulk_update(moved, ["position"], batch_size=200)
    if new:
        ChannelStream.objects.bulk_create(new)


def _arrange(
    channel_id: int, action_type: str, change: Callable[[list[int]], list[int]], outcome: StreamsOutcome, *, told: str = ""
) -> str:
    """Read, change and store the list inside one transaction; returns the channel's name. ``told``: for the journal."""
    with transaction.atomic():
        name = Channel.objects.filter(pk=channel_id).values_list("name", flat=True).first()
        if name is None:
            raise NotThere("This channel no longer exists. Reload the page.")
        current = stream_ids_of(channel_id)
        wanted = change(current)
        outcome.total = len(wanted)
        if wanted == current:
            return name
        store_streams(channel_id, current, wanted)
        described = f"{told} on “{shortened(name)}”" if told else ""
        entry = streams_entry(
            action_type, channel_id, name, current, wanted, batch_id=outcome.batch_id, description=mask_text(described)
        )
        outcome.note(journal.log_entries([entry]))
        lineup_changed(guide=False)
    outcome.channel_ids = [channel_id]
    logger.info("[CHANNELS] %s channel id=%s streams %s → %s", action_type, channel_id, len(current), len(wanted))
    return name


def _existing(stream_ids: Sequence[int]) -> set[int]:
    known: set[int] = set()
    for portion in chunked(stream_ids):
        known.update(Stream.objects.filter(pk__in=portion).values_list("pk", flat=True))
    return known


def _added_message(outcome: StreamsOutcome, name: str) -> str:
    shown = shortened(name)
    if not outcome.added:
        return f"Nothing added: “{shown}” already has these streams." if outcome.skipped else "Nothing added."
    message = f"Added {counted(len(outcome.added), 'stream')} to “{shown}”."
    return f"{message} {counted(len(outcome.skipped), 'stream')} already there." if outcome.skipped else message
