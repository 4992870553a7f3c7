"""In which order streams stand inside their group in the right pane (10 §2.3; the keys are those of STREAM_SORT_CHOICES).

By quality means what names say (10 §12.1). That cannot be asked from the database, so it is worked out for the names of
one group; groups beyond :data:`SORTED_BY_QUALITY` stand by name.
"""

from collections.abc import Iterable, Sequence
from itertools import islice

from django.db.models import QuerySet

from channels_app.naming.quality import quality_priority
from m3u_app.models import Stream

SORTED_BY_QUALITY = 20_000
_TERMS: dict[str, tuple[str, ...]] = {"-name": ("-name", "pk"), "new": ("-first_seen", "name", "pk")}


def in_order(streams: QuerySet[Stream], sort: str, *, offset: int, limit: int) -> Iterable[Stream]:
    """A page of ``streams``. One query; two by quality."""
    if sort == "quality":
        rows = list(streams.order_by("name", "pk").values_list("pk", "name")[: SORTED_BY_QUALITY + 1])
        if len(rows) <= SORTED_BY_QUALITY:
            wanted = list(islice(_best_first(rows), offset, offset + limit))
            found = streams.in_bulk(wanted)
            return [found[pk] for pk in wanted if pk in found]
    return streams.order_by(*_TERMS.get(sort, ("name", "pk")))[offset : offset + limit]


def hits_in_order(hits: Iterable[tuple[str, int]], sort: str) -> list[int]:
    """Ids of a few streams out of (name, id). Their ids stand for when they were first seen."""
    by_name = sorted(hits)
    if sort == "quality":
        return list(_best_first([(pk, name) for name, pk in by_name]))
    if sort == "new":
        return sorted((pk for _, pk in by_name), reverse=True)
    return [pk for _, pk in (reversed(by_name) if sort == "-name" else by_name)]


def _best_first(rows: Sequence[tuple[int, str]]) -> Iterable[int]:
    """``rows`` are (id, name) by name; those of equal quality keep that order."""
    return (pk for pk, _ in sorted(rows, key=lambda row: quality_priority(row[1])))
