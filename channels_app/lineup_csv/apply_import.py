"""Carries out the plan of an import: groups and logos, deletions, changes, new channels; one batch of the journal.

A small plan is one transaction. A large one is written in portions, so that nobody waits for the database; should a
portion fail, what was written before it is taken back through the journal.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from channels_app.bulk_existing import lineup_mark
from channels_app.bulk_rows import channel_rows, insert_channels, insert_streams
from channels_app.chunks import chunked, chunked_writes
from channels_app.commands import CreateGroup, DeleteChannels, FieldValue
from channels_app.edit_channels import delete_channels
from channels_app.edit_groups import create_group
from channels_app.errors import EditRefused
from channels_app.journal_channels import created_entry
from channels_app.lineup_changed import lineup_changed
from channels_app.lineup_csv.options import ImportOptions
from channels_app.lineup_csv.plan import Action, ImportPlan, PlannedRow
from channels_app.lineup_csv.plan_import import plan_import
from channels_app.lineup_csv.reading import Sheet
from channels_app.models import Channel, ChannelGroup, Logo
from channels_app.outcomes import Outcome
from channels_app.profiles.set_memberships import default_profile_ids, enable_new_channels
from channels_app.row_journal import row_entry
from channels_app.snapshots import snapshot_of
from channels_app.write_changes import ChannelChange, write_changes
from channels_app.write_streams import StreamsChange, write_streams
from ecm_site.wording import counted, shortened
from epg_app.models import GuideEntry
from m3u_app.models import Stream
from tasks_app import journal
from tasks_app.progress import Cancelled, NoProgress, Progress
from tasks_app.undo import undo_batch

logger = logging.getLogger(__name__)

ONE_TRANSACTION = 500  # rows; up to here everything is written at once or not at all
PORTION = 250  # channels a transaction otherwise: about 0.1 s
_TRIES = 3
_LOGO_NAME = 255


class ImportChanged(Exception):
    """The lineup or the streams changed since the plan was shown. Nothing was written; ``plan`` is the new one."""

    def __init__(self, plan: ImportPlan) -> None:
        self.plan = plan
        super().__init__("The lineup or the streams have changed since this was shown. Look at it again, then import.")


@dataclass
class ImportOutcome(Outcome):
    """What was written."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    streams_linked: int = 0
    groups_created: list[str] = field(default_factory=list)
    logos_from_guide: int = 0
    plan: ImportPlan = field(default_factory=ImportPlan)


class _LineupMoved(Exception):
    """Somebody changed the lineup between planning and writing."""


def import_sheet(
    sheet: Sheet, options: ImportOptions, *, fingerprint: str = "", file_name: str = "", progress: Progress | None = None
) -> ImportOutcome:
    """Plan and write. ``fingerprint`` is that of the plan the operator agreed to; "" for callers without one.

    Raises :class:`ImportChanged` when the plan is another one by now and :class:`EditRefused` when it has a problem; nothing
    is written then. Rows with errors are left out. ``Cancelled`` from ``progress`` comes between two portions; what was
    written until then stays, and can be undone.
    """
    for _ in range(_TRIES):
        plan = plan_import(sheet, options)
        if fingerprint and plan.fingerprint != fingerprint:
            raise ImportChanged(plan)
        if plan.problem:
            raise EditRefused(plan.problem)
        try:
            return apply_import(plan, file_name=file_name, progress=progress)
        except _LineupMoved:
            logger.info("[CSV] The lineup changed while an import was planned; planning again")
    raise ImportChanged(plan_import(sheet, options))


def apply_import(plan: ImportPlan, *, file_name: str = "", progress: Progress | None = None) -> ImportOutcome:
    """Write a plan that was just made; nothing is written when the lineup moved on since."""
    outcome = ImportOutcome("", journal.new_batch_id(), plan=plan)
    work = plan.work
    if not work:
        outcome.message = "Nothing to import: the lineup is like the file already." if plan.rows else "The file has no rows."
        return outcome
    if len(work) <= ONE_TRANSACTION:
        with transaction.atomic():
            _write(plan, work, outcome, NoProgress(), file_name)
    else:
        try:
            _write(plan, work, outcome, progress or NoProgress(), file_name)
        except (_LineupMoved, Cancelled):
            raise
        except Exception:
            logger.exception("[CSV] Import batch=%s failed; taking back what was written", outcome.batch_id)
            undo_batch(outcome.batch_id)
            raise
    logger.info(
        "[CSV] Imported file=%s batch=%s created=%s updated=%s deleted=%s errors=%s",
        file_name, outcome.batch_id, outcome.created, outcome.updated, outcome.deleted, len(plan.errors),
    )  # fmt: skip
    return outcome


