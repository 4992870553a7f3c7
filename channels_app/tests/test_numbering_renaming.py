"""The number inside a name (10 §8.1, 25.1)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.numbering import auto_rename


def renamed(name: str, new: str | None, old: str | None = None) -> str:
    return auto_rename(name, Decimal(old) if old else None, Decimal(new) if new else None)


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("101 | Sports", None, "205", "205 | Sports"),  # 1
        ("101-Sports", None, "205", "205 - Sports"),  # 2
        ("101: Sports", None, "205", "205 : Sports"),  # 3
        ("101 Sports", "101", "205", "205 Sports"),  # 4
        ("US | 5034 - DABL", None, "400", "US | 400 - DABL"),  # 5
        ("38.1 | KCBS", None, "39.2", "39.2 | KCBS"),  # 6
        ("News-42", None, "43", "News - 43"),  # 7
        ("News | 42", None, "43", "News | 43"),
        ("102 | Sports", None, "102", "102 | Sports"),  # 9
        ("102|Sports", "101", "102", "102|Sports"),
        ("101 | Sports", "101", None, "101 | Sports"),  # 10
        ("1011 | ESPN", "101", "205", "205 | ESPN"),  # 11
        ("5 USA", "120", "130", "5 USA"),  # 11
        ("5 | Fox 5", "5", "6", "6 | Fox 5"),  # 12
        ("101. Sports", "101", "205", "205 . Sports"),
        ("101. Sports", "7", "205", "101. Sports"),
        ("Radio 88.5", "5", "6", "Radio 88.5"),
        ("US | Sports | 12: X", None, "400", "US | Sports | 400: X"),
        ("101", "101", "102", "101"),
        ("| 42", None, "43", "| 42"),
        ("", "1", "2", ""),
    ],
)
def test_a_number_in_the_name_follows(name: str, old: str | None, new: str | None, expected: str) -> None:
    assert renamed(name, new, old) == expected


@pytest.mark.parametrize("name", ["ESPN 2", "Fox 5", "4K Movies", "24/7 Friends", "A&E"])
@pytest.mark.parametrize("old", [None, "2", "5", "4", "24", "101"])
def test_names_that_only_contain_a_digit_keep_it(name: str, old: str | None) -> None:  # 8
    assert renamed(name, "205", old) == name


@given(st.text(alphabet="aB1 2.|-:", max_size=20), st.integers(0, 99), st.integers(0, 99))
def test_a_renamed_name_is_not_renamed_again(name: str, old: int, new: int) -> None:
    once = auto_rename(name, Decimal(old), Decimal(new))
    assert auto_rename(once, Decimal(new), Decimal(new)) == once
    assert bool(once) == bool(name)


@pytest.mark.parametrize("name", [" " * 5000, "-1" * 2500, "| 1 - " * 800 + " " * 500, "a|" * 2500, "1" * 5000 + " |"])
def test_hostile_names_are_quick(name: str) -> None:
    assert isinstance(renamed(name, "5", "4"), str)
