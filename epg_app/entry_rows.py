"""What the pages about guide channels show: a searched list, and one guide channel with its programmes day by day.

Days are days of the operator's time zone (``timezone.get_current_timezone``).
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Final

from django.db.models import Max, Min
from django.utils import timezone

from epg_app.find_entries import search_entries
from epg_app.mapped_entries import mapped_ids
from epg_app.models import GuideEntry, Programme
from epg_app.queries import Airing, NowAiring, now_airing, programmes_for

PAGE_SIZE: Final = 100
DAY_LIMIT: Final = 500
"""Programmes shown of one day: a minute each would be 1,440, and nobody reads those."""


@dataclass(frozen=True)
class EntryRow:
    """One guide channel in the list. ``entry`` knows nothing about its source beyond the id."""

    entry: GuideEntry
    source_name: str
    is_mapped: bool
    now: NowAiring | None


@dataclass(frozen=True)
class EntryList:
    """One page of hits."""

    rows: list[EntryRow]
    total: int
    page: int
    pages: int

    @property
    def page_before(self) -> int:
        return self.page - 1

    @property
    def page_after(self) -> int:
        return self.page + 1

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


@dataclass(frozen=True)
class EntryPage:
    """A guide channel and one day of its programmes. ``first_day`` is None when there are no programmes at all."""

    entry: GuideEntry
    is_mapped: bool
    now: NowAiring | None
    day: date
    first_day: date | None
    last_day: date | None
    airings: list[Airing]
    is_cut: bool

    @property
    def day_before(self) -> date | None:
        return self.day - timedelta(days=1) if self.first_day and self.day > self.first_day else None

    @property
    def day_after(self) -> date | None:
        return self.day + timedelta(days=1) if self.last_day and self.day < self.last_day else None


def list_entries(text: str, *, source_id: int | None = None, page: int = 1) -> EntryList:
    """Page ``page`` (from 1; a page beyond the end becomes the last one) of what the search finds (30 §7).

    With ``source_id`` only this source, even when it is switched off.
    """
    chosen = [source_id] if source_id is not None else []
    page = max(1, page)
    found = search_entries(
        text, source_ids=chosen, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE, active_only=source_id is None
    )
    pages = max(1, -(-found.total // PAGE_SIZE))
    if page > pages:
        return list_entries(text, source_id=source_id, page=pages)
    ids = [hit.entry_id for hit in found.entries]
    entries = GuideEntry.objects.defer("search_text").in_bulk(ids)
    airing = now_airing(ids, at=timezone.now())
    mapped = mapped_ids()
    rows = [
        EntryRow(entries[hit.entry_id], hit.source_name, hit.entry_id in mapped, airing.get(hit.entry_id))
        for hit in found.entries
        if hit.entry_id in entries
    ]
    return EntryList(rows, found.total, page, pages)


def read_entry_page(entry: GuideEntry, wanted: date | None = None) -> EntryPage:
    """The programmes of ``wanted``, by default of today, or else of the day nearest to it that the guide covers."""
    now = timezone.now()
    first_day, last_day = _covered_days(entry.pk)
    day = wanted or timezone.localdate(now)
    airings: list[Airing] = []
    if first_day and last_day:  # else there is nothing to look for
        day = min(max(day, first_day), last_day)
        begin, end = _midnight(day), _midnight(day + timedelta(days=1))
        airings = list(islice(programmes_for([entry.pk], start=begin, stop=end), DAY_LIMIT + 1))
    return EntryPage(
        entry=entry,
        is_mapped=entry.pk in mapped_ids(),
        now=now_airing([entry.pk], at=now).get(entry.pk),
        day=day,
        first_day=first_day,
        last_day=last_day,
        airings=airings[:DAY_LIMIT],
        is_cut=len(airings) > DAY_LIMIT,
    )


def _covered_days(entry_id: int) -> tuple[date | None, date | None]:
    found = Programme.objects.filter(entry_id=entry_id).aggregate(first=Min("start"), last=Max("start"))
    first, last = found["first"], found["last"]
    if first is None or last is None:
        return None, None
    return timezone.localdate(first), timezone.localdate(last)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())
