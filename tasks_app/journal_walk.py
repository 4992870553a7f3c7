"""Goes through all entries that match a filter, newest first, however many: a thousand at a time, in flat memory.

No read stays open between two portions, so the write-ahead log can shrink while a slow reader takes an hour.
"""

from collections.abc import Iterator

from tasks_app import journal_find
from tasks_app.journal_filter import JournalFilter
from tasks_app.models import JournalEntry

AT_ONCE = 1000


def walk(wanted: JournalFilter, *, at_once: int = AT_ONCE) -> Iterator[JournalEntry]:
    """Yield entries with their values. Entries written meanwhile are left out; those deleted meanwhile simply do not come."""
    portion = _found_by_text if wanted.text else _in_order
    newest = JournalEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    last: JournalEntry | None = None
    while newest is not None:
        entries = portion(wanted, newest, last, at_once)
        yield from entries
        if len(entries) < at_once:
            return
        last = entries[-1]


def _in_order(wanted: JournalFilter, newest: int, last: JournalEntry | None, at_once: int) -> list[JournalEntry]:
    entries = wanted.entries().filter(pk__lte=newest)
    if last is not None:
        # The range on time is what the index serves; the rest only leaves out the few of that very moment that came already.
        entries = entries.filter(timestamp__lte=last.timestamp).exclude(timestamp=last.timestamp, pk__gte=last.pk)
    ids = list(entries.values_list("pk", flat=True)[:at_once])
    return _read(ids)


def _found_by_text(wanted: JournalFilter, newest: int, last: JournalEntry | None, at_once: int) -> list[JournalEntry]:
    below = newest + 1 if last is None else last.pk
    return _read(journal_find.find_ids(wanted, offset=0, limit=at_once, below=below))


def _read(ids: list[int]) -> list[JournalEntry]:
    found = JournalEntry.objects.in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]
