"""Sorts one group by name and numbers it (10 §8.7)."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Min

from channels_app.channel_fields import clean_number
from channels_app.commands import SortGroup
from channels_app.errors import EditRefused, NotThere
from channels_app.models import Channel, ChannelGroup
from channels_app.number_changes import SharedNumber, number_changes, shared_numbers
from channels_app.numbering import NewNumbers, format_range, number_steps, sort_and_renumber
from channels_app.outcomes import Outcome
from channels_app.renumbering.store_numbers import store_numbers
from ecm_site.wording import shortened


@dataclass(frozen=True)
class PlannedSort:
    """``numbers``: only those that change, in the new order. ``range`` is what the group will hold, in words."""

    numbers: NewNumbers
    channels: int
    range: str
    duplicates: list[SharedNumber]


def default_start_of(group_id: int | None) -> Decimal:
    """The lowest number of the group, but at least 1; 1 without numbers."""
    lowest: Decimal | None = Channel.objects.filter(group_id=group_id).aggregate(lowest=Min("number"))["lowest"]
    return max(lowest, Decimal(1)) if lowest is not None else Decimal(1)


def plan_sort(command: SortGroup) -> PlannedSort:
    """Work out the new numbers. Raises :class:`EditRefused` for a bad start, :class:`NotThere` for a lost group."""
    if command.group_id is not None and not ChannelGroup.objects.filter(pk=command.group_id).exists():
        raise NotThere("This group no longer exists. Reload the page.")
    rows = list(Channel.objects.filter(group_id=command.group_id).order_by("pk").values_list("pk", "name", "number"))
    try:
        start = clean_number(command.start)
        if start is None or start < 1:
            raise EditRefused({"start": "Give a starting number of at least 1."})
        numbers = sort_and_renumber(rows, start, ignore_numbers=command.ignore_numbers, ignore_country=command.ignore_country)
        steps = number_steps(start, len(rows))
    except ValueError as error:
        raise EditRefused({"start": str(error)}) from None
    return PlannedSort(numbers, len(rows), format_range(steps), shared_numbers(dict(numbers)))


def sort_group(command: SortGroup, *, batch_id: str = "") -> Outcome:
    """Store the numbers of :func:`plan_sort`; channels whose number stays are not touched. One batch."""
    planned = plan_sort(command)
    changes = number_changes(planned.numbers, rename=command.update_names)
    name = "Uncategorized"
    if command.group_id is not None:
        name = shortened(ChannelGroup.objects.filter(pk=command.group_id).values_list("name", flat=True).first() or "")
    return store_numbers(
        changes, planned.duplicates, lambda what: f"Sorted {name} by name: {what} renumbered.", batch_id=batch_id
    )
