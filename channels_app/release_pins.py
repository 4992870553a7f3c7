"""Lets go of fields that were set by hand on auto-created channels, so that auto-sync writes them again (20 §4.3 step 6)."""

import json
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction

from channels_app.channel_fields import FIELDS, changed_labels
from channels_app.chunks import chunked, chunked_writes
from channels_app.errors import EditRefused
from channels_app.models import Channel
from channels_app.outcomes import Outcome
from channels_app.pins import PINNABLE, PINNED, write_pins
from ecm_site.wording import counted, shortened
from tasks_app import journal
from tasks_app.mirror.state import is_connected
from tasks_app.models import JournalEntry

logger = logging.getLogger(__name__)

ACTION = "release"
KEPT_THERE = (
    "Dispatcharr keeps what was set by hand on these channels as overrides. To let go of one, set the field to what the"
    " provider says, or clear the override in Dispatcharr."
)


@dataclass(frozen=True)
class ReleasePins:
    """``fields`` of ``channel_ids`` that auto-sync may write again; none named = all that are pinned."""

    channel_ids: tuple[int, ...]
    fields: frozenset[str] = frozenset()


def release_pins(command: ReleasePins, *, batch_id: str = "") -> Outcome:
    """Release fields: an entry for each channel that had one of them, one bulk operation for more than one channel.

    The values stay as they are until the next sync writes them, so nothing is published anew. Channels that are gone or
    have nothing to release are passed over. Raises :class:`EditRefused` for a field that cannot be pinned, and while a server
    is mirrored, whose overrides would pin the fields again.
    """
    refuse_unknown(command.fields)
    if is_connected():
        raise EditRefused(KEPT_THERE)
    own_batch = not batch_id and len(command.channel_ids) > 1
    outcome = Outcome("", batch_id or (journal.new_batch_id() if own_batch else ""))
    last = ""
    for portion in chunked_writes(list(dict.fromkeys(command.channel_ids))):
        with transaction.atomic():
            entries, rows = [], []
            for pk, name, before in _pinned(portion):
                after = sorted(set(before) - command.fields) if command.fields else []
                if after == before:
                    continue
                entries.append(_entry(pk, name, before, after, outcome.batch_id))
                rows.append((json.dumps(after), pk))
                outcome.channel_ids.append(pk)
            write_pins(rows)
            outcome.note(journal.log_entries(entries))
            last = entries[-1].description if entries else last
    count = len(outcome.channel_ids)
    if not count:
        outcome.message = "Nothing to release: none of these fields was set by hand."
        return outcome
    outcome.message = f"{last}." if count == 1 else f"Released what was set by hand on {counted(count, 'channel')}."
    if own_batch:
        journal.log_summary("channel", outcome.batch_id, outcome.message, action_type=ACTION, after={"channels": count})
    logger.info("[AUTOSYNC] Released fields of %s channels batch=%s", count, outcome.batch_id or "-")
    return outcome


def refuse_unknown(fields: Collection[str]) -> None:
    """Raise :class:`EditRefused` when one of these is no field that can be set by hand."""
    for name in fields:
        if name not in PINNABLE:
            raise EditRefused({"field": f"“{shortened(name)}” is no field that auto-sync sets."})


def pinned_counts(channel_ids: Sequence[int]) -> dict[str, int]:
    """How many of the channels have each field set by hand, in the order of the fields; a query for every 500 channels."""
    counts: Counter[str] = Counter()
    for portion in chunked(list(dict.fromkeys(channel_ids))):
        for _, _, fields in _pinned(portion):
            counts.update(fields)
    return {name: counts[name] for name in FIELDS if counts[name]}


def _pinned(channel_ids: Sequence[int]) -> list[tuple[int, str, list[str]]]:
    """(id, name, pinned fields) of those channels that have any, in the order of the ids."""
    rows = Channel.objects.filter(pk__in=channel_ids, auto_created=True).values_list("pk", "name", "pinned_fields")
    found = {pk: (name, sorted(PINNABLE.intersection(fields))) for pk, name, fields in rows if isinstance(fields, list)}
    return [(pk, *found[pk]) for pk in channel_ids if pk in found and found[pk][1]]


def _entry(pk: int, name: str, before: list[str], after: list[str], batch_id: str) -> JournalEntry:
    released = changed_labels([field for field in before if field not in after])
    return journal.build_entry(
        "channel",
        ACTION,
        entity_type="channel",
        entity_id=pk,
        entity_name=name,
        description=f"Released to auto-sync on “{shortened(name)}”: {released}",
        before={PINNED: before},
        after={PINNED: after},
        batch_id=batch_id,
        undoable=True,
    )
