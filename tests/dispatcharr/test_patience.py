"""Waiting: doubling, spread by chance, bounded; a breaker that opens, tries once, and closes."""

import random
from datetime import UTC, datetime

import pytest
import time_machine

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


SERVER = "Mon, 23 Nov 2026 18:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "date", "seconds"),
    [
        ("Mon, 23 Nov 2026 18:00:40 GMT", SERVER, 40),
        (" Mon, 23 Nov 2026 18:00:40 -0000 ", SERVER, 40),
        ("Mon, 23 Nov 2026 20:00:40 +0200", SERVER, 40),
        ("Monday, 23-Nov-26 18:00:40 GMT", SERVER, 40),  # as old servers write it
        ("Mon, 23 Nov 2026 18:05:10 GMT", "", 10),
        ("Mon, 23 Nov 2026 18:05:10 GMT", "some day", 10),
        ("Mon, 23 Nov 2026 17:59:00 GMT", SERVER, 0),
        ("Tue, 24 Nov 2026 18:00:00 GMT", SERVER, 3600),
        ("Fri, 31 Dec 9999 23:59:59 GMT", SERVER, 3600),
        ("Fri, 31 Dec 9999 23:59:59 -2359", SERVER, 7),
        ("Mon, 99 Nov 2026 18:00:00 GMT", SERVER, 7),
        ("Mon, 23 Nov 99999999999999999999 18:00:00 GMT", SERVER, 7),
        ("Mon, 23 Nov 2026 18:00:40 GMT" + " " * 5 + "x" * 90, SERVER, 7),
    ],
)
def test_retry_after_may_be_a_moment(text: str, date: str, seconds: float) -> None:
    with time_machine.travel(datetime(2026, 11, 23, 18, 5, tzinfo=UTC), tick=False):
        assert retry_after_seconds(text, default=7, date=date) == seconds


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
