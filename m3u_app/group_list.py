"""What the groups page reads: a page of groups in natural order, with counts that tell about all of them (20 §4.1)."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from m3u_app.choose_groups import matching, matching_groups
from m3u_app.models import StreamGroup
from m3u_app.natural_order import natural_key

PAGE_SIZE = 100
NATURAL_ORDER_LIMIT = 20_000
"""With more matching groups than this, names are put in the database's order: sorting them here would take seconds."""


@dataclass(frozen=True)
class GroupFilter:
    """What the operator is looking at. ``only`` is "", "new", "stale" or "synced"."""

    text: str = ""
    hide_disabled: bool = False
    only: str = ""


@dataclass(frozen=True)
class GroupRow:
    """A group and how many streams it has, or would have if it were enabled."""

    group: StreamGroup
    streams: int
    synced_by: str = ""
    """Another account that keeps channels of a group with this name in step."""

    @property
    def first_number(self) -> str:
        """Where auto-sync starts to number, as text; empty when nothing was chosen."""
        start = self.group.auto_sync_channel_start
        return "" if start is None else f"{start.normalize():f}"


@dataclass(frozen=True)
class GroupPage:
    """``total``/``enabled``/``new``/``stale``/``synced`` count the account's groups; ``matching`` those that
    the text and ``only`` select, ``shown`` those of them that the page lists, disabled ones left out if asked."""

    rows: list[GroupRow]
    filter: GroupFilter
    page: int
    pages: int
    shown: int
    total: int
    enabled: int
    new: int
    stale: int
    synced: int
    matching: int

    @property
    def previous(self) -> int:
        return self.page - 1

    @property
    def next(self) -> int:
        return self.page + 1


def group_page(account_id: int, wanted: GroupFilter, page: int = 1) -> GroupPage:
    """Read one page; four queries whatever the number of groups. A page beyond the end is the last one."""
    counts = _counts(account_id, wanted)
    groups = _filtered(account_id, wanted)
    shown = counts["shown"]
    pages = max(1, -(-shown // PAGE_SIZE))
    page = min(max(page, 1), pages)
    start = (page - 1) * PAGE_SIZE
    return GroupPage(
        rows=_rows(account_id, _in_order(groups, shown, start)),
        filter=wanted,
        page=page,
        pages=pages,
        shown=shown,
        total=counts["total"],
        enabled=counts["enabled_count"],
        new=counts["new"],
        stale=counts["stale"],
        synced=counts["synced"],
        matching=counts["matching"],
    )


def _rows(account_id: int, groups: list[StreamGroup]) -> list[GroupRow]:
    names = [group.name for group in groups]
    others = StreamGroup.objects.filter(name__in=names, auto_channel_sync=True, enabled=True).exclude(account_id=account_id)
    synced_by = dict(others.order_by("-account__name").values_list("name", "account__name"))
    return [GroupRow(group, max(group.stream_count, group.entry_count), synced_by.get(group.name, "")) for group in groups]


def _filtered(account_id: int, wanted: GroupFilter) -> QuerySet[StreamGroup]:
    groups = matching_groups(account_id, wanted.text, wanted.only)
    return groups.filter(enabled=True) if wanted.hide_disabled else groups


def _counts(account_id: int, wanted: GroupFilter) -> dict[str, Any]:
    condition = matching(wanted.text, wanted.only)
    return StreamGroup.objects.filter(account_id=account_id).aggregate(
        total=Count("pk"),
        enabled_count=Count("pk", filter=Q(enabled=True)),
        new=Count("pk", filter=Q(is_new=True)),
        stale=Count("pk", filter=Q(is_stale=True)),
        synced=Count("pk", filter=Q(auto_channel_sync=True)),
        matching=Count("pk", filter=condition) if condition else Count("pk"),
        shown=Count("pk", filter=condition & Q(enabled=True) if wanted.hide_disabled else condition or None),
    )


def _in_order(groups: QuerySet[StreamGroup], count: int, start: int) -> list[StreamGroup]:
    if count > NATURAL_ORDER_LIMIT:
        return list(groups.order_by("name")[start : start + PAGE_SIZE])
    names = sorted(groups.values_list("pk", "name"), key=lambda row: (natural_key(row[1]), row[0]))
    ids = [pk for pk, _ in names[start : start + PAGE_SIZE]]
    found = StreamGroup.objects.in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]
