"""In which order channels stand in the left pane: groups as the pane shows them, channels inside by the chosen sort.

Every list, page, selection and bulk action reads the order here, so that "from this row on" means the same everywhere.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Lower

from channels_app.chunks import chunked
from channels_app.group_order import groups_in_order
from channels_app.models import Channel, ChannelStream

_BY_NUMBER: tuple[Any, ...] = (F("number").asc(nulls_last=True), "name", "pk")  # those without a number last (10 §4)


def inside_groups(sort: str) -> list[Any]:
    """The terms that order channels of one group; ties always fall the same way (10 §24)."""
    first: dict[str, tuple[Any, ...]] = {
        "name": (Lower("name").asc(),),
        "fewest_streams": (_stream_count().asc(),),
        "most_streams": (_stream_count().desc(),),
        "changed": (F("updated_at").desc(),),
    }
    return [*first.get(sort, ()), *_BY_NUMBER]


def ids_in_order(channels: QuerySet[Channel], sort: str) -> list[int]:
    """Ids of ``channels`` as the pane would list them with every group open. Three queries, however many there are."""
    rows = list(channels.order_by(*inside_groups(sort)).values_list("pk", "group_id"))
    return [pk for pk, _ in _by_group(rows)]


def put_in_order(channel_ids: Sequence[int], sort: str) -> tuple[int, ...]:
    """``channel_ids`` as the pane lists them; those that no longer exist come last, in the order they were given."""
    rows: list[tuple[int, int | None]] = []
    if len(channel_ids) == 1:
        return tuple(channel_ids)
    portions = list(chunked(channel_ids))
    if len(portions) == 1:
        rows = list(Channel.objects.filter(pk__in=channel_ids).order_by(*inside_groups(sort)).values_list("pk", "group_id"))
    else:  # order is only known over all of them: one pass over the lineup is cheaper than a merge of portions
        wanted = set(channel_ids)
        every = Channel.objects.order_by(*inside_groups(sort)).values_list("pk", "group_id")
        rows = [(pk, group_id) for pk, group_id in every if pk in wanted]
    found = [pk for pk, _ in _by_group(rows)]
    present = set(found)
    return (*found, *(pk for pk in channel_ids if pk not in present))


def _by_group(rows: Iterable[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    places: dict[int | None, int] = {group.pk: place for place, group in enumerate(groups_in_order(), 1)}
    return sorted(rows, key=lambda row: places.get(row[1], 0))  # Uncategorized first; sorted() keeps the order inside


def _stream_count() -> Coalesce:
    links = ChannelStream.objects.filter(channel=OuterRef("pk")).order_by().values("channel").annotate(held=Count("pk"))
    return Coalesce(Subquery(links.values("held")), 0, output_field=IntegerField())
