"""One page of the journal: entries, folded batches, counts that are honest and cheap (50 §2.3)."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, Exists, Max, OuterRef, QuerySet

from tasks_app.journal_filter import JournalFilter
from tasks_app.models import JournalEntry
from tasks_app.undo import can_undo, handled_types

COUNT_LIMIT = 5_000  # counting further costs more than the answer is worth; the page says "more than 5,000"
_CACHE_ABOVE = 50_000  # rows from which counting per category is worth remembering…
_CACHE_SECONDS = 30  # …for a few page views


@dataclass(frozen=True)
class Row:
    """One line of the list: an entry, or a batch folded behind its first entry."""

    entry: JournalEntry
    text: str
    batch_count: int
    can_undo: bool
    can_undo_batch: bool

    @property
    def is_batch(self) -> bool:
        return self.batch_count > 1

    @property
    def is_undone(self) -> bool:
        """Taken back; a batch only when nothing in it is left to take back."""
        return self.entry.undone_by_id is not None and not self.can_undo_batch


@dataclass(frozen=True)
class JournalPage:
    """``total`` counts entries (not lines) and stops at :data:`COUNT_LIMIT`. ``upto`` holds the list still while paging."""

    rows: list[Row]
    number: int
    size: int
    upto: int
    has_next: bool
    total: int
    total_is_exact: bool
    folded: bool

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


@dataclass(frozen=True)
class Counters:
    """How many entries there are in all, and per category and action, most frequent first."""

    total: int
    categories: dict[str, int]
    actions: list[str]


def journal_page(wanted: JournalFilter, *, number: int, size: int, upto: int = 0, every: bool = False) -> JournalPage:
    """Read page ``number`` (from 1). ``upto`` is the newest id that counts, so that new entries shift nothing; 0 = now.

    ``every`` shows each entry of a batch on a line of its own. Seven queries at most, however large the journal.
    """
    entries = wanted.entries()
    upto = upto or JournalEntry.objects.aggregate(newest=Max("id"))["newest"] or 0
    entries = entries.filter(pk__lte=upto)
    folded = wanted.folds_batches and not every
    lines = entries.filter(leads=True) if folded else entries
    start = (number - 1) * size
    # Ids first: skipping rows in an index is cheap, skipping joined rows with their values is not.
    found = list(lines.values_list("pk", flat=True)[start : start + size + 1])
    shown = _entries(found[:size])
    total, exact = _count(entries, start, len(found), size, folded=folded)
    return JournalPage(
        rows=_rows(shown, folded=folded),
        number=number,
        size=size,
        upto=upto,
        has_next=len(found) > size,
        total=total,
        total_is_exact=exact,
        folded=folded,
    )


def counters() -> Counters:
    """Totals for the header. Remembered for a few seconds once the journal is large."""
    total = JournalEntry.objects.count()
    if total < _CACHE_ABOVE:
        return _counted(total)
    remembered: Counters | None = cache.get("journal-counters")
    if remembered is None:
        remembered = _counted(total)
        cache.set("journal-counters", remembered, _CACHE_SECONDS)
    return remembered


def _counted(total: int) -> Counters:
    plain = JournalEntry.objects.order_by()
    categories = plain.values_list("category").annotate(count=Count("id")).order_by("-count", "category")
    actions = plain.values_list("action_type", flat=True).distinct().order_by("action_type")
    return Counters(total, dict(categories), list(actions))


def _entries(ids: list[int]) -> list[JournalEntry]:
    found = JournalEntry.objects.defer("before_value", "after_value").in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def _count(entries: QuerySet[JournalEntry], start: int, found: int, size: int, *, folded: bool) -> tuple[int, bool]:
    if not folded and found <= size and (found or not start):
        return start + found, True  # the last page tells the count by itself
    counted = entries[: COUNT_LIMIT + 1].count()  # in order: else SQLite starts at the oldest end of the table
    return min(counted, COUNT_LIMIT), counted <= COUNT_LIMIT


def _rows(entries: list[JournalEntry], *, folded: bool) -> list[Row]:
    sizes: dict[tuple[str, str], int] = {}
    newest: dict[tuple[str, str], JournalEntry] = {}
    open_batches: set[str] = set()
    batches = {entry.batch_id for entry in entries if entry.batch_id}
    if folded and batches:
        sizes, newest = _batches(batches)
        open_batches = _batches_to_undo(entry.pk for entry in entries if entry.batch_id)
    rows = []
    for entry in entries:
        kind = (entry.batch_id, entry.category)
        count = sizes.get(kind, 0)
        text = entry.description
        if count > 1:
            last = newest[kind]
            text = last.description if last.entity_id is None else f"{entry.description} … and {count - 1:,} more"
        rows.append(Row(entry, text, count, can_undo(entry), count > 1 and entry.batch_id in open_batches))
    return rows


def _batches(batch_ids: Iterable[str]) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], JournalEntry]]:
    """Size of each batch per category, and its newest entry: a summary, when the writer made one (J-2)."""
    grouped = JournalEntry.objects.filter(batch_id__in=list(batch_ids)).order_by().values("batch_id", "category")
    found = list(grouped.annotate(count=Count("id"), newest=Max("id")))
    entries = JournalEntry.objects.only("description", "entity_id").in_bulk([row["newest"] for row in found])
    sizes = {(row["batch_id"], row["category"]): row["count"] for row in found}
    newest = {(row["batch_id"], row["category"]): entries[row["newest"]] for row in found if row["newest"] in entries}
    return sizes, newest


def _batches_to_undo(entry_ids: Iterable[int]) -> set[str]:
    left = JournalEntry.objects.filter(
        batch_id=OuterRef("batch_id"), undoable=True, undone_by=None, entity_type__in=handled_types()
    )
    heads = JournalEntry.objects.filter(pk__in=list(entry_ids)).order_by()
    return set(heads.filter(Exists(left)).values_list("batch_id", flat=True))