def _write(plan: ImportPlan, work: Sequence[PlannedRow], outcome: ImportOutcome, progress: Progress, file_name: str) -> None:
    # The order is that of the journal, and undoing goes backwards: new channels first, the groups last.
    groups = _start(plan, work, outcome)
    progress.report(phase="importing", current=0, total=len(work))
    try:
        _delete([row for row in work if row.action is Action.DELETE], outcome)
        _update([row for row in work if row.action is Action.UPDATE], groups, outcome, progress)
        _create([row for row in work if row.action is Action.CREATE], groups, plan, outcome, progress)
    finally:
        outcome.message = _message(outcome)
        _summarize(outcome, file_name)


def _start(plan: ImportPlan, work: Sequence[PlannedRow], outcome: ImportOutcome) -> dict[str, int]:
    """Check that nothing moved since the plan was made; make groups and logos. Returns group ids by folded name."""
    with transaction.atomic():
        if lineup_mark() != plan.mark:
            raise _LineupMoved
        groups = dict(plan.group_ids)
        for name in plan.new_groups:
            group, made = create_group(CreateGroup(name), batch_id=outcome.batch_id)
            groups[name.casefold()] = group.pk
            outcome.group_ids += made.group_ids
            outcome.entry_id = outcome.entry_id or made.entry_id
            outcome.groups_created += [name] if made.group_ids else []
        _make_logos(work, outcome)
    return groups


def _make_logos(work: Sequence[PlannedRow], outcome: ImportOutcome) -> None:
    """The library gets a record of every address that it does not know yet (10 §20.2)."""
    wanted = {
        str(row.after["logo_url"]): row.name for row in work if row.action is not Action.DELETE and row.after.get("logo_url")
    }
    for portion in chunked(list(wanted)):
        known = set(Logo.objects.filter(url__in=portion).values_list("url", flat=True))
        made = [Logo(name=wanted[url][:_LOGO_NAME], url=url) for url in portion if url not in known]
        Logo.objects.bulk_create(made)
        entries = [
            row_entry(
                "channel",
                "logo_create",
                instance_before=None,
                instance_after=logo,
                description=f"Added the logo “{shortened(logo.name)}” to the library",
                batch_id=outcome.batch_id,
            )
            for logo in made
        ]
        outcome.note(journal.log_entries(entries))


def _delete(rows: Sequence[PlannedRow], outcome: ImportOutcome) -> None:
    ids = tuple(row.channel_id for row in rows if row.channel_id is not None)
    if not ids:
        return
    done = delete_channels(DeleteChannels(ids), batch_id=outcome.batch_id)
    outcome.deleted = len(done.channel_ids)
    outcome.channel_ids += done.channel_ids
    outcome.entry_id = outcome.entry_id or done.entry_id


def _update(rows: Sequence[PlannedRow], groups: dict[str, int], outcome: ImportOutcome, progress: Progress) -> None:
    changed: set[int] = set()
    passed_over: set[int] = set()
    for portion in chunked_writes(rows, PORTION):
        progress.raise_if_cancelled()
        fields = [_field_change(row, groups) for row in portion if row.after]
        streams = [
            StreamsChange(row.channel_id or 0, row.streams_before, row.streams) for row in portion if row.streams is not None
        ]
        for written in (
            write_changes(fields, batch_id=outcome.batch_id),
            write_streams(streams, batch_id=outcome.batch_id),
        ):
            outcome.note(written.entries)
            changed.update(written.changed)
            passed_over.update(written.passed_over)
        outcome.streams_linked += sum(len(set(change.after) - set(change.before)) for change in streams)
        outcome.updated = len(changed)
        progress.report(current=outcome.deleted + outcome.updated, succeeded=outcome.updated)
    outcome.channel_ids += sorted(changed)
    if passed_over:
        told = "were changed by somebody else at the same time and left alone"
        outcome.warnings.append(f"{counted(len(passed_over), 'channel')} {told}.")


