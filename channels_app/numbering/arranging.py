"""Numbers after a drag inside a group or into another one, after deletions and gap closing (10 §7.3, §8.4, §8.5).

Every function takes ids with their current numbers and returns only the numbers that change.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from channels_app.numbering.values import ONE, TENTH, number_steps, plain, step_for

Row = tuple[int, Decimal | None]
NewNumbers = dict[int, Decimal]


def by_number(rows: Sequence[Row]) -> list[Row]:
    """Rows in the order of the pane: by number, those without one last, equal ones as they came (10 §4)."""
    return sorted(rows, key=lambda row: (row[1] is None, row[1] or Decimal(0)))


def reorder_within_group(
    rows: Sequence[Row], moved_ids: Collection[int], before_id: int | None, *, first: Decimal = ONE
) -> NewNumbers:
    """Numbers after dragging ``moved_ids`` in front of the row ``before_id``, or to the end zone when None (10 §8.4).

    ``rows`` are all channels of the group. Moved rows keep their relative order. A gap-free group stays gap-free; with
    gaps, one moved row takes the number of its new place and the rows between shift by one step towards the old place;
    several moved rows re-deal the existing numbers. Rows without number stand at the end; those that must come before a
    numbered row get one (``first`` starts a group that has no number at all), the others stay empty.

    Raises ``ValueError`` when ``before_id`` or a moved id is not in the group.
    """
    order = by_number(rows)
    ids = [row_id for row_id, _ in order]
    moved = set(moved_ids)
    unknown = (moved | ({before_id} if before_id is not None else set())) - set(ids)
    if unknown:
        raise ValueError("Some of these channels are no longer in this group. Reload the page and try again.")
    before_id = _next_unmoved(ids, moved, before_id)
    new_ids = _with_moved(ids, moved, before_id)
    if new_ids == ids:
        return {}
    numbers = _rising(_with_virtual_numbers(order, first))
    dealt = numbers
    if len(moved) == 1 and numbers != number_steps(numbers[0], len(numbers)):
        dealt = _shifted(ids, numbers, new_ids, next(iter(moved)), at_end=before_id is None)
    current = dict(order)
    last = max(place for place, row_id in enumerate(new_ids) if row_id in moved or current[row_id] is not None)
    return {
        row_id: number
        for row_id, number in list(zip(new_ids, dealt, strict=True))[: last + 1]
        if current[row_id] is None or current[row_id] != number
    }


def drop_onto_row(rows: Sequence[Row], moved_ids: Collection[int], target_id: int) -> NewNumbers:
    """Numbers after dropping rows *onto* a row: they take its place (25.2 #14–16)."""
    ids = [row_id for row_id, _ in by_number(rows)]
    if target_id not in ids:
        raise ValueError("This channel is no longer in the group. Reload the page and try again.")
    target = ids.index(target_id)
    dragged = [place for place, row_id in enumerate(ids) if row_id in set(moved_ids)]
    if not dragged or dragged[0] >= target:
        return reorder_within_group(rows, moved_ids, target_id)
    if target + 1 < len(ids):
        return reorder_within_group(rows, moved_ids, ids[target + 1])
    return reorder_within_group(rows, moved_ids, None)


@dataclass
class MovePlan:
    """Numbers after a move into another group: of the moved channels, and of those that make room."""

    moved: NewNumbers = field(default_factory=dict)
    shifted: NewNumbers = field(default_factory=dict)


def move_into_group(target_rows: Sequence[Row], moved_ids: Sequence[int], start: Decimal) -> MovePlan:
    """Number ``moved_ids``, in the given order, from ``start``; make room when the target has a number there (10 §8.5).

    When a channel of the target sits in the new range, all of its channels at or above ``start`` shift up by the number
    of moved channels (in tenths for a decimal start). Otherwise nothing shifts.
    """
    numbers = number_steps(start, len(moved_ids))
    plan = MovePlan(moved=dict(zip(moved_ids, numbers, strict=True)))
    standing = [(row_id, number) for row_id, number in target_rows if number is not None and row_id not in plan.moved]
    if not numbers or not any(numbers[0] <= number <= numbers[-1] for _, number in standing):
        return plan
    shift = step_for(start) * len(moved_ids)
    plan.shifted = {row_id: plain(number + shift) for row_id, number in standing if number >= numbers[0]}
    return plan


def has_gaps(rows: Sequence[Row]) -> bool:
    """True when a step between neighbouring numbers is larger than one (10 §8.5)."""
    numbers = sorted(number for _, number in rows if number is not None)
    return any(high - low > ONE for low, high in pairwise(numbers))


def close_gaps(rows: Sequence[Row]) -> NewNumbers:
    """Number the numbered rows one after another from the lowest number (10 §8.5)."""
    standing = [(row_id, number) for row_id, number in by_number(rows) if number is not None]
    if not standing:
        return {}
    numbers = number_steps(standing[0][1], len(standing))
    return {row_id: new for (row_id, old), new in zip(standing, numbers, strict=True) if new != old}


def close_gap_after_delete(rows: Sequence[Row], deleted_id: int) -> NewNumbers:
    """Move the channels up that follow the deleted one without a gap; behind the first gap nothing moves (10 §7.3)."""
    deleted = dict(rows).get(deleted_id)
    following: dict[Decimal, list[int]] = {}
    for row_id, number in rows:
        if number is not None and row_id != deleted_id:
            following.setdefault(number, []).append(row_id)
    if deleted is None or deleted in following:  # its number is still taken: no gap arises
        return {}
    step = TENTH if deleted + TENTH in following else step_for(deleted)
    changes: NewNumbers = {}
    place = deleted
    while place + step in following:
        changes.update(dict.fromkeys(following[place + step], plain(place)))
        place += step
    return changes


def _next_unmoved(ids: list[int], moved: set[int], before_id: int | None) -> int | None:
    """The row in front of which the moved ones land, when ``before_id`` itself is among them."""
    if before_id is None or before_id not in moved:
        return before_id
    return next((row_id for row_id in ids[ids.index(before_id) :] if row_id not in moved), None)


def _with_moved(ids: list[int], moved: set[int], before_id: int | None) -> list[int]:
    rest = [row_id for row_id in ids if row_id not in moved]
    place = len(rest) if before_id is None else rest.index(before_id)
    return [*rest[:place], *(row_id for row_id in ids if row_id in moved), *rest[place:]]


def _with_virtual_numbers(order: list[Row], first: Decimal) -> list[Decimal]:
    """Numbers by place; rows without one continue after the last."""
    known = [plain(number) for _, number in order if number is not None]
    missing = len(order) - len(known)
    start = known[-1] + step_for(known[-1]) if known else first
    return known + number_steps(start, missing, step=step_for(known[-1]) if known else None)


def _shifted(ids: list[int], numbers: list[Decimal], new_ids: list[int], moved_id: int, *, at_end: bool) -> list[Decimal]:
    """One row moved in a group with gaps: it takes the number of its place, rows between shift by one step."""
    old_place, new_place = ids.index(moved_id), new_ids.index(moved_id)
    low, high = sorted((old_place, new_place))
    # One step for all rows between, and tenths as soon as one of them is decimal: else the order could break.
    step = min(step_for(number) for number in numbers[low : high + 1])
    down = old_place < new_place
    dealt = list(numbers)
    for place in range(low, high + 1):
        if place == new_place:
            dealt[place] = numbers[-1] + step_for(numbers[-1]) if at_end else numbers[new_place]
        else:
            dealt[place] = numbers[place + 1] - step if down else numbers[place - 1] + step
    if any(left >= right for left, right in pairwise(dealt)):
        return numbers  # finer decimals leave no room to shift: re-deal what is there
    return [plain(number) for number in dealt]


def _rising(numbers: list[Decimal]) -> list[Decimal]:
    """The same numbers with duplicates spread out: rows that share a number could not be brought in order."""
    risen: list[Decimal] = []
    for number in numbers:
        risen.append(number if not risen or number > risen[-1] else risen[-1] + step_for(risen[-1]))
    return risen
