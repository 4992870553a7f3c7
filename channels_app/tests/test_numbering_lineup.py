"""Numbers for whole groups, suggestions and natural order (10 §8.6, §8.7, §8.9; 25.2 #28–32)."""

from decimal import Decimal

import pytest

from channels_app.numbering import (
    GroupToNumber,
    format_number,
    in_number_order,
    natural_key,
    next_free_start,
    renumber_all,
    sort_and_renumber,
    sort_name,
    sorted_naturally,
    suggest_start_between_groups,
    suggest_start_in_group,
)


def test_a_groups_own_start_moves_the_counter() -> None:  # 28
    groups = [GroupToNumber([1, 2]), GroupToNumber([3, 4, 5], Decimal(100)), GroupToNumber([6]), GroupToNumber([])]
    assert renumber_all(groups) == [[1, 2], [100, 101, 102], [103], []]


def test_a_decimal_run_keeps_its_step_into_the_next_group() -> None:
    groups = [GroupToNumber([1, 2], Decimal("38.8")), GroupToNumber([3, 4])]
    assert [[format_number(number) for number in part] for part in renumber_all(groups)] == [["38.8", "38.9"], ["39", "39.1"]]


def test_starts_are_suggested() -> None:  # 29
    assert suggest_start_in_group([Decimal(200), None, Decimal(249)]) == 250
    assert suggest_start_in_group([]) == 1
    assert suggest_start_in_group([Decimal("38.3")]) == Decimal("38.4")
    assert suggest_start_between_groups([]) == 1
    assert suggest_start_between_groups([[Decimal(5)], [Decimal(9)]]) == 10
    assert suggest_start_between_groups([[Decimal(5)], []]) == 6
    assert suggest_start_between_groups([[], []]) == 1
    assert next_free_start(Decimal("812.5")) == 813
    assert next_free_start(Decimal(812)) == 813
    assert next_free_start(None) == 1


def test_names_sort_naturally() -> None:
    assert sorted_naturally(["ESPN10", "ESPN", "ESPN2", "A&E"]) == ["A&E", "ESPN", "ESPN2", "ESPN10"]  # 30
    assert sorted_naturally(["2.10 | DEF", "2.2 | GHI", "2.1 | ABC"]) == ["2.1 | ABC", "2.2 | GHI", "2.10 | DEF"]  # 31
    assert sorted_naturally(["zdf", "ARD", "Éclair", "eco"]) == ["ARD", "Éclair", "eco", "zdf"]


@pytest.mark.parametrize(
    ("name", "compared"),
    [
        ("101 | Sports", "Sports"),  # 32
        ("5 USA", "USA"),
        ("News | 42", "News"),
        ("US | 5034 - DABL", "US | DABL"),
        ("101-X", "X"),
        ("101.X", "X"),
        ("101: X", "X"),
        ("24/7 Friends", "24/7 Friends"),
        ("4K Movies", "4K Movies"),
        ("101", "101"),
    ],
)
def test_numbers_can_be_ignored(name: str, compared: str) -> None:
    assert sort_name(name) == compared


@pytest.mark.parametrize(
    ("name", "compared"),
    [
        ("US | CNN", "CNN"),
        ("UK: BBC One", "BBC One"),
        ("US CNN", "CNN"),
        ("BBC One", "BBC One"),
        ("HBO Max", "HBO Max"),
        ("IN Touch", "IN Touch"),
        ("US | 5034 - DABL", "DABL"),
        ("101 | US - ESPN", "ESPN"),
        ("US | 101 ESPN", "ESPN"),
    ],
)
def test_countries_can_be_ignored(name: str, compared: str) -> None:
    assert sort_name(name, ignore_country=True) == compared


def test_sorting_a_group_touches_only_what_changes() -> None:
    rows = [(1, "3 | ESPN2", Decimal(3)), (2, "9 | A&E", Decimal(9)), (3, "ESPN", None)]
    assert sort_and_renumber(rows, Decimal(1)) == {2: 1, 3: 2}


def test_a_selection_is_taken_in_number_order() -> None:
    assert in_number_order([(1, None), (2, Decimal(9)), (3, Decimal(2))]) == [3, 2, 1]


def test_endless_digits_are_compared_and_not_converted() -> None:
    assert natural_key("A" + "9" * 5000) > natural_key("A" + "1" * 5000)
    assert natural_key("A007") == natural_key("A7")
