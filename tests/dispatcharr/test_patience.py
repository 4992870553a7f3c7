"""Waiting: doubling, spread by chance, bounded; a breaker that opens, tries once, and closes."""

import random

import pytest

from ecm_site.dispatcharr.errors import Unreachable
from ecm_site.dispatcharr.patience import Backoff, CircuitBreaker, retry_after_seconds


def test_waits_double_up_to_a_limit_and_are_spread() -> None:
    backoff = Backoff(first=1, longest=8, rng=random.Random(4))
    waits = [[backoff.wait(attempt) for _ in range(200)] for attempt in range(1, 7)]
    for usual, found in zip((1, 2, 4, 8, 8, 8), waits, strict=True):
        assert usual / 2 <= min(found) < max(found) <= usual
        assert len(set(found)) > 100


@pytest.mark.parametrize(
    ("text", "seconds"), [("", 7), ("30", 30), (" 5 ", 5), ("-1", 7), ("soon", 7), ("9" * 8, 3600), ("9" * 40, 7), ("²", 7)]
)
def test_retry_after_is_read_or_replaced(text: str, seconds: float) -> None:
    assert retry_after_seconds(text, default=7) == seconds


def test_the_breaker_opens_tries_one_and_pauses_longer_each_time() -> None:
    now = [0.0]
    breaker = CircuitBreaker(threshold=2, first_pause=5, longest=12, clock=lambda: now[0])
    for _ in range(2):
        breaker.before()
        breaker.failed("It is down.")
    pauses = []
    for _ in range(4):
        began = now[0]
        with pytest.raises(Unreachable, match="It is down"):
            breaker.before()
        while breaker.is_open:
            now[0] += 0.5
        pauses.append(now[0] - began)
        breaker.before()  # one may try …
        with pytest.raises(Unreachable):
            breaker.before()  # … and only one
        breaker.failed("It is down.")
    assert pauses == [5, 10, 12, 12]
    now[0] += 12
    breaker.before()
    breaker.answered()
    breaker.before()
    assert not breaker.is_open


def test_a_request_that_we_stopped_ourselves_says_nothing_about_the_server() -> None:
    now = [0.0]
    breaker = CircuitBreaker(threshold=1, first_pause=5, clock=lambda: now[0])
    breaker.before()
    breaker.failed("Down.")
    now[0] = 6
    breaker.before()
    breaker.left_off()
    breaker.before()  # the next one may try
