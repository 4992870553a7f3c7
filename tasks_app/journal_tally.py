"""Counts the journal and finds places in it without reading it: the tally knows how many entries each hour holds.

Exact at any size: whole hours come from the tally, the pieces of hours at both ends of a time range from the entries.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Q, QuerySet, Sum

from tasks_app.journal_filter import JournalFilter
from tasks_app.models import JournalBatch, JournalEntry, JournalTally

_HOUR = timedelta(hours=1)
_HOUR_FORMAT = "%Y-%m-%d %H"
_ALL_HOURS = ""  # these rows of the tally hold the sums of all hours
NEAR = 2_000  # lines that are skipped one by one sooner than looked up


@dataclass(frozen=True)
class Place:
    """Where a page begins: ``skip`` lines after the newest one that is older than ``before`` (None = the newest of all)."""

    before: datetime | None
    skip: int


@dataclass(frozen=True)
class Statistics:
    """Figures of the whole journal; most frequent first. ``oldest`` and ``newest`` are None while it is empty."""

    total: int
    categories: dict[str, int]
    actions: dict[str, int]
    oldest: datetime | None
    newest: datetime | None

    @property
    def action_names(self) -> list[str]:
        return sorted(self.actions)


def statistics() -> Statistics:
    """How many entries there are in all, per category and per action, and the time they span. Three queries."""
    categories: dict[str, int] = {}
    actions: dict[str, int] = {}
    whole = JournalTally.objects.filter(hour=_ALL_HOURS).order_by()
    rows = whole.values_list("category", "action_type").annotate(count=Sum("entries"))
    for category, action, count in rows:
        categories[category] = categories.get(category, 0) + count
        actions[action] = actions.get(action, 0) + count
    # One at a time: asked for both at once, SQLite reads the whole index.
    by_time = JournalEntry.objects.order_by("timestamp").values_list("timestamp", flat=True)
    oldest, newest = (by_time.first(), by_time.last()) if categories else (None, None)
    return Statistics(sum(categories.values()), _by_size(categories), _by_size(actions), oldest, newest)


@dataclass(frozen=True)
class Counts:
    """How many entries match, and how many lines they make with bulk changes folded."""

    entries: int
    lines: int


def count(wanted: JournalFilter) -> Counts:
    """Count a filter that is tallied (:attr:`JournalFilter.is_tallied`)."""
    timed = wanted.since is not None or wanted.until is not None
    tally = _whole_hours(wanted) if timed else _tally(wanted).filter(hour=_ALL_HOURS)
    whole = tally.aggregate(entries=Sum("entries"), lines=Sum("lines"))
    pieces = [
        piece.entries().order_by().aggregate(entries=Count("pk"), lines=Count("pk", filter=Q(leads=True)))
        for piece in _pieces(wanted)
    ]
    return Counts(*(sum(part[name] or 0 for part in (whole, *pieces)) for name in ("entries", "lines")))


def count_batch(batch_id: str, category: str = "") -> int:
    """How many entries a bulk operation wrote, in one category or in all."""
    parts = JournalBatch.objects.filter(batch_id=batch_id)
    if category:
        parts = parts.filter(category=category)
    return parts.aggregate(total=Sum("entries"))["total"] or 0


def place(wanted: JournalFilter, offset: int, *, lines: bool = False) -> Place:
    """Where the line number ``offset`` (from 0, newest first) of a tallied filter is."""
    if offset <= NEAR:
        return Place(None, offset)
    before: datetime | None = None
    for start, held in _hours(wanted, lines=lines):
        if offset < held:
            break
        offset -= held
        before = start
    return Place(before, offset)


def _hours(wanted: JournalFilter, *, lines: bool) -> Iterator[tuple[datetime, int]]:
    """Start of each hour that holds matching entries and how many, newest first; the ends may be pieces of hours."""
    pieces = [(piece.until, piece) for piece in _pieces(wanted)]
    newest = [piece for _, piece in pieces if piece.until == wanted.until and wanted.until is not None]
    oldest = [piece for _, piece in pieces if piece not in newest]
    for piece in newest:
        yield _start_of(piece.until), _entries(piece, lines=lines).count()  # type: ignore[arg-type]  # it has an end
    counted = _whole_hours(wanted).order_by("-hour").values_list("hour").annotate(held=Sum("lines" if lines else "entries"))
    for hour, held in counted:
        yield datetime.strptime(hour, _HOUR_FORMAT).replace(tzinfo=UTC), held
    for piece in oldest:
        yield _start_of(piece.since), _entries(piece, lines=lines).count()  # type: ignore[arg-type]  # it has a beginning


def _tally(wanted: JournalFilter) -> QuerySet[JournalTally]:
    tally = JournalTally.objects.order_by()
    if wanted.category:
        tally = tally.filter(category=wanted.category)
    if wanted.action:
        tally = tally.filter(action_type=wanted.action)
    if wanted.user_initiated is not None:
        tally = tally.filter(user_initiated=wanted.user_initiated)
    return tally


def _whole_hours(wanted: JournalFilter) -> QuerySet[JournalTally]:
    """The hours that lie wholly in the time range."""
    tally = _tally(wanted).filter(hour__gt=_ALL_HOURS if wanted.since is None else _hour_of(wanted.since))
    return tally if wanted.until is None else tally.filter(hour__lt=_hour_of(wanted.until))


def _pieces(wanted: JournalFilter) -> list[JournalFilter]:
    """The parts of hours at both ends of the time range, the newer first."""
    since, until = wanted.since, wanted.until
    if since is not None and until is not None and _hour_of(since) == _hour_of(until):
        return [wanted]
    pieces = []
    if until is not None:
        pieces.append(replace(wanted, since=_start_of(until)))
    if since is not None:
        pieces.append(replace(wanted, until=_start_of(since) + _HOUR - timedelta(microseconds=1)))
    return pieces


def _entries(wanted: JournalFilter, *, lines: bool) -> QuerySet[JournalEntry]:
    entries = wanted.entries()
    return entries.filter(leads=True) if lines else entries


def _start_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _hour_of(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_HOUR_FORMAT)


def _by_size(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