def _field_change(row: PlannedRow, groups: dict[str, int]) -> ChannelChange:
    def with_ids(values: dict[str, FieldValue]) -> dict[str, FieldValue]:
        stored = {name: value for name, value in values.items() if name != "group"}
        if "group" in values:
            stored["group_id"] = groups.get(str(values["group"]).casefold())
        return stored

    return ChannelChange(row.channel_id or 0, with_ids(row.before), with_ids(row.after))


def _create(
    rows: Sequence[PlannedRow], groups: dict[str, int], plan: ImportPlan, outcome: ImportOutcome, progress: Progress
) -> None:
    by_id = ChannelGroup.objects.in_bulk(list({groups[name] for name in _group_names(rows) if name in groups}))
    group_of = {name: by_id.get(pk) for name, pk in groups.items()}
    for portion in chunked_writes(rows, PORTION):
        progress.raise_if_cancelled()
        with transaction.atomic():
            _store(portion, group_of, plan, outcome)
        progress.report(current=outcome.deleted + outcome.updated + outcome.created, succeeded=outcome.created)


def _store(
    rows: Sequence[PlannedRow], group_of: dict[str, ChannelGroup | None], plan: ImportPlan, outcome: ImportOutcome
) -> None:
    entry_ids = {plan.guide_entries.get(str(row.after["tvg_id"])) for row in rows} - {None}
    guide = GuideEntry.objects.in_bulk([pk for pk in entry_ids if pk is not None])
    wanted = {stream_id for row in rows for stream_id in row.streams or ()}
    there: set[int] = set()
    for ids in chunked(sorted(wanted)):
        there.update(Stream.objects.filter(pk__in=ids).values_list("pk", flat=True))
    streams = [[pk for pk in row.streams or () if pk in there] for row in rows]
    channels = [_channel(row, group_of, guide.get(plan.guide_entries.get(str(row.after["tvg_id"]), 0))) for row in rows]
    insert_channels(channels, channel_rows(channels))
    insert_streams(
        (channel.pk, stream_id, position)
        for channel, ids in zip(channels, streams, strict=True)
        for position, stream_id in enumerate(ids, 1)
    )
    profile_ids = enable_new_channels([channel.pk for channel in channels], default_profile_ids())
    entries = [
        created_entry(channel.pk, snapshot_of(channel, ids, profile_ids), batch_id=outcome.batch_id)
        for channel, ids in zip(channels, streams, strict=True)
    ]
    outcome.note(journal.log_entries(entries))
    outcome.channel_ids += [channel.pk for channel in channels]
    outcome.created += len(channels)
    outcome.streams_linked += sum(map(len, streams))
    outcome.logos_from_guide += sum(row.logo_from_guide for row in rows)
    lineup_changed()


def _channel(row: PlannedRow, group_of: dict[str, ChannelGroup | None], entry: GuideEntry | None) -> Channel:
    values = {name: value for name, value in row.after.items() if name != "group"}
    return Channel(**values, group=group_of.get(str(row.after["group"]).casefold()), guide_entry=entry)


def _group_names(rows: Sequence[PlannedRow]) -> set[str]:
    return {str(row.after["group"]).casefold() for row in rows if row.after["group"]}


def _summarize(outcome: ImportOutcome, file_name: str) -> None:
    errors = outcome.plan.errors
    journal.log_entry(
        "channel",
        "csv_import",
        entity_type="journal_batch",
        entity_name=file_name or "CSV",
        description=f"CSV import: {outcome.message}",
        after={
            "file": file_name,
            "created": outcome.created,
            "updated": outcome.updated,
            "deleted": outcome.deleted,
            "groups": outcome.groups_created,
            "streams_linked": outcome.streams_linked,
            "logos_from_guide": outcome.logos_from_guide,
            "errors": len(errors),
        },
        batch_id=outcome.batch_id,
    )


def _message(outcome: ImportOutcome) -> str:
    told = [
        f"{verb} {counted(number, 'channel')}"
        for verb, number in (("created", outcome.created), ("changed", outcome.updated), ("deleted", outcome.deleted))
        if number
    ]
    if outcome.groups_created:
        told.append(f"made {counted(len(outcome.groups_created), 'group')}")
    if outcome.streams_linked:
        told.append(f"linked {counted(outcome.streams_linked, 'stream')}")
    text = ", ".join(told) or "nothing was changed"
    rows = len(outcome.plan.errors)
    ending = f" {counted(rows, 'row')} with errors {'was' if rows == 1 else 'were'} left out." if rows else ""
    return f"{text[0].upper()}{text[1:]}.{ending}"
