import pytest

from ecm_site.typed_numbers import number_in, numbers_in


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("", None),
        (" 1", None),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        ("1_0", None),
        ("²", None),
        ("٣", None),
        ("1\n", None),
        (None, None),
    ],
)
def test_only_plain_figures_are_a_number(text: str | None, number: int | None) -> None:
    assert number_in(text) == number


def test_a_number_may_be_too_long_for_its_place() -> None:
    assert number_in("9999", figures=4) == 9999
    assert number_in("10000", figures=4) is None


def test_what_is_no_number_is_left_out_of_a_list() -> None:
    assert numbers_in(["2", "x", "1", "", "2"]) == [2, 1, 2]
