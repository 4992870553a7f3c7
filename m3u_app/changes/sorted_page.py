"""Which lines stand on a page of the sorted list, without sorting a million lines for the fifty that are shown."""

from collections.abc import Hashable, Sequence
from itertools import accumulate
from typing import Any

from django.db.models import F, QuerySet, Sum

from m3u_app.changes.filters import ChangeFilter
from m3u_app.changes.models import Change, ChangeTotal
from m3u_app.models import Account

FEW_VALUES = {"account": "account_id", "type": "change_type", "enabled": "enabled"}
"""Columns with a handful of values, by the name of the sort. The totals tell how many lines have each; an index by value
and time then leads straight to the page."""
_PLAIN = {"time": "at", "group": "group_name", "count": "count", **FEW_VALUES, "account": "account__name"}
SORTS = ("time", "account", "type", "group", "count", "enabled")
_NEWEST_FIRST = ("-at", "-pk")
_AMONG_EQUALS = {"time": ("-pk",), "count": ("-pk",)}  # as their indexes have it; by id comes to much the same as by time


def line_ids(wanted: ChangeFilter, sort: str, *, descending: bool, start: int, size: int) -> list[int]:
    """Ids of ``size`` lines from position ``start`` of the sorted list; among equals the newest come first."""
    totals = wanted.totals()
    if sort in FEW_VALUES and totals is not None and not wanted.in_use:  # what channels lost is little: that is simply sorted
        return _by_value(wanted.changes(), totals, FEW_VALUES[sort], descending=descending, start=start, size=size)
    column = F(_PLAIN[sort])
    found = wanted.changes().order_by(column.desc() if descending else column.asc(), *_AMONG_EQUALS.get(sort, _NEWEST_FIRST))
    # Ids only: skipping rows in an index is cheap, skipping rows with all their names is not.
    return list(found.values_list("pk", flat=True)[start : start + size])


def _by_value(
    lines: "QuerySet[Change]", totals: "QuerySet[ChangeTotal]", column: str, *, descending: bool, start: int, size: int
) -> list[int]:
    """Three questions at most: the end of the first value on the page, values that are on it whole, the begin of the last."""
    counts = dict(totals.order_by().values_list(column).annotate(lines=Sum("rows")))
    values = _in_order(column, [value for value, count in counts.items() if count], descending=descending)
    ends = list(accumulate((counts[value] for value in values), initial=0))
    on_page = [place for place in range(len(values)) if ends[place + 1] > start and ends[place] < start + size]
    if not on_page:
        return []
    first, whole, last = on_page[0], on_page[1:-1], on_page[-1]
    ids = _slice(lines.filter(**{column: values[first]}), start - ends[first], size)
    if whole:
        rank = {values[place]: place for place in whole}
        found = lines.filter(**{f"{column}__in": list(rank)}).order_by(*_NEWEST_FIRST).values_list(column, "pk")
        ids += [pk for value, pk in sorted(found, key=lambda line: rank[line[0]])]
    if last != first:
        ids += _slice(lines.filter(**{column: values[last]}), 0, size)
    return ids[:size]


def _slice(lines: "QuerySet[Change]", start: int, size: int) -> list[int]:
    return list(lines.order_by(*_NEWEST_FIRST).values_list("pk", flat=True)[start : start + size])


def _in_order(column: str, values: Sequence[Any], *, descending: bool) -> list[Any]:
    names: dict[Hashable, str] = {}
    if column == "account_id":  # sorted by what is shown
        names = dict(Account.objects.filter(pk__in=values).values_list("pk", "name"))
    return sorted(values, key=lambda value: (names.get(value, ""), value) if names else value, reverse=descending)
