"""Finds the entries that contain a text: through the index where that is quicker, entry by entry where that is.

Newest first means highest id first here: ids follow time for everything that is written as it happens.
"""

from collections.abc import Iterator

from tasks_app import journal_index, journal_tally
from tasks_app.journal_filter import JournalFilter
from tasks_app.journal_index import Conditions, Match, Walk, as_stored

COUNT_LIMIT = 2_000  # counting further costs more than the answer is worth; the page says "more than 2,000"
_FEW = 15_000  # entries that are read one by one sooner than the index is asked about all its matches


def find_ids(wanted: JournalFilter, *, offset: int, limit: int, below: int | None = None) -> list[int]:
    """Ids of entries that match ``wanted``, text included, newest first, from position ``offset`` on.

    ``below`` leaves out that id and everything newer.
    """
    parts = _parts(wanted, below)
    found: list[int] = []
    for part in parts:
        taken = part.ids(offset=offset, limit=limit - len(found), below=below)
        if not taken and offset:
            offset -= part.count(offset, below=below)
        else:
            offset = 0
        found += taken
        if len(found) >= limit:
            break
    return found


def count(wanted: JournalFilter, limit: int = COUNT_LIMIT) -> tuple[int, bool]:
    """How many entries match, and whether that is all: counting stops at ``limit``."""
    counted = 0
    for part in _parts(wanted, None):
        counted += part.count(limit + 1 - counted)
        if counted > limit:
            return limit, False
    return counted, True


class _Few:
    """So few entries remain without the text that all of them are looked into."""

    def __init__(self, wanted: JournalFilter, up_to: int) -> None:
        entries = wanted.entries().filter(wanted.contains_text(), pk__lte=up_to)
        self._ids = sorted(entries.values_list("pk", flat=True), reverse=True)

    def ids(self, *, limit: int, offset: int = 0, below: int | None = None) -> list[int]:
        return self._below(below)[offset : offset + limit]

    def count(self, limit: int, *, below: int | None = None) -> int:
        return min(limit, len(self._below(below)))

    def _below(self, below: int | None) -> list[int]:
        return self._ids if below is None else [pk for pk in self._ids if pk < below]


def _parts(wanted: JournalFilter, below: int | None) -> Iterator[Walk | Match | _Few]:
    """First what the index does not hold yet, then the rest by the cheaper way."""
    indexed = journal_index.indexed_up_to()
    spellings = tuple(wanted.spellings())
    conditions = _conditions(wanted)
    if below is None or below > indexed + 1:
        yield Walk(spellings, conditions, above=indexed)
    if wanted.narrows and _is_few(wanted):
        yield _Few(wanted, indexed)
        return
    query = journal_index.query_for(wanted.text)
    yield Walk(spellings, conditions, up_to=indexed) if query is None else Match(query, conditions)


def _is_few(wanted: JournalFilter) -> bool:
    """Whether what remains without the text is little."""
    rest = wanted.without_text()
    if rest.batch_id:
        return journal_tally.count_batch(rest.batch_id, rest.category) <= _FEW
    return rest.entity_id is not None or journal_tally.count(rest).entries <= _FEW


def _conditions(wanted: JournalFilter) -> Conditions:
    asked = {
        "entry.category = %s": wanted.category or None,
        "entry.action_type = %s": wanted.action or None,
        "entry.timestamp >= %s": None if wanted.since is None else as_stored(wanted.since),
        "entry.timestamp <= %s": None if wanted.until is None else as_stored(wanted.until),
        "entry.user_initiated = %s": wanted.user_initiated,
        "entry.batch_id = %s": wanted.batch_id or None,
        "entry.entity_id = %s": wanted.entity_id,
    }
    applied = {clause: value for clause, value in asked.items() if value is not None}
    return Conditions(tuple(applied), tuple(applied.values()))
