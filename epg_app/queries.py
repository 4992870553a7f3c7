"""Reads programmes: for publishing, for grids, and what is on now."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from epg_app.models import Programme
from epg_app.raw_sql import fetch_all, id_list, plain_columns, stored_time

ENTRIES_AT_ONCE = 50  # about 10,000 programmes of a week: one short read each


class Airing(NamedTuple):
    """One programme, decoded. ``extra``: see :mod:`epg_app.programme_extra`."""

    entry_id: int
    start: datetime
    stop: datetime
    title: str
    sub_title: str
    description: str
    categories: list[str]
    season: int | None
    episode: int | None
    icon_url: str
    extra: dict[str, Any]
    stop_is_derived: bool


class RawAiring(NamedTuple):
    """One programme as it lies in the database: times as UTC text ``2026-03-01 20:00:00``, JSON as text.

    For whoever writes hundreds of thousands of them; everybody else takes :class:`Airing`.
    """

    entry_id: int
    start: str
    stop: str
    title: str
    sub_title: str
    description: str
    categories: str
    season: int | None
    episode: int | None
    icon_url: str
    extra: str
    stop_is_derived: int


class NowAiring(NamedTuple):
    title: str
    start: datetime
    stop: datetime


def programmes_for(entry_ids: Iterable[int], *, start: datetime, stop: datetime) -> Iterator[Airing]:
    """Programmes that overlap ``start`` … ``stop`` (aware), entry by entry in the order given, each by start.

    Reads a few entries at a time, never with a cursor left open while the caller works.
    """
    for portion in _portions(entry_ids):
        rows = Programme.objects.filter(entry_id__in=portion, start__lt=stop, stop__gt=start)
        by_entry: dict[int, list[Airing]] = {}
        for values in rows.order_by("entry_id", "start").values_list(*Airing._fields):
            by_entry.setdefault(values[0], []).append(Airing(*values))
        for entry_id in portion:
            yield from by_entry.get(entry_id, ())


def raw_programmes_for(entry_ids: Iterable[int], *, start: datetime, stop: datetime) -> Iterator[RawAiring]:
    """Like :func:`programmes_for`, several times as fast, undecoded."""
    sql = (
        f"SELECT {plain_columns(RawAiring._fields)} FROM epg_app_programme WHERE entry_id IN (SELECT value FROM json_each(%s))"  # noqa: S608
        " AND start < %s AND stop > %s ORDER BY entry_id, start"
    )
    for portion in _portions(entry_ids):
        by_entry: dict[int, list[RawAiring]] = {}
        for values in fetch_all(sql, (id_list(portion), stored_time(stop), stored_time(start))):
            by_entry.setdefault(values[0], []).append(RawAiring._make(values))
        for entry_id in portion:
            yield from by_entry.get(entry_id, ())


def now_airing(entry_ids: Sequence[int], *, at: datetime) -> dict[int, NowAiring]:
    """What each entry shows at ``at``; entries without a programme then are missing. One query."""
    rows = Programme.objects.filter(entry_id__in=entry_ids, start__lte=at, stop__gt=at).order_by("start")
    return {
        entry_id: NowAiring(title, start, stop)
        for entry_id, title, start, stop in rows.values_list("entry_id", "title", "start", "stop")
    }


def _portions(entry_ids: Iterable[int]) -> Iterator[list[int]]:
    remaining = iter(dict.fromkeys(entry_ids))
    while portion := list(islice(remaining, ENTRIES_AT_ONCE)):
        yield portion
