"""Carries a bulk creation out (10 §10.3 step 9, §10.5): groups, room for the numbers, channels with their streams.

A small plan is one transaction. A large one is written in portions, so that nobody waits for the database; should a
portion fail, what was written before it is taken back through the journal.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, transaction

from channels_app.bulk_existing import lineup_mark
from channels_app.bulk_options import BulkOptions, Selection
from channels_app.bulk_plan import Addition, LeftOut, NewChannel, Plan
from channels_app.bulk_rows import channel_rows, insert_channels, insert_streams
from channels_app.bulk_streams import IDS_AT_ONCE
from channels_app.chunks import chunked, chunked_writes
from channels_app.commands import CreateGroup
from channels_app.edit_groups import create_group
from channels_app.errors import EditRefused
from channels_app.journal_channels import created_entry, streams_entry
from channels_app.lineup_changed import lineup_changed
from channels_app.link_guide import linked_entries
from channels_app.models import Channel, ChannelGroup, ChannelStream
from channels_app.number_changes import number_changes
from channels_app.outcomes import Outcome
from channels_app.plan_bulk_create import plan_bulk_create
from channels_app.profiles.set_memberships import enable_new_channels
from channels_app.snapshots import Snapshot, snapshot_of
from channels_app.write_changes import write_changes
from ecm_site.wording import counted, shortened
from epg_app.models import GuideEntry
from m3u_app.models import Stream
from tasks_app import journal
from tasks_app.progress import Cancelled, NoProgress, Progress
from tasks_app.undo import undo_batch

logger = logging.getLogger(__name__)

ONE_TRANSACTION = 500  # channels; up to here everything is written at once or not at all
PORTION = 250  # channels a transaction otherwise: about 0.1 s
_TRIES = 3


class PlanChanged(Exception):
    """Streams or lineup changed since the plan was shown. Nothing was written; ``plan`` is the new one."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        super().__init__("The lineup or the streams have changed since this preview was made. Look at it again.")


