"""One page of the journal: entries, folded batches, counts that are honest and cheap (50 §2.3)."""

from dataclasses import dataclass

from django.db.models import Max

from tasks_app import journal_find, journal_tally
from tasks_app.journal_batches import BatchLine, batch_lines
from tasks_app.journal_filter import JournalFilter
from tasks_app.models import JournalEntry
from tasks_app.undo import can_undo

_NEWER_LIMIT = 20_000  # entries written while somebody pages; beyond, pages shift rather than take long


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
    """``total`` counts entries, ``lines`` counts lines; a search counts no further than its limit and then is not exact.

    ``upto`` holds the list still while paging.
    """

    rows: list[Row]
    number: int
    size: int
    upto: int
    has_next: bool
    total: int
    lines: int
    total_is_exact: bool
    folded: bool

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def pages(self) -> int:
        """How many pages there are (1 when empty). Meaningful only while ``total_is_exact``."""
        return max(1, -(-self.lines // self.size))


def journal_page(wanted: JournalFilter, *, number: int, size: int, upto: int = 0, every: bool = False) -> JournalPage:
    """Read page ``number`` (from 1). ``upto`` is the newest id that counts, so that new entries shift nothing; 0 = now.

    ``every`` shows each entry of a batch on a line of its own. The number of queries depends on nothing but the kind of filter.
    """
    folded = wanted.folds_batches and not every
    newest = JournalEntry.objects.aggregate(newest=Max("id"))["newest"] or 0
    upto = min(upto, newest) or newest
    newer = _newer_than(wanted, upto, folded=folded) if upto < newest else 0
    total, lines, exact = _counts(wanted, folded=folded)
    ids = _ids(wanted, (number - 1) * size + newer, size + 1, upto=upto, folded=folded)
    return JournalPage(
        rows=_rows(_entries(ids[:size]), folded=folded),
        number=number,
        size=size,
        upto=upto,
        has_next=len(ids) > size,
        total=total,
        lines=max(0, lines - newer),
        total_is_exact=exact,
        folded=folded,
    )


def page_of_entries(wanted: JournalFilter, *, number: int, size: int) -> list[JournalEntry]:
    """The entries of page ``number`` (from 1) with their values, each on its own, as they are now."""
    newest = JournalEntry.objects.aggregate(newest=Max("id"))["newest"] or 0
    ids = _ids(wanted, (number - 1) * size, size, upto=newest, folded=False)
    found = JournalEntry.objects.in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def total_of(wanted: JournalFilter) -> int:
    """How many entries match, exactly."""
    if wanted.text:
        return journal_find.count(wanted, limit=JournalEntry.objects.count())[0]
    if wanted.is_tallied:
        return journal_tally.count(wanted).entries
    return wanted.entries().count()


def _counts(wanted: JournalFilter, *, folded: bool) -> tuple[int, int, bool]:
    """Entries, lines, and whether that is all."""
    if wanted.text:
        counted, exact = journal_find.count(wanted)
        return counted, counted, exact
    if not wanted.is_tallied:
        total = total_of(wanted)
        return total, total, True
    counts = journal_tally.count(wanted)
    return counts.entries, counts.lines if folded else counts.entries, True


def _newer_than(wanted: JournalFilter, upto: int, *, folded: bool) -> int:
    """Lines that came since the reader began: pages begin that much later, so nothing is shown twice."""
    if wanted.text:
        return 0  # found by id, which ``upto`` limits already
    entries = wanted.entries().filter(pk__gt=upto)
    return (entries.filter(leads=True) if folded else entries).order_by("-pk")[:_NEWER_LIMIT].count()


def _ids(wanted: JournalFilter, offset: int, limit: int, *, upto: int, folded: bool) -> list[int]:
    """Ids first: skipping rows in an index is cheap, skipping rows with their values is not."""
    if wanted.text:
        return journal_find.find_ids(wanted, offset=offset, limit=limit, below=upto + 1)
    entries = wanted.entries()
    if wanted.is_tallied:
        place = journal_tally.place(wanted, offset, lines=folded)
        offset = place.skip
        if place.before is not None:
            entries = entries.filter(timestamp__lt=place.before)
    if folded:
        entries = entries.filter(leads=True)
    return list(entries.values_list("pk", flat=True)[offset : offset + limit])


def _entries(ids: list[int]) -> list[JournalEntry]:
    found = JournalEntry.objects.defer("before_value", "after_value").in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def _rows(entries: list[JournalEntry], *, folded: bool) -> list[Row]:
    batches = batch_lines(entries) if folded else {}
    return [_row(entry, batches.get((entry.batch_id, entry.category))) for entry in entries]


def _row(entry: JournalEntry, batch: BatchLine | None) -> Row:
    if batch is None or batch.entries < 2:
        return Row(entry, entry.description, 0, can_undo(entry), False)
    text = batch.summary or f"{entry.description} … and {batch.entries - 1:,} more"
    changes = batch.entries - bool(batch.summary)  # the summary tells of them and is none itself
    return Row(entry, text, changes, can_undo(entry), batch.can_undo)
