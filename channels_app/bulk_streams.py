"""Reads the selected streams for bulk creation, in the order in which the operator sees them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Q, QuerySet

from channels_app.bulk_options import Selection
from channels_app.chunks import chunked
from m3u_app.models import Stream, StreamGroup
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


@dataclass
class SelectedStreams:
    """``missing`` ids do not exist any more; ``stale`` streams of whole groups were left out: the provider dropped them."""

    sections: list[Section] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    stale: int = 0

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
