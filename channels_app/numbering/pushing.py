"""Makes room for a block of new numbers by moving only what is in the way (10 §8.8, §8.10, §10.4)."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from channels_app.numbering.arranging import NewNumbers, Row, by_number
from channels_app.numbering.values import format_number, number_steps, plain, step_for


class LineupRow(NamedTuple):
    """One channel as numbering sees it. ``group_id`` None = Uncategorized. A tuple: there are tens of thousands at once."""

    id: int
    number: Decimal | None
    group_id: int | None


@dataclass(frozen=True)
class NumberBlock:
    """A run of new numbers: ``count`` of them from ``start``."""

    start: Decimal
    count: int
    step: Decimal

    @property
    def end(self) -> Decimal:
        return plain(self.start + self.step * (self.count - 1))

    def holds(self, number: Decimal) -> bool:
        return self.count > 0 and self.start <= number <= self.end


def block(start: Decimal, count: int, *, step: Decimal | None = None) -> NumberBlock:
    """Make a block with the step of §8.3. Raises ``ValueError`` when its numbers would be too large."""
    numbers = number_steps(start, count, step=step)
    return NumberBlock(numbers[0] if numbers else start, count, step_for(start) if step is None else step)


def conflicts(rows: Iterable[LineupRow], blocks: Sequence[NumberBlock]) -> list[LineupRow]:
    """Existing channels, lineup-wide, that sit in a range of new numbers; by number (10 §10.4)."""
    ordered = sorted((item for item in blocks if item.count > 0), key=lambda item: item.start)
    starts = [item.start for item in ordered]
    found = [row for row in rows if row.number is not None and _in_blocks(row.number, ordered, starts)]
    return sorted(found, key=lambda row: row.number or Decimal(0))


def _in_blocks(number: Decimal, ordered: list[NumberBlock], starts: list[Decimal]) -> bool:
    place = bisect_right(starts, number)
    return place > 0 and ordered[place - 1].holds(number)


def overlapping(blocks: Sequence[NumberBlock]) -> list[tuple[int, int]]:
    """Pairs of blocks (by place in the list) that would give out the same numbers."""
    order = sorted((place for place, item in enumerate(blocks) if item.count > 0), key=lambda place: blocks[place].start)
    pairs = []
    furthest: int | None = None
    for place in order:
        if furthest is not None and blocks[place].start <= blocks[furthest].end:
            pairs.append((furthest, place))
        if furthest is None or blocks[place].end > blocks[furthest].end:
            furthest = place
    return pairs


def push_down(rows: Iterable[LineupRow], blocks: Sequence[NumberBlock]) -> NewNumbers:
    """New numbers of the existing channels after ``blocks`` of new ones were squeezed in (10 §10.4).

    For every block the shift is its count × step. A channel whose number lies in the block moves, and with it the
    channels of its group above it. A group that a moved channel would run into moves entirely, and so on; the first gap
    that absorbs the shift ends it. Uncategorized channels are not a group: each moves only when its number is taken.
    Numbers that were unique stay unique. Blocks must not overlap. Raises ``ValueError`` when a number would grow too
    large.
    """
    current = {row.id: plain(row.number) for row in rows if row.number is not None}
    original = dict(current)
    groups = {row.id: row.group_id for row in rows}
    for item in sorted(blocks, key=lambda each: each.start):  # upwards: what one block pushes, the next one sees
        if item.count > 0:
            moved = _Cascade(current, groups, item).run()
            number_steps(max(moved.values(), default=Decimal(0)), 1)  # refuses numbers that no longer fit
            current.update(moved)
    return {row_id: number for row_id, number in current.items() if number != original[row_id]}


class _Cascade:
    """The set of channels that one block moves. All move by the same amount, so their order never changes."""

    def __init__(self, numbers: Mapping[int, Decimal], groups: Mapping[int, int | None], item: NumberBlock) -> None:
        self.numbers = numbers
        self.item = item
        self.shift = item.step * item.count
        self.moved: NewNumbers = {}
        self.group_of = {
            row_id: ("group", group_id) if (group_id := groups[row_id]) else ("channel", row_id) for row_id in numbers
        }
        self.members: dict[tuple[str, int], list[tuple[Decimal, int]]] = {}
        self.holders: dict[Decimal, list[int]] = {}
        for row_id, number in numbers.items():
            self.members.setdefault(self.group_of[row_id], []).append((number, row_id))
            self.holders.setdefault(number, []).append(row_id)
        self.lowest: list[tuple[Decimal, tuple[str, int]]] = []
        for group, members in self.members.items():
            members.sort()
            if group[0] == "group":
                self.lowest.append((members[0][0], group))
        self.lowest.sort()

    def run(self) -> NewNumbers:
        waiting = [row_id for row_id, number in self.numbers.items() if self.item.holds(number)]
        while waiting:
            for row_id in self._move_from(waiting.pop()):
                number = self.numbers[row_id]
                waiting += [other for other in self.holders.get(self.moved[row_id], ()) if other not in self.moved]
                waiting += self._groups_run_into(number, self.moved[row_id])
        return self.moved

    def _move_from(self, row_id: int) -> list[int]:
        """Move this channel and everything above it in its group; return those that were still standing."""
        if row_id in self.moved:
            return []
        members = self.members[self.group_of[row_id]]
        newly = []
        while members and members[-1][0] >= self.numbers[row_id]:
            number, member = members.pop()
            self.moved[member] = plain(number + self.shift)
            newly.append(member)
        return newly

    def _groups_run_into(self, old: Decimal, new: Decimal) -> list[int]:
        """The lowest channel of every group that stood wholly above ``old`` and is now reached."""
        place = bisect_right(self.lowest, old, key=lambda entry: entry[0])
        reached = []
        while place < len(self.lowest) and self.lowest[place][0] <= new:
            _, group = self.lowest.pop(place)
            reached += [row_id for _, row_id in self.members[group][:1]]
        return reached


def renumber_selection(selected_ids: Sequence[int], start: Decimal, others: Sequence[Row]) -> tuple[NewNumbers, NewNumbers]:
    """Number ``selected_ids``, in the given order, from ``start``; push others out of the way (10 §8.8, 25.2 #27).

    Others that sit in the range move right behind it and keep their order; whoever they meet there is pushed on, until
    a free number is found. Returns (numbers of the selected, new numbers of the others).
    """
    numbers = number_steps(start, len(selected_ids))
    selected = dict(zip(selected_ids, numbers, strict=True))
    pushed: NewNumbers = {}
    if not numbers:
        return selected, pushed
    step = step_for(start)
    free = numbers[-1] + step
    for row_id, number in by_number(others):
        if number is None or row_id in selected or number < numbers[0]:
            continue
        if number >= free:
            break
        pushed[row_id] = number_steps(free, 1, step=step)[0]
        free += step
    return selected, pushed


def duplicates_created(rows: Sequence[Row], changes: Mapping[int, Decimal]) -> dict[str, list[int]]:
    """Numbers that several channels would share after ``changes``, with their ids, lineup-wide (10 §8.10). Those that have
    their number already come first.

    Duplicates that exist already and that ``changes`` do not touch are not reported.
    """
    numbers = [changes.get(row_id, number) for row_id, number in rows]
    known = [number for number in numbers if number is not None]
    if len(set(known)) == len(known):
        return {}  # nearly always, and much quicker
    holders: dict[Decimal, list[int]] = {}
    for (row_id, _), number in zip(rows, numbers, strict=True):
        if number is not None:
            holders.setdefault(number, []).append(row_id)  # 3 and 3.0 are one key
    shared = [(number, ids) for number, ids in holders.items() if len(ids) > 1 and any(row_id in changes for row_id in ids)]
    return {format_number(number): sorted(ids, key=changes.__contains__) for number, ids in sorted(shared)}
