"""30 §4.6 and rows 19–23 of 30 §25.2."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epg_app.importing.airing_rules import is_tidy, tidy
from epg_app.importing.spool import SpooledRow
from epg_app.tests.reading import programme, read, tv

HOUR = 3600


def row(start: float, stop: float | None, title: str = "T", description: str = "", length: int = 0) -> SpooledRow:
    """Times in hours."""
    content: Any = (title, "", description, "[]", None, None, "", "{}", length)
    return int(start * HOUR), None if stop is None else int(stop * HOUR), content


def tidied(*rows: SpooledRow) -> tuple[list[tuple[float, float, bool]], list[str]]:
    noted: list[str] = []
    done = tidy(list(rows), lambda kind, title: noted.append(kind))
    return [(item.start / HOUR, item.stop / HOUR, item.stop_is_derived) for item in done], noted


@pytest.mark.parametrize(
    ("rows", "expected", "noted"),
    [
        # 19 · no stop: the next start
        ([row(20, None), row(21.5, 22)], [(20, 21.5, True), (21.5, 22, False)], ["stop_derived"]),
        # 20 · no stop, no length, the next one 15 h later: an hour
        ([row(23, None), row(38, 39)], [(23, 24, True), (38, 39, False)], ["stop_derived"]),
        # the last one of the guide, with a length
        ([row(23, None, length=90)], [(23, 24.5, True)], ["stop_derived"]),
        # 21 · overlap
        ([row(20, 21.25), row(21, 22)], [(20, 21, False), (21, 22, False)], ["overlap"]),
        # an overlap of a minute is no news
        ([row(20, 21 + 1 / 60), row(21, 22)], [(20, 21, False), (21, 22, False)], []),
        # 22 · stop before start
        ([row(20, 19), row(20.75, 21)], [(20, 20.75, True), (20.75, 21, False)], ["stop_derived"]),
        # 23 · no duration
        ([row(20, 20), row(21, 22)], [(21, 22, False)], ["stop_is_start"]),
        # no duration does not end the one before
        ([row(19, None), row(20, 20), row(21, 22)], [(19, 21, True), (21, 22, False)], ["stop_is_start", "stop_derived"]),
        # gaps stay
        ([row(1, 2), row(5, 6)], [(1, 2, False), (5, 6, False)], []),
        # file order does not matter
        ([row(5, 6), row(1, 2)], [(1, 2, False), (5, 6, False)], []),
        # more than 48 h
        ([row(0, 50)], [(0, 50, False)], ["very_long"]),
        ([row(0, 48)], [(0, 48, False)], []),
    ],
)
def test_ends_and_overlaps(rows: list[SpooledRow], expected: list[tuple[float, float, bool]], noted: list[str]) -> None:
    assert tidied(*rows) == (expected, noted)


def test_of_two_equal_titles_at_one_time_the_longer_description_stays() -> None:
    kept = tidy([row(1, 2, "A", "longer text"), row(1, 2, "A", "short")], lambda kind, title: None)
    assert [item.content[2] for item in kept] == ["longer text"]
    kept = tidy([row(1, 2, "A", "short"), row(1, 3, "A", "longer text")], lambda kind, title: None)
    assert [(item.content[2], item.stop) for item in kept] == [("longer text", 3 * HOUR)]


def test_of_two_different_titles_at_one_time_the_later_in_the_file_stays() -> None:
    noted: list[str] = []
    kept = tidy([row(1, 2, "A", "long text"), row(1, 2, "B"), row(1, 2, "C")], lambda kind, title: noted.append(kind))
    assert [item.content[0] for item in kept] == ["C"]
    assert noted == ["same_start", "same_start"]


def test_an_equal_double_that_knows_its_end_is_better() -> None:
    kept = tidy([row(1, None, "A", "x"), row(1, 2, "A", "y")], lambda kind, title: None)
    assert [(item.stop, item.stop_is_derived) for item in kept] == [(2 * HOUR, False)]


def test_the_table_works_through_the_whole_reader() -> None:
    done = read(
        tv(
            programme("20250301200000 +0000", None, "<title>A</title>"),
            programme("20250301213000 +0000", "20250301220000 +0000", "<title>B</title>"),
            programme("20250301230000 +0000", "rubbish", "<title>C</title>"),
        )
    )
    rows = done.programmes["a"]
    assert [(item.content[0], (item.stop - item.start) // 60, item.stop_is_derived) for item in rows] == [
        ("A", 90, True),
        ("B", 30, False),
        ("C", 60, True),
    ]


_rows = st.lists(
    st.tuples(st.integers(0, 200), st.none() | st.integers(-5, 205), st.sampled_from("AB"), st.integers(0, 3)), max_size=40
)


@given(_rows)
def test_whatever_comes_in_nothing_overlaps_and_every_start_is_used_once(raw: list[tuple[int, int | None, str, int]]) -> None:
    rows = [row(start, stop, title, "x" * size) for start, stop, title, size in raw]
    done = tidy(rows, lambda kind, title: None)
    starts = [item.start for item in done]
    assert starts == sorted(set(starts))
    assert all(item.stop > item.start for item in done)
    assert all(earlier.stop <= later.start for earlier, later in pairwise(done))
    assert set(starts) == {start * HOUR for start, stop, _, _ in raw if stop != start}


@given(_rows)
def test_what_is_called_tidy_is_left_as_it_is(raw: list[tuple[int, int | None, str, int]]) -> None:
    rows = [row(start, stop, title, "x" * size) for start, stop, title, size in raw]
    if is_tidy(rows):
        noted: list[str] = []
        assert [(item.start, item.stop) for item in tidy(rows, lambda kind, title: noted.append(kind))] == [
            (start, stop) for start, stop, _ in rows
        ]
        assert noted == []


def test_a_usual_schedule_is_tidy() -> None:
    assert is_tidy([row(2, 3), row(1, 2), row(5, 6)])
    assert not is_tidy([row(1, 2), row(1, 3)])
    assert not is_tidy([row(1, None)])
    assert not is_tidy([row(0, 49)])
