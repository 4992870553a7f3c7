"""Reads the selected streams for bulk creation, in the order in which the operator sees them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from django.db.models import Q, QuerySet

from channels_app.bulk_options import Selection
from channels_app.chunks import chunked
from m3u_app.models import Account, Stream, StreamGroup
from m3u_app.search import matching_streams

IDS_AT_ONCE = 5_000  # ids in one query: far below SQLite's limit of 32,766 values, and few queries for a large selection
UNGROUPED = 0

_FIELDS = ("id", "name", "account_id", "group_id", "tvg_id", "logo_url", "station_id")


class StreamRow(NamedTuple):
    id: int
    name: str
    account_id: int | None
    group_id: int | None
    tvg_id: str
    logo_url: str
    station_id: str


@dataclass
class Section:
    """Selected streams of one provider group. Groups of the same name in several accounts are one section.

    ``key`` is the lowest id of those groups, 0 for streams without a group: it names the section in a form.
    """

    key: int
    name: str
    streams: list[StreamRow] = field(default_factory=list)


Stations = dict[tuple[int | None, str], str]
"""Gracenote ids by provider and guide id in small letters."""


@dataclass
class SelectedStreams:
    """``missing`` ids do not exist any more; ``stale`` streams of whole groups were left out: the provider dropped them.

    ``elsewhere``: Gracenote ids that the providers' playlists know for guide ids of streams that have none of their own.
    """

    sections: list[Section] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    stale: int = 0
    elsewhere: Stations = field(default_factory=dict)

    @property
    def stations(self) -> Stations:
        """Gracenote ids by provider and guide id, for streams that lack their own (10 §10.3 step 8)."""
        found: Stations = {}
        for section in self.sections:
            for row in section.streams:
                if row.station_id and row.tvg_id:
                    found.setdefault((row.account_id, row.tvg_id.strip().casefold()), row.station_id)
        return {**self.elsewhere, **found}

    @property
    def count(self) -> int:
        return sum(len(section.streams) for section in self.sections)


def read_selection(selection: Selection) -> SelectedStreams:
    """Read what is selected, each stream once: single ones first, then groups, then accounts.

    Streams of whole groups and accounts come in playlist order, without stale ones; of accounts, only groups that are
    switched on. The number of queries depends on the selection only by one for every 5,000 single ids.
    """
    found = SelectedStreams()
    seen: set[int] = set(selection.excluded_ids)
    rows: list[StreamRow] = []

    def take(more: Iterable[StreamRow]) -> None:
        for row in more:
            if row.id not in seen:
                seen.add(row.id)
                rows.append(row)

    wanted = list(dict.fromkeys(selection.stream_ids))
    single = dict(_by_ids(wanted))
    found.missing = [stream_id for stream_id in wanted if stream_id not in single]
    take(single[stream_id] for stream_id in wanted if stream_id in single)
    for streams in _whole(selection):
        take(
            StreamRow._make(row) for row in streams.filter(is_stale=False).order_by("id").values_list(*_FIELDS).iterator(20_000)
        )
        found.stale += streams.filter(is_stale=True).exclude(pk__in=selection.stream_ids[:IDS_AT_ONCE]).count()
    found.sections = _sections(rows, selection)
    found.elsewhere = _stations_elsewhere(rows)
    return found


def _stations_elsewhere(rows: list[StreamRow]) -> Stations:
    """What the providers say elsewhere in their playlists about guide ids of streams without a Gracenote id."""
    lacking = {(row.account_id, row.tvg_id.strip().casefold()) for row in rows if row.tvg_id and not row.station_id}
    accounts = {account_id for account_id, _ in lacking if account_id is not None}
    found: Stations = {}
    for account_id, refreshed_at in Account.objects.filter(pk__in=accounts).values_list("pk", "updated_at"):
        known = _read_stations(account_id) if refreshed_at is None else _stations_since(account_id, refreshed_at)
        found |= {key: known[key[1]] for key in lacking if key[0] == account_id and key[1] in known}
    return found


@lru_cache(maxsize=4)
def _stations_since(account_id: int, refreshed_at: datetime) -> dict[str, str]:
    """Kept until the provider is refreshed again: a preview is made anew with every change in the dialog."""
    return _read_stations(account_id)


def _read_stations(account_id: int) -> dict[str, str]:
    """Gracenote ids of a provider by guide id; the first of several."""
    found: dict[str, str] = {}
    known = Stream.objects.filter(account_id=account_id).exclude(station_id="").exclude(tvg_id="").order_by("pk")
    for tvg_id, station_id in known.values_list("tvg_id", "station_id").iterator(20_000):
        found.setdefault(tvg_id.strip().casefold(), station_id)
    return found


def stream_names(stream_ids: Iterable[int]) -> dict[int, str]:
    """Names of some streams, for messages and previews."""
    found: dict[int, str] = {}
    for ids in chunked(list(stream_ids), IDS_AT_ONCE):
        found.update(Stream.objects.filter(pk__in=ids).values_list("pk", "name"))
    return found


def _by_ids(stream_ids: list[int]) -> Iterator[tuple[int, StreamRow]]:
    for ids in chunked(stream_ids, IDS_AT_ONCE):
        for row in Stream.objects.filter(pk__in=ids).values_list(*_FIELDS):
            yield row[0], StreamRow._make(row)


def _whole(selection: Selection) -> list[QuerySet[Stream]]:
    """Querysets for whole groups and accounts."""
    found: list[QuerySet[Stream]] = []
    if selection.group_ids:
        in_groups = Q(group_id__in=selection.group_ids)
        found.append(Stream.objects.filter(in_groups | Q(group=None) if UNGROUPED in selection.group_ids else in_groups))
    if selection.account_ids:
        switched_on = Q(group=None) | Q(group__enabled=True)
        found.append(Stream.objects.filter(switched_on, account_id__in=selection.account_ids))
    if selection.search:
        found = [matching_streams(streams, selection.search) for streams in found or [Stream.objects.all()]]
    return found


def _sections(rows: list[StreamRow], selection: Selection) -> list[Section]:
    """Sections in the order of the selected groups, then as the playlist has them; streams without a group last."""
    names = _group_names({row.group_id for row in rows if row.group_id is not None})
    place = {group_id: number for number, group_id in enumerate(selection.group_ids)}
    by_name: dict[str, Section] = {}
    order: dict[str, tuple[int, int]] = {}
    for row in rows:
        name = names.get(row.group_id, "") if row.group_id is not None else ""
        label = name.strip().casefold()
        key = row.group_id if row.group_id is not None and label else UNGROUPED
        section = by_name.get(label)
        if section is None:
            section = by_name[label] = Section(key, name.strip())
        section.key = min(section.key, key)
        rank = (place.get(key, len(place)), key) if key else (len(place) + 1, 0)
        order[label] = min(order.get(label, rank), rank)
        section.streams.append(row)
    return [by_name[label] for label in sorted(by_name, key=lambda label: order[label])]


def _group_names(group_ids: set[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for ids in chunked(sorted(group_ids), IDS_AT_ONCE):
        found.update(StreamGroup.objects.filter(pk__in=ids).values_list("pk", "name"))
    return found
