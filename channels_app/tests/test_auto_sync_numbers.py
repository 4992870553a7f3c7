"""Numbers are found as the plain rule finds them (20 §4.3 step 4), however many groups start at the same one."""

import math
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_app.autosync.numbers import Cursor, FreeNumbers

halves = st.integers(2, 60).map(lambda number: Decimal(number) / 2)
Range = tuple[Decimal, Decimal | None, int]
ranges = st.tuples(halves, st.none() | halves, st.integers(0, 12))


def plainly(taken: set[Decimal], start: Decimal, end: Decimal | None, count: int) -> tuple[list[Decimal | None], list[Decimal]]:
    """The rule, one number after the other: what is handed out, and what was passed over."""
    given_out: list[Decimal | None] = []
    passed: list[Decimal] = []
    number = start
    for _ in range(count):
        while number in taken and (end is None or number <= end):
            passed.append(number)
            number = Decimal(math.floor(number) + 1)
        if end is not None and number > end:
            given_out.append(None)
            continue
        taken.add(number)
        given_out.append(number)
        number = Decimal(math.ceil(number + 1))
    return given_out, passed


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # busy machines draw slowly
@given(st.sets(halves, max_size=40), st.lists(ranges, min_size=1, max_size=6))
def test_groups_get_the_numbers_of_the_plain_rule(taken: set[Decimal], groups: list[Range]) -> None:
    free, expected = FreeNumbers(set(taken)), set(taken)
    for start, end, count in groups:
        cursor = Cursor(free, start, end)
        found = [cursor.take() for _ in range(count)]
        wanted, passed = plainly(expected, start, end, count)
        assert found == wanted
        assert cursor.skipped() == passed
    assert free.taken == expected
