"""Takes journal entries back (DESIGN §3): an app registers, per entity type, how one entry is undone.

What an entry says tells the handler what to do: ``before_value`` None means it was created (delete it again),
``after_value`` None means it was deleted (make it again), else put the fields back that still hold what the entry left.
Undoing is itself journalled as an ordinary entry with the values exchanged, so undoing that one is redoing.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import DatabaseError, connection, transaction

from ecm_site.wording import counted
from tasks_app.journal import build_entry, collecting, log_entry, new_batch_id, write_entries
from tasks_app.models import JournalEntry
from tasks_app.progress import NoProgress, Progress
from tasks_app.write_turns import Turn, WriteTurns

logger = logging.getLogger(__name__)

_CHUNK = 500  # entries a transaction, fewer when they take long (:mod:`tasks_app.write_turns`)
_TOGETHER = 100  # entries that are handed to one handler at once
_CONFLICTS_KEPT = 200
_UNDID = "Undid: "
_REDID = "Redid: "


@dataclass
class UndoReport:
    """What undoing did. ``conflicts`` are sentences such as "name was changed to X since"."""

    undone: int = 0
    conflicts: list[str] = field(default_factory=list)
    conflict_count: int = 0
    batch_id: str = ""

    def add_conflict(self, sentence: str) -> None:
        self.conflict_count += 1
        if len(self.conflicts) < _CONFLICTS_KEPT:
            self.conflicts.append(sentence)


class UndoConflict(Exception):
    """Something else changed the same field since, or the entity is gone. The message says what."""


UndoHandler = Callable[[JournalEntry], None]
"""Undo one entry inside an open transaction, or raise :class:`UndoConflict` without having written anything.

