"""Puts groups elsewhere in the order and, if asked, numbers their channels to fit (10 §8.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from channels_app.channel_fields import clean_number
from channels_app.commands import PlaceGroups, ReorderGroups
from channels_app.edit_groups import new_group_order, place_groups
from channels_app.errors import EditRefused, NotThere
from channels_app.group_order import groups_in_order
from channels_app.models import Channel, ChannelGroup
from channels_app.number_changes import SharedNumber, number_changes, shared_numbers
from channels_app.numbering import (
    ONE,
    NewNumbers,
    format_range,
    in_number_order,
    number_steps,
    suggest_start_between_groups,
)
from channels_app.outcomes import Outcome
from channels_app.renumbering.store_numbers import store_numbers
from tasks_app import journal


@dataclass(frozen=True)
class PlannedOrder:
    """``order``: all groups as they will stand. ``suggestion`` fits behind the group in front of the moved ones."""

    order: list[ChannelGroup]
    moved: list[ChannelGroup]
    suggestion: Decimal
    numbers: NewNumbers
    range: str
    duplicates: list[SharedNumber]
    channels: int

    @property
    def in_front(self) -> ChannelGroup | None:
        """The group right before the moved ones; None when they come first."""
        place = self.order.index(self.moved[0])
        return self.order[place - 1] if place else None

    @property
    def behind(self) -> ChannelGroup | None:
        place = self.order.index(self.moved[-1]) + 1
        return self.order[place] if place < len(self.order) else None


def plan_reorder_groups(command: ReorderGroups) -> PlannedOrder:
    """Work out order and numbers. Raises :class:`NotThere` for lost groups, :class:`EditRefused` for a bad start."""
    by_id = {group.pk: group for group in groups_in_order()}
    ids = new_group_order(list(by_id), command.group_ids, command.before_id)
    moved = [pk for pk in ids if pk in set(command.group_ids)]
    if not moved:
        raise NotThere("This group no longer exists. Reload the page.")
    suggestion = _suggestion(ids[: ids.index(moved[0])])
    numbers, given, count = _numbers(command, moved, suggestion)
    return PlannedOrder(
        [by_id[pk] for pk in ids],
        [by_id[pk] for pk in moved],
        suggestion,
        numbers,
        format_range(given),
        shared_numbers(dict(numbers)),
        count,
    )


def reorder_groups(command: ReorderGroups) -> Outcome:
    """Store the order and the numbers of :func:`plan_reorder_groups`. One batch, so one step to take back."""
    planned = plan_reorder_groups(command)
    batch_id = journal.new_batch_id()
    outcome = place_groups(PlaceGroups(command.group_ids, command.before_id), batch_id=batch_id)
    if not planned.numbers:
        return outcome
    numbered = store_numbers(
        number_changes(planned.numbers), planned.duplicates, lambda what: f"{what} renumbered.", batch_id=batch_id
    )
    outcome.message = f"{outcome.message} {numbered.message}" if outcome.changed else numbered.message
    outcome.entry_id = outcome.entry_id or numbered.entry_id
    outcome.channel_ids += numbered.channel_ids
    outcome.warnings += numbered.warnings
    journal.log_summary("channel", batch_id, outcome.message, after={"channels": len(numbered.channel_ids)})
    return outcome


def _suggestion(ids_before: Sequence[int]) -> Decimal:
    """Behind the highest number of the group in front, or of any before it; in the first place 1 (10 §8.6)."""
    numbers: dict[int | None, list[Decimal | None]] = {}
    for group_id, number in Channel.objects.filter(group_id__in=ids_before).values_list("group_id", "number"):
        numbers.setdefault(group_id, []).append(number)
    return suggest_start_between_groups([numbers.get(pk, []) for pk in ids_before]) if ids_before else ONE


def _numbers(command: ReorderGroups, moved: list[int], suggestion: Decimal) -> tuple[NewNumbers, list[Decimal], int]:
    rows: dict[int, list[tuple[int, Decimal | None]]] = {pk: [] for pk in moved}
    found = Channel.objects.filter(group_id__in=moved).order_by("number", "name", "pk")
    for pk, number, group_id in found.values_list("pk", "number", "group_id"):
        rows[group_id or 0].append((pk, number))
    order = [pk for group_id in moved for pk in in_number_order(rows[group_id])]
    if command.numbers == "keep":
        return {}, [], len(order)
    try:
        start = suggestion if command.numbers == "suggested" else clean_number(command.start)
        if start is None or start < 1:
            raise EditRefused({"start": "Give a starting number of at least 1."})
        given = number_steps(start, len(order))
    except ValueError as error:
        raise EditRefused({"start": str(error)}) from None
    current = {pk: number for group_rows in rows.values() for pk, number in group_rows}
    return {pk: number for pk, number in zip(order, given, strict=True) if current[pk] != number}, given, len(order)
