"""Bulk operations in the journal: as one line of the list, and as a whole (50 §2.3, J-2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, OuterRef, Subquery

from tasks_app.models import JournalBatch, JournalEntry
from tasks_app.undo import handled_types


@dataclass(frozen=True)
class BatchLine:
    """The part of a batch that lies in one category. ``summary`` is what its last entry says, when that speaks for all."""

    entries: int
    summary: str
    can_undo: bool


@dataclass(frozen=True)
class BatchPart:
    """How many entries of a batch tell of the same kind of change."""

    category: str
    action: str
    count: int


@dataclass(frozen=True)
class BatchOverview:
    """A bulk operation as a whole; the most frequent of its parts first."""

    batch_id: str
    entries: int
    summary: str
    user_name: str
    user_initiated: bool
    began_at: datetime
    ended_at: datetime
    parts: list[BatchPart]
    to_undo: int
    undone: int


def batch_lines(entries: Iterable[JournalEntry]) -> dict[tuple[str, str], BatchLine]:
    """What to show for the batches that ``entries`` lead, by batch and category. At most three queries."""
    batch_ids = {entry.batch_id for entry in entries if entry.batch_id}
    if not batch_ids:
        return {}
    in_order = JournalEntry.objects.order_by("-timestamp", "-id")
    last = in_order.filter(batch_id=OuterRef("batch_id"), category=OuterRef("category")).values("pk")[:1]
    parts = list(
        JournalBatch.objects.filter(batch_id__in=batch_ids, entries__gt=1)
        .annotate(last=Subquery(last))
        .values_list("batch_id", "category", "entries", "last")
    )
    if not parts:
        return {}
    lasts = JournalEntry.objects.only("description", "entity_id").in_bulk([part[3] for part in parts])
    open_batches = _with_something_to_undo({part[0] for part in parts})
    return {
        (batch_id, category): BatchLine(count, _summary(lasts.get(last_id)), batch_id in open_batches)
        for batch_id, category, count, last_id in parts
    }


def batch_overview(batch_id: str) -> BatchOverview | None:
    """The batch as a whole, or None when the journal knows none of that id. Four queries."""
    entries = JournalEntry.objects.filter(batch_id=batch_id).order_by()
    span = entries.aggregate(entries=Count("pk"), began=Min("timestamp"), ended=Max("timestamp"), undone=Count("undone_by"))
    if not span["entries"]:
        return None
    last = entries.order_by("-timestamp", "-id").only("description", "entity_id", "user_name", "user_initiated")[0]
    parts = entries.values_list("category", "action_type").annotate(count=Count("pk")).order_by("-count", "category")
    to_undo = entries.filter(undoable=True, undone_by=None, entity_type__in=handled_types()).count()
    return BatchOverview(
        batch_id=batch_id,
        entries=span["entries"],
        summary=_summary(last),
        user_name=last.user_name,
        user_initiated=last.user_initiated,
        began_at=span["began"],
        ended_at=span["ended"],
        parts=[BatchPart(category, action, count) for category, action, count in parts],
        to_undo=to_undo,
        undone=span["undone"],
    )


def _summary(last: JournalEntry | None) -> str:
    """Writers of bulk operations end with an entry about no single thing (J-2)."""
    return last.description if last is not None and last.entity_id is None else ""


def _with_something_to_undo(batch_ids: set[str]) -> set[str]:
    """Batches of which something can still be taken back; an index of its own holds exactly those entries."""
    first = JournalEntry.objects.filter(
        batch_id=OuterRef("batch_id"), undoable=True, undone_by=None, entity_type__in=handled_types()
    ).order_by("-pk")
    heads = JournalBatch.objects.filter(batch_id__in=batch_ids).annotate(found=Subquery(first.values("pk")[:1]))
    return set(heads.exclude(found=None).values_list("batch_id", flat=True))
