"""All streams as one list for programs, and their groups with counts (10 §3, §21.2).

The whole result is sorted, not one page of it: by name the database does it on an index; by quality, which is read out of the
names (10 §12.1), all names that were found are looked at once and no more of them kept than the page needs.
"""

import heapq
import re
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from channels_app.naming.quality import quality_priority
from channels_app.numbering import natural_key
from m3u_app.models import Stream, StreamGroup
from m3u_app.search import grouped_counts, matching_streams

STREAM_ORDERS = ("name", "-name", "quality", "-quality")
_COLUMNS = (
    *("name", "url", "tvg_id", "station_id", "logo_url", "stream_chno", "is_custom", "is_stale", "first_seen", "updated_at"),
    *("account__name", "group__name"),
)


@dataclass(frozen=True)
class StreamList:
    """``accounts`` empty = all, 0 = those of no account; ``group``: a group's name, whatever its case."""

    text: str = ""
    accounts: tuple[int, ...] = ()
    group: str = ""
    sort: str = "name"
    page: int = 1
    size: int = 100


def stream_page(wanted: StreamList) -> tuple[list[Stream], int]:
    """One page of the streams and how many there are in all. Six queries at most for pages up to a thousand."""
    streams = _of_accounts(Stream.objects.all(), wanted.accounts)
    if wanted.group:
        groups = StreamGroup.objects.filter(_named(wanted.group))
        streams = streams.filter(group_id__in=list(groups.values_list("pk", flat=True)))
    streams = matching_streams(streams, wanted.text)
    start = (wanted.page - 1) * wanted.size
    total = streams.count()
    ids = _ids_in_order(streams, wanted.sort, start, start + wanted.size) if start < total else []
    return streams_by_id(ids), total


def streams_by_id(stream_ids: Collection[int]) -> list[Stream]:
    """Streams with their account and group, in the order of the ids; those that do not exist are left out."""
    found = Stream.objects.select_related("account", "group").only(*_COLUMNS).in_bulk(list(stream_ids))
    return [found[pk] for pk in dict.fromkeys(stream_ids) if pk in found]


@dataclass
class StreamGroupCount:
    """Groups of one name, of all the providers that have it."""

    name: str
    count: int
    account_ids: list[int]


def stream_group_counts(accounts: tuple[int, ...] = (), text: str = "") -> list[StreamGroupCount]:
    """How many streams there are by group name, in natural order; with ``text`` only those that match (10 §3).

    Names that differ in case only are one. Groups without a stream that counts are left out. Two queries at most.
    """
    groups = StreamGroup.objects.filter(stream_count__gt=0)
    if accounts:
        groups = groups.filter(account_id__in=accounts)
    hits = grouped_counts(_of_accounts(Stream.objects.all(), accounts), text) if text else None
    found: dict[str, StreamGroupCount] = {}
    for pk, account_id, name, stored in groups.order_by("pk").values_list("pk", "account_id", "name", "stream_count"):
        count = stored if hits is None else hits.get(pk, 0)
        if count:
            row = found.setdefault(name.casefold(), StreamGroupCount(name, 0, []))
            row.count += count
            if account_id not in row.account_ids:
                row.account_ids.append(account_id)
    return sorted(found.values(), key=lambda row: (natural_key(row.name), row.name))


def _of_accounts(streams: QuerySet[Stream], accounts: tuple[int, ...]) -> QuerySet[Stream]:
    if not accounts:
        return streams
    wanted = Q(account_id__in=[pk for pk in accounts if pk])
    return streams.filter(wanted | Q(account=None) if 0 in accounts else wanted)


def _named(name: str) -> Q:
    """SQLite ignores case only for ASCII letters."""
    return Q(name__iexact=name) if name.isascii() else Q(name__iregex=rf"^{re.escape(name)}$")


def _ids_in_order(streams: QuerySet[Stream], sort: str, start: int, stop: int) -> list[int]:
    if not sort.endswith("quality"):
        terms = ("-name", "-pk") if sort == "-name" else ("name", "pk")
        return list(streams.order_by(*terms).values_list("pk", flat=True)[start:stop])
    sign = -1 if sort == "-quality" else 1
    rows = streams.order_by().values_list("pk", "name").iterator(chunk_size=5000)
    best = heapq.nsmallest(stop, ((sign * quality_priority(name), name, pk) for pk, name in rows))
    return [pk for _, _, pk in best[start:]]
