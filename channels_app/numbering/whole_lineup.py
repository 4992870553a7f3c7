"""Numbers for whole groups and the whole lineup, and the starts that dialogs suggest (10 §8.6, §8.7, §8.9, §6)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from channels_app.numbering.arranging import NewNumbers, Row
from channels_app.numbering.sorting import sort_name, sort_names_key
from channels_app.numbering.values import ONE, number_steps, step_for


@dataclass(frozen=True)
class GroupToNumber:
    """A group for :func:`renumber_all`: its channels in the wanted order, and its own start if the operator gave one."""

    channel_ids: Sequence[int]
    start: Decimal | None = None


def renumber_all(groups: Sequence[GroupToNumber], start: Decimal = ONE) -> list[list[Decimal]]:
    """Numbers of every group, one list per group in order (10 §8.9).

    A group's own start also moves the running counter for the groups after it.
    """
    result = []
    following, step = start, step_for(start)
    for group in groups:
        if group.start is not None:
            following, step = group.start, step_for(group.start)
        numbers = number_steps(following, len(group.channel_ids), step=step)
        result.append(numbers)
        following = numbers[-1] + step if numbers else following
    return result


def sort_and_renumber(
    rows: Sequence[tuple[int, str, Decimal | None]],
    start: Decimal,
    *,
    ignore_numbers: bool = True,
    ignore_country: bool = False,
) -> NewNumbers:
    """Number one group in natural name order from ``start``; only numbers that change are returned (10 §8.7)."""
    order = sorted(
        rows,
        key=lambda row: sort_names_key(sort_name(row[1], ignore_numbers=ignore_numbers, ignore_country=ignore_country), row[1]),
    )
    numbers = number_steps(start, len(order))
    return {row_id: new for (row_id, _, old), new in zip(order, numbers, strict=True) if old is None or old != new}


def suggest_start_in_group(numbers: Iterable[Decimal | None]) -> Decimal:
    """Start for channels dropped on a group's header: behind its highest number; 1 for an empty group (25.2 #29)."""
    known = [number for number in numbers if number is not None]
    return max(known) + step_for(max(known)) if known else ONE


def suggest_start_between_groups(groups_before: Sequence[Iterable[Decimal | None]]) -> Decimal:
    """Start for what is dropped between groups: behind the preceding group; if that is empty, behind any before it (10 §6)."""
    known = [[number for number in numbers if number is not None] for numbers in groups_before]
    if known and known[-1]:
        return suggest_start_in_group(known[-1])
    return suggest_start_in_group(number for numbers in known for number in numbers)


def next_free_start(highest: Decimal | None) -> Decimal:
    """The next whole number behind the highest of the lineup; 1 for an empty lineup (10 §10.4 "insert at end")."""
    return ONE if highest is None else highest.to_integral_value(ROUND_FLOOR) + 1


def in_number_order(rows: Sequence[Row]) -> list[int]:
    """Ids by current number, rows without one last: the order in which a selection is renumbered (10 §8.8)."""
    return [row_id for row_id, _ in sorted(rows, key=lambda row: (row[1] is None, row[1] or Decimal(0)))]
