"""Numbers the whole lineup anew, group after group (10 §8.9). Groups that auto-sync fills are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Field, Func

from channels_app.autosync.filled_groups import groups_filled_by_auto_sync
from channels_app.channel_fields import clean_number
from channels_app.commands import RenumberAll
from channels_app.errors import EditRefused
from channels_app.group_order import groups_in_order
from channels_app.models import Channel
from channels_app.number_changes import SharedNumber, channel_names, number_changes
from channels_app.numbering import (
    GroupToNumber,
    NewNumbers,
    duplicates_created,
    format_range,
    renumber_all,
)
from channels_app.outcomes import Outcome
from channels_app.renumbering.store_numbers import store_numbers

_PLACES = 4  # of Channel.number


@dataclass(frozen=True)
class PlannedGroup:
    """One line of the preview. ``pk`` 0 = Uncategorized. ``before`` and ``after`` are ranges in words."""

    pk: int
    name: str
    count: int
    before: str
    after: str


@dataclass(frozen=True)
class PlannedLineup:
    """``numbers``: only those that change. ``left_out``: names of the groups that auto-sync numbers."""

    groups: list[PlannedGroup]
    numbers: NewNumbers
    left_out: list[str]
    duplicates: list[SharedNumber]


def plan_renumber_all(command: RenumberAll) -> PlannedLineup:
    """Work out all numbers without storing them: a handful of queries, whatever the size of the lineup.

    Raises :class:`EditRefused` naming "start" or "start_<group id>" for starts below 1 or numbers that do not fit.
    """
    start, own = _starts(command)
    synced = groups_filled_by_auto_sync()
    members = _members()
    groups = [(group.pk, group.name) for group in groups_in_order()]
    wanted = [(pk, name) for pk, name in (*groups, (0, "Uncategorized")) if pk not in synced and pk in members]
    try:
        given = renumber_all([GroupToNumber(members[pk].ids, own.get(pk)) for pk, _ in wanted], start)
    except ValueError as error:
        raise EditRefused({"start": str(error)}) from None
    lines: list[PlannedGroup] = []
    numbers: NewNumbers = {}
    for (pk, name), given_to in zip(wanted, given, strict=True):
        ids, before = members[pk].ids, members[pk].numbers
        lines.append(PlannedGroup(pk, name, len(ids), _range([n for n in before if n is not None]), _range(given_to)))
        numbers.update((channel_id, new) for channel_id, old, new in zip(ids, before, given_to, strict=True) if old != new)
    rows = [row for group in members.values() for row in zip(group.ids, group.numbers, strict=True)]
    shared = duplicates_created(rows, numbers)
    names = channel_names(pk for ids in shared.values() for pk in ids)
    return PlannedLineup(
        lines,
        numbers,
        [name for pk, name in groups if pk in synced and pk in members],
        [SharedNumber(number, tuple(ids), tuple(names.get(pk, "") for pk in ids)) for number, ids in shared.items()],
    )


def _range(numbers: Sequence[Decimal]) -> str:
    """Of numbers that are in their order."""
    return format_range((numbers[0], numbers[-1]) if numbers else ())


class _Members(NamedTuple):
    """The channels of a group, in their order, and the numbers that they have."""

    ids: list[int]
    numbers: list[Decimal | None]


class _AsStored(Func):
    """A column as SQLite gives it: rounding each number to four places once more, as the field does, takes longer than
    everything else here."""

    template = "%(expressions)s"
    output_field = Field()


def _members() -> dict[int, _Members]:
    """The channels of each group that has some (0 = Uncategorized), by number and name, those without a number last.

    Read in the order of the index ``channel_group_number``, which needs no sorting and holds all that is asked for.
    """
    found: dict[int, _Members] = {}
    unnumbered: dict[int, list[int]] = {}
    channels = Channel.objects.order_by("group_id", "number", "name", "pk")
    for pk, value, group_id in channels.values_list("pk", _AsStored("number"), "group_id"):
        group = found.get(group_id or 0) or found.setdefault(group_id or 0, _Members([], []))
        if value is None:
            unnumbered.setdefault(group_id or 0, []).append(pk)
        else:
            group.ids.append(pk)
            group.numbers.append(_decimal(value))
    for group_id, ids in unnumbered.items():
        found[group_id].ids.extend(ids)
        found[group_id].numbers.extend([None] * len(ids))
    return found


def _decimal(value: float) -> Decimal:
    return Decimal(value) if isinstance(value, int) else round(Decimal(value), _PLACES)


def renumber_lineup(command: RenumberAll, *, batch_id: str = "") -> Outcome:
    """Store the numbers of :func:`plan_renumber_all`. One batch."""
    planned = plan_renumber_all(command)
    changes = number_changes(planned.numbers, rename=command.update_names)
    return store_numbers(changes, planned.duplicates, lambda what: f"Renumbered all groups: {what} changed.", batch_id=batch_id)


def _starts(command: RenumberAll) -> tuple[Decimal, Mapping[int, Decimal]]:
    problems: dict[str, str] = {}
    start = _checked(command.start, "start", problems)
    own = {pk: _checked(number, f"start_{pk}", problems) for pk, number in command.group_starts.items()}
    if problems:
        raise EditRefused(problems)
    return start, own


def _checked(number: Decimal | None, name: str, problems: dict[str, str]) -> Decimal:
    try:
        cleaned = clean_number(number)
    except ValueError as error:
        problems[name] = str(error)
        return Decimal(1)
    if cleaned is None or cleaned < 1:
        problems[name] = "Give a starting number of at least 1."
        return Decimal(1)
    return cleaned
