"""What the page of changes reads: a page of lines, the cards above it, the streams behind a line (20 §10.4)."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL

from m3u_app.changes.filters import ChangeFilter
from m3u_app.changes.models import Change, ChangeBatch, ChangeType, StreamChange
from m3u_app.changes.sorted_page import line_ids
from m3u_app.changes.sum_up import kinds_behind
from m3u_app.search import clean_text

DEFAULT_SORT = "time"
PAGE_SIZES = (25, 50, 100)
DEFAULT_SIZE = 50
LAST_PAGE = 100_000


@dataclass(frozen=True)
class Sums:
    """Changes (lines) and streams in them, of one type."""

    rows: int = 0
    streams: int = 0


@dataclass(frozen=True)
class Summary:
    """What the cards show. Groups are counted by lines, streams by streams (20 §10.4)."""

    by_type: dict[str, Sums]
    in_use: int = 0

    @property
    def rows(self) -> int:
        return sum(sums.rows for sums in self.by_type.values())

    def of(self, change_type: str) -> int:
        """The number on the card of that type."""
        sums = self.by_type.get(change_type, Sums())
        return sums.rows if change_type.startswith("group_") else sums.streams


@dataclass(frozen=True)
class ChangePage:
    changes: list[Change]
    number: int
    size: int
    total: int

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        return self.first + len(self.changes) - 1

    @property
    def has_next(self) -> bool:
        return self.number * self.size < self.total


def summarise(wanted: ChangeFilter) -> Summary:
    """Add up what matches. Without a text it reads the totals, a few rows a refresh, however many changes there are."""
    totals = wanted.totals()
    rows: Iterable[tuple[str, int, int, int]]
    if totals is None:
        listed = wanted.changes().order_by().values_list("change_type")
        rows = listed.annotate(lines=Count("id"), streams=Sum("count"), used=Sum("in_use"))
    elif wanted.in_use:
        lost = totals.filter(in_use__gt=0).order_by().values_list("change_type")
        rows = lost.annotate(lines=Sum("rows_in_use"), found=Sum("in_use"), used=Sum("in_use"))
    else:
        added_up = totals.order_by().values_list("change_type")
        rows = added_up.annotate(lines=Sum("rows"), found=Sum("streams"), used=Sum("in_use"))
    found = list(rows)
    return Summary({kind: Sums(lines, streams) for kind, lines, streams, _ in found}, sum(used for *_, used in found))


def change_page(
    wanted: ChangeFilter,
    total: int,
    *,
    sort: str = DEFAULT_SORT,
    descending: bool = True,
    number: int = 1,
    size: int = DEFAULT_SIZE,
) -> ChangePage:
    """Read one page; ``total`` is what :func:`summarise` counted. The newest come first among equals."""
    number = max(1, min(number, LAST_PAGE, -(-total // size) or 1))
    ids = line_ids(wanted, sort, descending=descending, start=(number - 1) * size, size=size)
    found = Change.objects.select_related("account", "batch").defer("names", "batch__snapshot").in_bulk(ids)
    return ChangePage([found[pk] for pk in ids if pk in found], number, size, total)


def stream_changes(change: Change, text: str = "") -> "QuerySet[StreamChange]":
    """The streams behind a change, those that channels used first. With ``text`` only those named like it, if any are."""
    found = StreamChange.objects.filter(batch_id=change.batch_id, kind__in=kinds_behind(change.change_type))
    found = found.filter(group_id=change.group_id).order_by(RawSQL("used_by = '[]'", []), "id")
    wanted = clean_text(text)
    if wanted and wanted.lower() not in change.group_name.lower():
        named = found.filter(Q(name__icontains=wanted) | Q(before__icontains=wanted))
        return named if named.exists() else found
    return found


def has_any_change() -> bool:
    return ChangeBatch.objects.exists()


def type_choices() -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in ChangeType.choices]
