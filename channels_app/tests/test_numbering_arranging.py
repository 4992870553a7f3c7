"""Numbers after drags, moves and deletions (10 §7.3, §8.4, §8.5; 25.2)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.numbering import (
    close_gap_after_delete,
    close_gaps,
    drop_onto_row,
    format_number,
    has_gaps,
    move_into_group,
    reorder_within_group,
)

Rows = list[tuple[int, Decimal | None]]


def rows(text: str) -> Rows:
    """``A100 B38.1 C`` → ids 0, 1, 2 with those numbers; a bare letter has none."""
    return [(ord(part[0]), Decimal(part[1:]) if part[1:] else None) for part in text.split()]


def after(before: str, changes: dict[int, Decimal]) -> str:
    """The rows in pane order, numbers applied."""
    now = [(row_id, changes.get(row_id, number)) for row_id, number in rows(before)]
    now.sort(key=lambda row: (row[1] is None, row[1] or 0))
    return " ".join(f"{chr(row_id)}{format_number(number)}" for row_id, number in now)


@pytest.mark.parametrize(
    ("before", "dragged", "onto", "expected"),
    [
        ("A100 B101 C102 D103", "A", "C", "B100 C101 A102 D103"),  # 14
        ("A100 B105 C110 D120", "A", "C", "B104 C109 A110 D120"),  # 15
        ("A100 B105 C110 D120", "D", "B", "A100 D105 B106 C111"),  # 16
        ("A10 B20 C30", "BC", "A", "B10 C20 A30"),  # 18
        ("A38.9 B39 C39.1", "C", "A", "C38.9 A39 B39.1"),
        ("A100 B101 C102 D103", "AB", "D", "C100 D101 A102 B103"),
        ("A100 B101 C102 D103", "BD", "A", "B100 D101 A102 C103"),
    ],
)
def test_dropping_onto_a_row(before: str, dragged: str, onto: str, expected: str) -> None:
    assert after(before, drop_onto_row(rows(before), [ord(letter) for letter in dragged], ord(onto))) == expected


@pytest.mark.parametrize(
    ("before", "dragged", "in_front_of", "expected"),
    [
        ("A100 B105 C110", "A", None, "B104 C109 A111"),  # 17
        ("A100 B101 C102", "A", None, "B100 C101 A102"),
        ("A100 B105 C110", "A", "B", "A100 B105 C110"),
        ("A100 B105 C110", "A", "A", "A100 B105 C110"),
        ("A100 B105 C", "C", "A", "C100 A101 B106"),
        ("A100 B101 C D", "D", "A", "D100 A101 B102 C"),
        ("A100 B101 C D", "A", None, "B100 C101 D102 A103"),
        ("A B C", "B", "A", "B1 A C"),
        ("A38.5 B39 C45", "A", None, "B38.9 C44.9 A46"),
        ("A100 B100 C105", "C", "A", "C100 A101 B102"),
    ],
)
def test_dropping_in_front_of_a_row(before: str, dragged: str, in_front_of: str | None, expected: str) -> None:
    target = ord(in_front_of) if in_front_of else None
    assert after(before, reorder_within_group(rows(before), [ord(letter) for letter in dragged], target)) == expected


def test_only_changed_numbers_are_returned() -> None:
    assert reorder_within_group(rows("A1 B2 C3 D4"), [ord("B")], ord("D")) == {ord("C"): Decimal(2), ord("B"): Decimal(3)}


def test_a_row_that_left_the_group_is_refused() -> None:
    with pytest.raises(ValueError, match="no longer in this group"):
        reorder_within_group(rows("A1 B2"), [ord("A")], ord("Z"))


numbered = st.lists(
    st.one_of(st.none(), st.decimals(0, 500, places=1)), min_size=1, max_size=12, unique_by=lambda number: number or object()
)


@given(numbered, st.data())
def test_a_drag_keeps_numbers_unique_and_gives_the_wanted_order(numbers: list[Decimal | None], data: st.DataObject) -> None:
    group = list(enumerate(numbers))
    moved = data.draw(st.lists(st.sampled_from(range(len(group))), min_size=1, unique=True))
    before = data.draw(st.one_of(st.none(), st.sampled_from(range(len(group)))))
    changes = reorder_within_group(group, moved, before)
    shown = [row_id for row_id, _ in sorted(group, key=lambda row: (row[1] is None, row[1] or 0))]
    rest = [row_id for row_id in shown if row_id not in moved]
    landing = shown[shown.index(before) :] if before is not None else []
    place = next((rest.index(row_id) for row_id in landing if row_id in rest), len(rest))
    wanted = rest[:place] + [row_id for row_id in shown if row_id in moved] + rest[place:]
    final = [(row_id, changes.get(row_id, number)) for row_id, number in group]
    taken = [number for _, number in final if number is not None]
    assert len(taken) == len(set(taken))
    in_order = dict(final)
    assert sorted(wanted, key=lambda row_id: (in_order[row_id] is None, in_order[row_id] or 0)) == wanted


def test_moving_into_taken_numbers_shifts_the_target() -> None:  # 24
    plan = move_into_group(rows("A10 B11 C12"), [1, 2], Decimal(11))
    assert plan.moved == {1: 11, 2: 12}
    assert plan.shifted == {ord("B"): 13, ord("C"): 14}


def test_moving_behind_the_target_shifts_nothing() -> None:  # 25
    plan = move_into_group(rows("A10 B11 C12"), [1, 2], Decimal(20))
    assert plan.moved == {1: 20, 2: 21}
    assert plan.shifted == {}


def test_decimal_moves_shift_in_tenths() -> None:  # 21, §8.5
    plan = move_into_group(rows("A38.1 B38.2 C38.3"), [1, 2], Decimal("38.2"))
    assert plan.shifted == {ord("B"): Decimal("38.4"), ord("C"): Decimal("38.5")}


def test_deleting_moves_up_to_the_first_gap() -> None:  # 26
    before = "A100 B101 C102 D103 E110"
    assert close_gap_after_delete(rows(before), ord("B")) == {ord("C"): 101, ord("D"): 102}


def test_deleting_one_of_two_with_the_same_number_moves_nothing() -> None:
    assert close_gap_after_delete(rows("A100 B101 C101 D102"), ord("B")) == {}


def test_deleting_between_tenths_moves_in_tenths() -> None:
    assert after("A38.8 C39 D39.1", close_gap_after_delete(rows("A38.8 B38.9 C39 D39.1"), ord("B"))) == "A38.8 C38.9 D39"


def test_deleting_a_channel_without_number_moves_nothing() -> None:
    assert close_gap_after_delete(rows("A100 B C101"), ord("B")) == {}


def test_gaps_are_closed_from_the_lowest() -> None:
    assert has_gaps(rows("A5 B9 C"))
    assert not has_gaps(rows("A5 B6 C6.5 D"))
    assert after("A5 B9 C20 D", close_gaps(rows("A5 B9 C20 D"))) == "A5 B6 C7 D"
