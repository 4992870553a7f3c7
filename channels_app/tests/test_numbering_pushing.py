"""Making room for new numbers (10 §8.8, §8.10, §10.4; 25.2)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.numbering import (
    LineupRow,
    NumberBlock,
    block,
    conflicts,
    duplicates_created,
    format_number,
    overlapping,
    push_down,
    renumber_selection,
)

CABLE, SPORTS, KIDS = 1, 2, 3


def lineup(**groups: str) -> list[LineupRow]:
    """``Cable="200 220"`` → rows with ids counted up; a group called "none" is Uncategorized."""
    found = []
    for place, (name, numbers) in enumerate(groups.items(), start=1):
        group_id = None if name == "none" else place
        found += [(Decimal(number), group_id) for number in numbers.split()]
    return [LineupRow(row_id, number, group_id) for row_id, (number, group_id) in enumerate(found)]


def pushed(rows: list[LineupRow], start: str, count: int) -> dict[str, str]:
    numbers = {row.id: row.number for row in rows}
    changes = push_down(rows, [block(Decimal(start), count)])
    return {format_number(numbers[row_id]): format_number(number) for row_id, number in sorted(changes.items())}


def test_a_gap_absorbs_the_shift() -> None:  # 19
    rows = lineup(cable="200 220 221 312", sports="400 401")
    assert pushed(rows, "220", 5) == {"220": "225", "221": "226", "312": "317"}


def test_the_next_group_moves_when_it_is_reached() -> None:  # 20
    rows = lineup(cable="200 220 312", sports="315 316", kids="500")
    assert pushed(rows, "220", 5) == {"220": "225", "312": "317", "315": "320", "316": "321"}


def test_decimal_numbers_move_in_tenths() -> None:  # 21
    assert pushed(lineup(local="38.1 38.2 38.3"), "38.2", 2) == {"38.2": "38.4", "38.3": "38.5"}


def test_a_new_group_pushes_without_duplicates() -> None:  # 22
    rows = lineup(a="100 101 102 103 104 105")
    assert pushed(rows, "101", 2) == {"101": "103", "102": "104", "103": "105", "104": "106", "105": "107"}


def test_groups_in_between_are_left_alone_when_only_an_outlier_moves() -> None:
    rows = lineup(cable="220 900", sports="300 301", kids="500")
    assert pushed(rows, "220", 5) == {"220": "225", "900": "905"}


def test_uncategorized_channels_move_only_when_their_number_is_taken() -> None:
    rows = lineup(none="100 101 150 400")
    assert pushed(rows, "100", 1) == {"100": "101", "101": "102"}


def test_a_group_that_straddles_moves_only_from_the_collision() -> None:
    rows = lineup(cable="210 212", mixed="100 213 230")
    assert pushed(rows, "212", 1) == {"212": "213", "213": "214", "230": "231"}


def test_nothing_moves_without_a_conflict() -> None:
    assert pushed(lineup(cable="200 210"), "201", 9) == {}


def test_two_blocks_make_room_one_after_the_other() -> None:
    rows = lineup(a="100 101", b="104 105 106")
    changes = push_down(rows, [block(Decimal(105), 3), block(Decimal(100), 4)])
    assert {row.id: changes.get(row.id, row.number) for row in rows} == {0: 104, 1: 108, 2: 111, 3: 112, 4: 113}


def test_numbers_that_would_grow_too_large_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        pushed(lineup(a="99999998 99999999"), "99999998", 1)


hundreds = st.integers(0, 60).map(Decimal)
tenths = st.integers(0, 300).map(lambda number: Decimal(number) / 10)


@given(
    st.lists(
        st.tuples(st.one_of(hundreds, tenths), st.sampled_from([None, 1, 2, 3, 4])), unique_by=lambda row: row[0], max_size=40
    ),
    st.lists(st.tuples(st.one_of(hundreds, tenths), st.integers(1, 8)), min_size=1, max_size=3),
)
def test_unique_numbers_stay_unique_and_in_order(
    standing: list[tuple[Decimal, int | None]], wanted: list[tuple[Decimal, int]]
) -> None:
    rows = [LineupRow(row_id, number, group) for row_id, (number, group) in enumerate(standing)]
    blocks: list[NumberBlock] = []
    for start, count in wanted:
        if not overlapping([*blocks, block(start, count)]):
            blocks.append(block(start, count))
    changes = push_down(rows, blocks)
    final = {row.id: changes.get(row.id, row.number) for row in rows}
    new = [item.start + item.step * place for item in blocks for place in range(item.count)]
    everything = [*final.values(), *new]
    assert len(everything) == len(set(everything))
    assert not conflicts([LineupRow(row_id, number, None) for row_id, number in final.items()], blocks)
    for group in (1, 2, 3, 4):
        before = sorted((row.number, row.id) for row in rows if row.group_id == group)
        after = sorted((final[row.id], row.id) for row in rows if row.group_id == group)
        assert [row_id for _, row_id in before] == [row_id for _, row_id in after]
    if not conflicts(rows, blocks):
        assert changes == {}


def test_conflicts_are_counted_lineup_wide_with_the_right_step() -> None:
    rows = lineup(a="38 38.1 38.2 38.9", b="38.3 39", none="38.4")
    found = conflicts(rows, [block(Decimal("38.2"), 3)])
    assert [format_number(row.number) for row in found] == ["38.2", "38.3", "38.4"]


def test_overlapping_blocks_are_named() -> None:
    blocks = [block(Decimal(200), 5), block(Decimal(100), 3), block(Decimal(204), 1), block(Decimal(300), 0)]
    assert overlapping(blocks) == [(0, 2)]
    nested = [block(Decimal(100), 200), block(Decimal(110), 5), block(Decimal(250), 5)]
    assert overlapping(nested) == [(0, 1), (0, 2)]


def test_a_renumbered_selection_pushes_the_others_behind_it() -> None:  # 27
    selected, others = renumber_selection([7, 8, 9], Decimal(10), [(1, Decimal(10)), (2, Decimal(12)), (3, Decimal(50))])
    assert selected == {7: 10, 8: 11, 9: 12}
    assert others == {1: 13, 2: 14}


def test_pushing_goes_on_until_a_number_is_free() -> None:
    _, others = renumber_selection(
        [7, 8], Decimal(10), [(1, Decimal(11)), (2, Decimal(12)), (3, Decimal(13)), (4, Decimal(20))]
    )
    assert others == {1: 12, 2: 13, 3: 14}


def test_a_renumbered_selection_ignores_its_own_old_numbers() -> None:
    selected, others = renumber_selection([1, 2], Decimal(10), [(1, Decimal(10)), (2, Decimal(11)), (3, None)])
    assert (selected, others) == ({1: 10, 2: 11}, {})


def test_only_duplicates_that_a_change_makes_are_reported() -> None:
    rows = [(row.id, row.number) for row in lineup(a="1 2 2 3")]
    assert duplicates_created(rows, {0: Decimal("3.0")}) == {"3": [3, 0]}
    assert duplicates_created(rows, {1: Decimal(4), 3: Decimal(5)}) == {}