class PlanRefused(EditRefused):
    """The plan has problems that the operator must solve first; nothing was written."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        super().__init__(plan.problems)


@dataclass
class BulkOutcome(Outcome):
    """What was written. ``vanished`` streams disappeared in the last moment, ``pushed`` existing channels moved."""

    streams_assigned: int = 0
    streams_added: int = 0
    merged: int = 0
    pushed: int = 0
    groups_created: list[str] = field(default_factory=list)
    vanished: list[int] = field(default_factory=list)


class _LineupMoved(Exception):
    """Somebody changed the lineup between planning and writing."""


def bulk_create(
    selection: Selection, options: BulkOptions, *, fingerprint: str = "", progress: Progress | None = None
) -> BulkOutcome:
    """Plan and write. ``fingerprint`` is that of the preview the operator agreed to; "" for callers without one.

    Raises :class:`PlanRefused` when the plan has problems (also for numbers that are taken while the operator has not
    chosen what to do), and :class:`PlanChanged` when it is not the one that was shown. In both cases nothing is written.
    ``Cancelled`` from ``progress`` comes between two portions; what was made until then stays, and can be undone.
    """
    for _ in range(_TRIES):
        plan = plan_bulk_create(selection, options)
        if fingerprint and plan.fingerprint != fingerprint:
            raise PlanChanged(plan)
        if plan.problems:
            raise PlanRefused(plan)
        try:
            return apply_plan(plan, progress=progress)
        except _LineupMoved:
            logger.info("[CHANNELS] The lineup changed while a bulk creation was planned; planning again")
    raise PlanChanged(plan_bulk_create(selection, options))


def apply_plan(plan: Plan, *, progress: Progress | None = None) -> BulkOutcome:
    """Write a plan that was just made; nothing is written when the lineup moved on since."""
    outcome = BulkOutcome("", journal.new_batch_id(), vanished=list(plan.left_out.get(LeftOut.VANISHED, ())))
    if plan.size <= ONE_TRANSACTION:
        with transaction.atomic():
            _write(plan, outcome, NoProgress())
    else:
        try:
            _write(plan, outcome, progress or NoProgress())
        except (_LineupMoved, Cancelled):
            raise
        except Exception as error:
            logger.exception(
                "[CHANNELS] Bulk create batch=%s failed after %s channels", outcome.batch_id, len(outcome.channel_ids)
            )
            _take_back(outcome, error)
            raise
    outcome.message = _message(outcome)
    logger.info(
        "[CHANNELS] Bulk create batch=%s channels=%s streams=%s added=%s pushed=%s",
        outcome.batch_id,
        len(outcome.channel_ids),
        outcome.streams_assigned,
        outcome.streams_added,
        outcome.pushed,
    )
    return outcome


def _write(plan: Plan, outcome: BulkOutcome, progress: Progress) -> None:
    # The order is that of the journal, and undoing goes backwards: channels first, then numbers, then groups.
    groups = _start(plan, outcome)
    changes = number_changes(plan.pushed)
    written = write_changes(changes, action_type="reorder", batch_id=outcome.batch_id)
    outcome.note(written.entries)
    outcome.pushed = len(written.changed)
    entries = linked_entries([channel.tvg_id for channel in plan.channels if channel.tvg_id])
    try:
        _write_portions(plan, outcome, progress, groups, entries)
    except Cancelled:
        _journal_summary(plan, outcome)  # what was made stays
        raise
    _journal_summary(plan, outcome)


def _write_portions(
    plan: Plan, outcome: BulkOutcome, progress: Progress, groups: list[ChannelGroup | None], entries: dict[str, int]
) -> None:
    total = len(plan.channels) + len(plan.additions)
    progress.report(phase="creating channels", current=0, total=total)
    for portion in chunked_writes(plan.channels, PORTION):
        progress.raise_if_cancelled()
        prepared = _prepare(portion, groups, entries)  # outside the lock: others write meanwhile
        with transaction.atomic():
            if _existing_streams(portion) != prepared.there or not prepared.guide_is_there():
                prepared = _prepare(portion, groups, entries)
            _store(prepared, portion, outcome, plan.options.profile_ids)
        progress.report(current=len(outcome.channel_ids), succeeded=len(outcome.channel_ids))
    done = len(plan.channels)
    for additions in chunked_writes(plan.additions, PORTION):
        progress.raise_if_cancelled()
        with transaction.atomic():
            _add_portion(additions, outcome)
        done += len(additions)
        progress.report(current=done)


def _journal_summary(plan: Plan, outcome: BulkOutcome) -> None:
    journal.log_entry(
        "channel",
        "bulk_create",
        entity_type=journal.SUMMARY,
        entity_name=_selection_name(plan),
        description=_message(outcome),
        after={
            "channels": len(outcome.channel_ids),
            "streams": outcome.streams_assigned,
            "merged": outcome.merged,
            "streams_added": outcome.streams_added,
            "moved": outcome.pushed,
            "groups": outcome.groups_created,
        },
        batch_id=outcome.batch_id,
    )


def _start(plan: Plan, outcome: BulkOutcome) -> list[ChannelGroup | None]:
    """Check that nothing moved since the plan was made, and make the groups. Returns the group of every section."""
    with transaction.atomic():
        if lineup_mark() != plan.mark:
            raise _LineupMoved
        names: dict[str, ChannelGroup] = {}
        for name in plan.new_groups:
            names[name.casefold()], made = create_group(CreateGroup(name), batch_id=outcome.batch_id)
            outcome.group_ids += made.group_ids
            outcome.entry_id = outcome.entry_id or made.entry_id
            outcome.groups_created += [name] if made.group_ids else []
        known = ChannelGroup.objects.in_bulk([section.group_id for section in plan.sections if section.group_id])
    return [known.get(section.group_id or 0) or names.get(section.group_name.casefold()) for section in plan.sections]


@dataclass
class _Prepared:
    """A portion ready to be stored. ``there``: the streams that existed when it was made."""

    there: set[int]
    channels: list[Channel]
    streams: list[list[int]]
    rows: list[list[Any]]
    snapshots: list[Snapshot]

    def guide_is_there(self) -> bool:
        ids = {channel.guide_entry_id for channel in self.channels if channel.guide_entry_id is not None}
        return not ids or GuideEntry.objects.filter(pk__in=ids).count() == len(ids)


def _prepare(portion: Sequence[NewChannel], groups: list[ChannelGroup | None], entries: dict[str, int]) -> _Prepared:
    there = _existing_streams(portion)
    guide = GuideEntry.objects.in_bulk([entries[channel.tvg_id] for channel in portion if channel.tvg_id in entries])
    channels: list[Channel] = []
    streams: list[list[int]] = []
    for planned in portion:
        ids = [stream_id for stream_id in planned.stream_ids if stream_id in there]
        if ids:
            streams.append(ids)
            channels.append(
                Channel(
                    name=planned.name,
                    number=planned.number,
                    group=groups[planned.section],
                    tvg_id=planned.tvg_id,
                    gracenote_id=planned.gracenote_id,
                    logo_url=planned.logo_url,
                    guide_entry=guide.get(entries.get(planned.tvg_id, 0)),
                )
            )
    snapshots = [snapshot_of(channel, ids) for channel, ids in zip(channels, streams, strict=True)]
    return _Prepared(there, channels, streams, channel_rows(channels), snapshots)


def _store(prepared: _Prepared, portion: Sequence[NewChannel], outcome: BulkOutcome, profile_ids: Sequence[int]) -> None:
    outcome.vanished += [i for planned in portion for i in planned.stream_ids if i not in prepared.there]
    if not prepared.channels:
        return
    insert_channels(prepared.channels, prepared.rows)
    insert_streams(
        (channel.pk, stream_id, position)
        for channel, ids in zip(prepared.channels, prepared.streams, strict=True)
        for position, stream_id in enumerate(ids, 1)
    )
    profiles = enable_new_channels([channel.pk for channel in prepared.channels], profile_ids or None)
    for snapshot in prepared.snapshots:
        snapshot["profile_ids"] = list(profiles)
    created = [
        created_entry(channel.pk, snapshot, batch_id=outcome.batch_id)
        for channel, snapshot in zip(prepared.channels, prepared.snapshots, strict=True)
    ]
    outcome.note(journal.log_entries(created))
    outcome.channel_ids += [channel.pk for channel in prepared.channels]
    assigned = sum(map(len, prepared.streams))
    outcome.streams_assigned += assigned
    outcome.merged += assigned - len(prepared.channels)
    lineup_changed()


def _add_portion(additions: Sequence[Addition], outcome: BulkOutcome) -> None:
    there = _existing_streams(additions)
    ids = [item.channel_id for item in additions]
    names = dict(Channel.objects.filter(pk__in=ids).values_list("pk", "name"))
    present: dict[int, list[tuple[int, int]]] = {}
    links = ChannelStream.objects.filter(channel_id__in=ids).order_by("channel_id", "position", "id")
    for channel_id, stream_id, position in links.values_list("channel_id", "stream_id", "position"):
        present.setdefault(channel_id, []).append((stream_id, position))
    rows: list[tuple[int, int, int]] = []
    entries = []
    for item in additions:
        before = [stream_id for stream_id, _ in present.get(item.channel_id, [])]
        known = set(before)
        new = [stream_id for stream_id in item.stream_ids if stream_id in there and stream_id not in known]
        outcome.vanished += [stream_id for stream_id in item.stream_ids if stream_id not in there]
        if item.channel_id not in names or not new:
            continue
        last = present[item.channel_id][-1][1] if before else 0
        rows += [(item.channel_id, stream_id, position) for position, stream_id in enumerate(new, last + 1)]
        outcome.streams_added += len(new)
        after, name = before + new, names[item.channel_id]
        entries.append(streams_entry("stream_add", item.channel_id, name, before, after, batch_id=outcome.batch_id))
    insert_streams(rows)
    outcome.note(journal.log_entries(entries))
    lineup_changed(guide=False)


def _existing_streams(planned: Sequence[NewChannel] | Sequence[Addition]) -> set[int]:
    """Streams that are still there, seen under the write lock: a refresh may have removed some since planning."""
    wanted = [stream_id for item in planned for stream_id in item.stream_ids]
    found: set[int] = set()
    for ids in chunked(wanted, IDS_AT_ONCE):
        found.update(Stream.objects.filter(pk__in=ids).values_list("pk", flat=True))
    return found


def _take_back(outcome: BulkOutcome, cause: Exception) -> None:
    report = undo_batch(outcome.batch_id)
    if not isinstance(cause, DatabaseError):
        return
    left = f" {report.conflict_count} changes could not be taken back; the journal lists them." if report.conflict_count else ""
    raise EditRefused(
        f"The database refused a part of this after {counted(len(outcome.channel_ids), 'channel')}. What had been made was "
        f"taken back.{left} Try again in a moment; if it happens again, the log says why."
    ) from cause


def _message(outcome: BulkOutcome) -> str:
    """The result in words (10 §10.5)."""
    told = []
    if outcome.channel_ids:
        told.append(
            f"Created {counted(len(outcome.channel_ids), 'channel')} from {counted(outcome.streams_assigned, 'stream')}"
            + (f" ({counted(outcome.merged, 'duplicate')} merged)" if outcome.merged else "")
        )
    if outcome.streams_added:
        told.append(f"added {counted(outcome.streams_added, 'stream')} to existing channels")
    if len(outcome.groups_created) == 1:
        told.append(f"made the group “{shortened(outcome.groups_created[0])}”")
    elif outcome.groups_created:
        told.append(f"made {len(outcome.groups_created)} groups")
    if outcome.pushed:
        told.append(f"moved {counted(outcome.pushed, 'channel')} to make room")
    if outcome.vanished:
        told.append(f"{counted(len(outcome.vanished), 'stream')} no longer exist and were left out")
    text = "; ".join(told) or "nothing was created"
    return f"{text[0].upper()}{text[1:]}."


def _selection_name(plan: Plan) -> str:
    names = [section.name or "Ungrouped" for section in plan.sections]
    return names[0] if len(names) == 1 and names[0] else f"{counted(len(names), 'group')} of streams"