A handler may call use cases that write the journal: their entries then are the record of the undoing. If it writes none,
one is made from the entry itself with before and after exchanged.
"""

UndoManyHandler = Callable[[Sequence[JournalEntry]], dict[int, str]]
"""Undo entries about as many different entities inside an open transaction; a sentence by entry id for those that cannot be
undone, which then are untouched. Writes no journal."""

_handlers: dict[str, UndoHandler] = {}
_many: dict[str, UndoManyHandler] = {}
_for_administrators: set[str] = set()
_judged: dict[str, Callable[[JournalEntry], bool]] = {}


def register_undo(
    entity_type: str,
    handler: UndoHandler,
    *,
    many: UndoManyHandler | None = None,
    admin_only: bool | Callable[[JournalEntry], bool] = False,
) -> None:
    """``admin_only`` for what only administrators may change (50 U-5): they alone may take it back, too. A function where that
    depends on the entry.

    ``many`` undoes a hundred entries with the queries of one, for batches of thousands.
    """
    _handlers[entity_type] = handler
    if many is not None:
        _many[entity_type] = many
    if callable(admin_only):
        _judged[entity_type] = admin_only
    elif admin_only:
        _for_administrators.add(entity_type)


def handler_for(entity_type: str) -> UndoHandler | None:
    return _handlers.get(entity_type)


def handled_types() -> list[str]:
    """Entity types that can be undone."""
    return list(_handlers)


def can_undo(entry: JournalEntry) -> bool:
    """True when an "Undo" button makes sense: undoable, not undone yet, and somebody knows how."""
    return entry.undoable and entry.undone_by_id is None and entry.entity_type in _handlers


def is_for_administrators(entry: JournalEntry) -> bool:
    """Whether only an administrator may undo this entry."""
    judge = _judged.get(entry.entity_type)
    return judge(entry) if judge else entry.entity_type in _for_administrators


def has_parts_for_administrators(batch_id: str) -> bool:
    """Whether a batch holds entries that only an administrator may undo."""
    rows = JournalEntry.objects.filter(batch_id=batch_id, undoable=True, undone_by=None)
    if not batch_id:
        return False
    return rows.filter(entity_type__in=_for_administrators).exists() or any(
        is_for_administrators(entry) for entry in rows.filter(entity_type__in=_judged)
    )


def undo_entry(entry: JournalEntry) -> UndoReport:
    """Take one entry back; a conflict is in the report, not an exception."""
    report = UndoReport(batch_id=entry.batch_id)
    with WriteTurns().turn() as turn:
        _undo_chunk([entry.pk], "", report, turn)
    return report


def undo_batch(batch_id: str, *, progress: Progress | None = None) -> UndoReport:
    """Take back all entries of a bulk operation, newest first. What conflicts stays; everything else is undone.

    Works in short turns with gaps between them, so that a batch of thousands keeps nobody waiting; raises ``Cancelled``
    between them. What was undone until then stays undone, and undoing the same batch again goes on from there.
    """
    progress = progress or NoProgress()
    turns = WriteTurns()
    ids = list(undoable_in_batch(batch_id))
    report = UndoReport(batch_id=new_batch_id())
    progress.report(phase="undoing", current=0, total=len(ids))
    position = 0
    try:
        while position < len(ids):
            progress.raise_if_cancelled()
            with turns.turn() as turn:
                position += _undo_chunk(ids[position : position + _CHUNK], report.batch_id, report, turn)
            progress.report(current=position, succeeded=report.undone, failed=report.conflict_count)
    finally:
        if len(ids) > 1 and report.undone:
            _log_summary(batch_id, report, stopped_before=len(ids) - position)
    return report


def undoable_in_batch(batch_id: str, *, limit: int | None = None) -> list[int]:
    """Ids of the entries of a batch that can still be undone, in the order of undoing."""
    if not batch_id:
        return []
    rows = JournalEntry.objects.filter(batch_id=batch_id, undoable=True, undone_by=None, entity_type__in=_handlers)
    return list(rows.order_by("-pk").values_list("pk", flat=True)[:limit])  # the order in which they were written


def foresee_conflict(entry: JournalEntry) -> str:
    """What would keep :func:`undo_entry` from working, or "". Tries it and takes everything back."""
    handler = _handlers.get(entry.entity_type)
    if handler is None:
        return "Nothing knows how to undo this."
    try:
        with transaction.atomic(), collecting():
            handler(entry)
            transaction.set_rollback(True)
    except UndoConflict as conflict:
        return str(conflict)
    return ""


def _undo_chunk(ids: list[int], batch_id: str, report: UndoReport, turn: Turn) -> int:
    """Undo entries until the turn is over; return how many were dealt with (at least one)."""
    dealt = 0
    records: dict[int, list[JournalEntry]] = {}
    found = JournalEntry.objects.in_bulk(ids)
    while dealt < len(ids) and not (dealt and turn.is_over):
        alike = _alike([found[entry_id] for entry_id in ids[dealt : dealt + _TOGETHER] if entry_id in found])
        if len(alike) > 1:
            records |= _undo_together(alike, batch_id, report)
            dealt = ids.index(alike[-1].pk, dealt) + 1
            continue
        entry = found.get(ids[dealt])
        if entry is None:
            report.add_conflict(f"Entry {ids[dealt]} is no longer in the journal.")
        else:
            record = _undo_one(entry, batch_id, report)
            if record:
                records[entry.pk] = record
        dealt += 1
    _write_records(records)
    report.undone += len(records)
    return dealt


def _alike(entries: list[JournalEntry]) -> list[JournalEntry]:
    """The first of ``entries`` that can be undone together: of one type, each about an entity of its own."""
    alike: list[JournalEntry] = []
    about: set[int] = set()
    for entry in entries:
        entity_id = entry.entity_id
        if entry.entity_type not in _many or entry.entity_type != entries[0].entity_type or not can_undo(entry):
            break
        if entity_id is None or entity_id in about:
            break
        about.add(entity_id)
        alike.append(entry)
    return alike


def _undo_together(entries: list[JournalEntry], batch_id: str, report: UndoReport) -> dict[int, list[JournalEntry]]:
    """Undo entries of :func:`_alike` and return the records of those that were, to be written."""
    with transaction.atomic():
        conflicts = _many[entries[0].entity_type](entries)
    for entry in entries:
        if entry.pk in conflicts:
            _note_conflict(entry, conflicts[entry.pk], report)
    return {entry.pk: _record(entry, [], batch_id) for entry in entries if entry.pk not in conflicts}


def _undo_one(entry: JournalEntry, batch_id: str, report: UndoReport) -> list[JournalEntry]:
    """Undo one entry and return the record of it, to be written; nothing when a conflict was reported instead."""
    handler = _handlers.get(entry.entity_type)
    if entry.undone_by_id is not None:
        report.add_conflict(f"“{entry.entity_name}”: this was undone already.")
        return []
    if handler is None or not entry.undoable:
        report.add_conflict(f"“{entry.entity_name}”: this cannot be undone.")
        return []
    try:
        with transaction.atomic(), collecting() as gathered:  # a savepoint: one conflict takes back nothing but itself
            handler(entry)
    except UndoConflict as conflict:
        _note_conflict(entry, str(conflict), report)
        return []
    return _record(entry, gathered, batch_id)


def _note_conflict(entry: JournalEntry, sentence: str, report: UndoReport) -> None:
    logger.info("[JOURNAL] Entry %s not undone: %s", entry.pk, sentence)
    named = entry.entity_name[:20] in sentence
    report.add_conflict(sentence if named else f"“{entry.entity_name}”: {sentence}")


def _record(entry: JournalEntry, gathered: list[JournalEntry], batch_id: str) -> list[JournalEntry]:
    """What the undoing did: the entries that the handler wrote on the way, else ``entry`` with its values exchanged."""
    rows = gathered or [_reversed(entry)]
    common = batch_id or (new_batch_id() if len(rows) > 1 else "")
    for row in rows:
        row.batch_id = common
        if gathered:
            row.description = f"{_UNDID}{row.description}"
    return rows


def _write_records(records: dict[int, list[JournalEntry]]) -> None:
    """Write the records of undone entries and mark these. Unlike other journalling it must not fail alone."""
    if not records:
        return
    write_entries([row for rows in records.values() for row in rows])
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE tasks_app_journalentry SET undone_by_id = %s WHERE id = %s",
            [(rows[0].pk, entry_id) for entry_id, rows in records.items()],
        )


def _reversed(entry: JournalEntry) -> JournalEntry:
    return build_entry(
        entry.category,
        _opposite(entry.action_type),
        entity_type=entry.entity_type,
        entity_id=entry.entity_id,
        entity_name=entry.entity_name,
        description=_told_back(entry.description),
        before=entry.after_value,
        after=entry.before_value,
        undoable=True,
    )


def _opposite(action_type: str) -> str:
    """``group_create`` → ``group_delete``; an update stays an update."""
    start, separator, verb = action_type.rpartition("_")
    return start + separator + {"create": "delete", "delete": "create", "add": "remove", "remove": "add"}.get(verb, verb)


def _told_back(description: str) -> str:
    """Undoing an undoing is called redoing, and back again, instead of "Undid: Undid: …"."""
    if description.startswith(_UNDID):
        return _REDID + description.removeprefix(_UNDID)
    return _UNDID + description.removeprefix(_REDID)


def _log_summary(batch_id: str, report: UndoReport, *, stopped_before: int) -> None:
    try:
        origin = JournalEntry.objects.filter(batch_id=batch_id).order_by("-timestamp", "-id").first()
    except DatabaseError:
        logger.exception("[JOURNAL] Batch %s could not be read for its summary", batch_id)
        return
    problems = f", {report.conflict_count:,} could not be" if report.conflict_count else ""
    if stopped_before:
        problems += f", stopped before the other {stopped_before:,}"
    log_entry(
        origin.category if origin else "task",
        "undo",
        entity_type="journal_batch",
        entity_name=f"Batch {batch_id}",
        description=f"Undid batch {batch_id}: {counted(report.undone, 'change')} taken back{problems}.",
        after={"undone": report.undone, "conflicts": report.conflict_count, "batch": batch_id},
        batch_id=report.batch_id,
    )
