"""Choices of the group picker in the left pane (10 §4)."""

from dataclasses import dataclass

from django.db.models import Count, Max

from channels_app.finding.group_kinds import groups_of_kinds
from channels_app.groups.hidden import hidden_group_ids
from channels_app.models import Channel, ChannelGroup
from channels_app.numbering import natural_key
from channels_app.pane_filters import ChannelFilter


@dataclass(frozen=True)
class GroupChoice:
    pk: int
    name: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class GroupChoices:
    """``more`` groups match but are not listed. ``newest``: what :attr:`ChannelFilter.groups_until` becomes when picking."""

    options: list[GroupChoice]
    more: int
    newest: int = 0


def group_choices(wanted: ChannelFilter, text: str = "", *, limit: int = 200) -> GroupChoices:
    """Groups to pick: those in sight with a pick first, then those whose name holds ``text``, in natural order.

    Hidden groups and kinds of groups that are left out are no choices. A fixed number of queries.
    """
    hidden = groups_of_kinds(wanted.hide) if wanted.hide else set()
    gone = hidden_group_ids()
    counts = dict(Channel.objects.order_by().values_list("group_id").annotate(Count("pk")))
    folded = text.casefold()
    every = []
    newest = 0
    for pk, name in ChannelGroup.objects.values_list("pk", "name"):
        newest = max(newest, pk)
        if pk in gone:
            continue
        chosen = bool(wanted.groups) and wanted.shows_group(pk)
        if chosen or (pk not in hidden and folded in name.casefold()):
            every.append(GroupChoice(pk, name, counts.get(pk, 0), chosen))
    every.sort(key=lambda item: (not item.chosen, natural_key(item.name)))
    return GroupChoices(every[:limit], max(0, len(every) - limit), newest)


def without_deleted(groups: tuple[int, ...]) -> tuple[int, ...]:
    """Those of the picked groups that still exist (10 §4). One query, none without a pick."""
    there = set(ChannelGroup.objects.filter(pk__in=groups).values_list("pk", flat=True)) if groups else set()
    return tuple(pk for pk in groups if pk in there)


def newest_group() -> int:
    """The highest id of a group; 0 without groups."""
    return ChannelGroup.objects.aggregate(newest=Max("pk"))["newest"] or 0
