"""The groups of the left pane with their counts, and the figures at its top (10 §2.2, §4)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet
from django.utils import timezone

from channels_app.channel_queries import channels_in_sight, in_groups, matching_channels, shared_numbers
from channels_app.finding.group_kinds import GroupKind, group_kinds
from channels_app.group_order import groups_in_order
from channels_app.groups.hidden import hidden_group_ids
from channels_app.models import Channel, ChannelGroup, ChannelStream
from channels_app.numbering import format_range, plain
from channels_app.pane_filters import ChannelFilter

V = TypeVar("V")
NEW_GROUP = timedelta(hours=24)  # an empty group stays in sight this long after it was made (10 §4)


@dataclass(frozen=True)
class GroupSummary:
    """A group header. ``pk`` 0 = Uncategorized. ``shown`` is what the filter leaves of ``count``."""

    pk: int
    name: str
    count: int = 0
    shown: int = 0
    without_streams: int = 0
    lowest: Decimal | None = None
    highest: Decimal | None = None
    is_new: bool = False
    kind: GroupKind = GroupKind.MANUAL

    @property
    def range(self) -> str:
        """The numbers of its channels, from the lowest to the highest: "#4.5–600", "" without numbers."""
        text = format_range(plain(number) for number in (self.lowest, self.highest) if number is not None)
        return f"#{text}" if text else ""

    @property
    def is_empty(self) -> bool:
        return self.count == 0

    @property
    def is_auto_sync(self) -> bool:
        return self.kind == GroupKind.AUTO


@dataclass(frozen=True)
class LineupTotals:
    """The figures at the top of the pane: over the whole lineup, whatever the filter shows."""

    channels: int
    without_streams: int
    shared_numbers: int


@dataclass(frozen=True)
class LineupSummary:
    """The groups that a filter leaves, in order, and how many channels in them it leaves.

    ``totals`` is None where they were not counted: a search does not change them.
    """

    shown: int
    groups: list[GroupSummary]
    hidden_empty_groups: int
    totals: LineupTotals | None = None


def lineup_summary(wanted: ChannelFilter) -> LineupSummary:
    """Groups in order with all their counts, and the totals of the lineup. A dozen queries at most."""
    hidden = hidden_group_ids()
    held = _without(hidden, _group_totals(Channel.objects.all()))
    found = _listed_groups(wanted, held, hidden)
    without = _without(hidden, _group_counts(_without_streams()))
    totals = LineupTotals(sum(item.count for item in held.values()), sum(without.values()), shared_number_count())
    return replace(found, groups=_with_counts(found.groups, without), totals=totals)


def found_groups(wanted: ChannelFilter, *, first: int = 0, limit: int) -> LineupSummary:
    """The same for a filter that narrows, which is asked for while typing: groups that have hits, and no totals.

    Only the groups of one page (``limit`` from ``first`` on) say how many channels they have, with which numbers, and how
    many of those have no streams.
    """
    hidden = hidden_group_ids()
    shown = _group_counts(matching_channels(wanted, hidden_groups=hidden))
    kinds = group_kinds()
    summaries = [_summary(None, {}, shown, kinds)]
    new_since = timezone.now() - NEW_GROUP
    for group in groups_in_order(only=[pk for pk in shown if pk]):
        summary = _summary(group, {}, shown, kinds, new_since)
        if group.pk not in hidden and wanted.shows_group(group.pk) and summary.kind not in wanted.hide:
            summaries.append(summary)
    page = summaries[first : first + limit]
    inside = in_groups({item.pk for item in page})
    held = _group_totals(Channel.objects.filter(inside))
    without = _group_counts(_without_streams().filter(inside))
    counted = [_held(item, held.get(item.pk or None, _Totals())) for item in page]
    groups = [*summaries[:first], *_with_counts(counted, without), *summaries[first + limit :]]
    return LineupSummary(sum(summary.shown for summary in summaries), groups, 0)


def lineup_totals() -> LineupTotals:
    """The figures at the top of the pane alone. Four queries."""
    hidden = hidden_group_ids()
    in_sight = channels_in_sight(hidden)
    without = in_sight.filter(~Exists(ChannelStream.objects.filter(channel=OuterRef("pk"))))
    return LineupTotals(in_sight.count(), without.count(), shared_number_count())


def shared_number_count() -> int:
    """How many numbers are used by more than one channel (10 §8.10)."""
    return shared_numbers().count()


# --- helpers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Totals:
    count: int = 0
    lowest: Decimal | None = None
    highest: Decimal | None = None


def _listed_groups(wanted: ChannelFilter, held: dict[int | None, _Totals], hidden: Collection[int]) -> LineupSummary:
    shown = {key: item.count for key, item in held.items()}
    if wanted.narrows:
        shown = _group_counts(matching_channels(wanted, hidden_groups=hidden))
    kinds = group_kinds()
    summaries = [_summary(None, held, shown, kinds)]
    new_since = timezone.now() - NEW_GROUP
    hidden_empty = 0
    for group in groups_in_order({key: item.lowest for key, item in held.items()}):
        if wanted.narrows and not shown.get(group.pk):
            continue
        summary = _summary(group, held, shown, kinds, new_since)
        if group.pk in hidden or not wanted.shows_group(group.pk) or summary.kind in wanted.hide:
            continue
        is_listed = wanted.show_empty or group.pk in wanted.groups or (summary.is_new and "new" not in wanted.hide)
        if summary.is_empty and not is_listed:
            hidden_empty += 1
        else:
            summaries.append(summary)
    return LineupSummary(sum(summary.shown for summary in summaries), summaries, hidden_empty)


def _held(group: GroupSummary, totals: _Totals) -> GroupSummary:
    return replace(group, count=totals.count, lowest=totals.lowest, highest=totals.highest)


def _without_streams() -> QuerySet[Channel]:
    return Channel.objects.filter(~Exists(ChannelStream.objects.filter(channel=OuterRef("pk"))))


def _with_counts(groups: Iterable[GroupSummary], without: Mapping[int | None, int]) -> list[GroupSummary]:
    """The same groups, saying how many of their channels have no streams."""
    return [replace(item, without_streams=without.get(item.pk or None, 0)) for item in groups]


def _group_totals(channels: QuerySet[Channel]) -> dict[int | None, _Totals]:
    rows = channels.order_by().values_list("group_id").annotate(Count("pk"), Min("number"), Max("number"))
    return {pk: _Totals(count, low, high) for pk, count, low, high in rows}


def _group_counts(channels: QuerySet[Channel]) -> dict[int | None, int]:
    return dict(channels.order_by().values_list("group_id").annotate(Count("pk")))


def _without(hidden: Collection[int], counts: dict[int | None, V]) -> dict[int | None, V]:
    return {pk: count for pk, count in counts.items() if pk not in hidden}


def _summary(
    group: ChannelGroup | None,
    totals: dict[int | None, _Totals],
    shown: dict[int | None, int],
    kinds: Mapping[int, GroupKind],
    new_since: datetime | None = None,
) -> GroupSummary:
    key = group.pk if group else None
    total = totals.get(key, _Totals())
    return GroupSummary(
        pk=group.pk if group else 0,
        name=group.name if group else "Uncategorized",
        count=total.count,
        shown=shown.get(key, 0),
        lowest=total.lowest,
        highest=total.highest,
        is_new=group is not None and group.created_at > (new_since or timezone.now() - NEW_GROUP),
        kind=kinds.get(group.pk, GroupKind.MANUAL) if group else GroupKind.MANUAL,
    )
