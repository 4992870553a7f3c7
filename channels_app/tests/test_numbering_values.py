"""Reading, writing and stepping channel numbers (10 §8.3)."""

from decimal import Decimal

import pytest

from channels_app.numbering import format_number, format_range, number_steps, parse_number, step_for


@pytest.mark.parametrize(
    ("text", "number"),
    [("101", "101"), (" 4.1 ", "4.1"), ("0", "0"), ("007", "7"), ("101.0000", "101"), (".5", "0.5"), ("5.", "5")],
)
def test_numbers_are_read_as_typed(text: str, number: str) -> None:
    assert parse_number(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "   "])
def test_empty_text_is_no_number(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("abc", "is not a number"),
        ("nan", "is not a number"),
        ("inf", "is not a number"),
        ("-Infinity", "is not a number"),
        ("1e5", "is not a number"),
        ("+5", "is not a number"),
        ("1.2.3", "is not a number"),
        ("١٢", "is not a number"),
        ("-5", "cannot be negative"),
        ("4,1", "with a point"),
        ("123456789", "too large"),
        ("1.23456", "too exact"),
        ("9" * 5000, "too large"),
        ("x" * 5000, "is not a number"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        parse_number(text)
    assert len(str(caught.value)) < 120


def test_a_minimum_can_be_asked_for() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        parse_number("0.5", minimum=Decimal(1))


@pytest.mark.parametrize(
    ("number", "text"), [("101.0000", "101"), ("4.1000", "4.1"), ("100", "100"), ("1E+2", "100"), ("0", "0"), (None, "")]
)
def test_numbers_are_written_short_and_never_as_none(number: str | None, text: str) -> None:
    assert format_number(None if number is None else Decimal(number)) == text


def test_ranges_are_written_once_when_they_hold_one_number() -> None:
    assert format_range([Decimal(100), Decimal(149), Decimal(120)]) == "100–149"
    assert format_range([Decimal("4.10")]) == "4.1"
    assert format_range([]) == ""


@pytest.mark.parametrize(
    ("start", "count", "numbers"),
    [
        ("100", 3, "100 101 102"),
        ("38.9", 3, "38.9 39 39.1"),  # 25.2 #23
        ("38.1", 3, "38.1 38.2 38.3"),  # 25.4 #48
        ("38.15", 2, "38.2 38.3"),
        ("7", 0, ""),
    ],
)
def test_steps_follow_the_start(start: str, count: int, numbers: str) -> None:
    assert " ".join(format_number(number) for number in number_steps(Decimal(start), count)) == numbers


def test_a_continued_run_keeps_its_step() -> None:
    assert number_steps(Decimal(39), 2, step=step_for(Decimal("38.9"))) == [Decimal(39), Decimal("39.1")]


def test_numbers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        number_steps(Decimal(99_999_999), 2)
