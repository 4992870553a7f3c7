"""Values from panels arrive in any type; none of them crashes a refresh (20 §24 trap 8)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3u_app.providers.loose_values import count_of, flag_of, moment_of, number_of, text_of, word_of

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("value", "expected"), [(1, True), ("1", True), (0, False), ("None", False), (None, False), (2, False)]
)
def test_adult_flags_follow_the_table(value: Any, expected: bool) -> None:
    assert flag_of(value) is expected  # 20 §25.2 #44


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1735689600", datetime(2025, 1, 1, tzinfo=UTC)),  # 20 §25.2 #45
        (1735689600, datetime(2025, 1, 1, tzinfo=UTC)),
        (1735689600.0, datetime(2025, 1, 1, tzinfo=UTC)),
        (1735689600000, datetime(2025, 1, 1, tzinfo=UTC)),
        ("2025-01-01 00:00:00", datetime(2025, 1, 1, tzinfo=UTC)),
        ("2025-01-01T02:00:00+02:00", datetime(2025, 1, 1, tzinfo=UTC)),
        ("0", None),
        (0, None),
        (-5, None),
        (None, None),
        ("null", None),
        ("", None),
        ("unlimited", None),
        (True, None),
        ([1], None),
        (10**400, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_times_are_read_from_seconds_and_iso_text(value: Any, expected: datetime | None) -> None:
    assert moment_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("7", 7), (7.9, 7), ("7.0", 7), ("None", 0), (None, 0), (-3, 0), (10**30, 2_000_000_000)]
)
def test_counts_are_never_negative_and_never_huge(value: Any, expected: int) -> None:
    assert count_of(value) == expected


def test_names_keep_the_word_none_but_ids_do_not() -> None:
    assert text_of("None") == "None"
    assert word_of("None") == ""
    assert word_of("null") == ""
    assert text_of(None) == ""
    assert text_of(12345.0) == "12345"
    assert text_of(" a\x00b ") == "ab"


@given(anything)
def test_nothing_ever_raises(value: Any) -> None:
    text_of(value), word_of(value), number_of(value), count_of(value), flag_of(value), moment_of(value)
