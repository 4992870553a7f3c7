"""How moments are worded (50 §1.10, T-17)."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks_app.moments import ago, day_words, is_overdue, long_words, until

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (30, "in <1m"),
        (12 * 60, "in 12m"),
        (3599, "in 59m"),
        (3 * 3600 + 60, "in 3h"),
        (86_399, "in 23h"),
        (2 * 86_400, "in 2d"),
        (0, "Due now"),
        (-119, "Due now"),
        (-120, "Overdue"),
    ],
)
def test_time_until_a_run(seconds, words):
    assert until(NOW + timedelta(seconds=seconds), NOW) == words
    assert is_overdue(NOW + timedelta(seconds=seconds), NOW) == (words == "Overdue")


@pytest.mark.parametrize(("seconds", "words"), [(59, "just now"), (300, "5m ago"), (10_800, "3h ago"), (6 * 86_400, "6d ago")])
def test_time_since_a_run(seconds, words):
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(days=3, hours=7, minutes=20), "3d 7h"),
        (timedelta(hours=1, minutes=5), "1h 5m"),
        (timedelta(hours=2), "2h"),
        (timedelta(minutes=12, seconds=59), "12m"),
        (timedelta(seconds=-5), "0m"),
    ],
)
def test_how_late_a_run_was(length, words):
    assert long_words(length) == words


@pytest.mark.parametrize(
    ("days", "words"), [(0, "Today"), (1, "Tomorrow"), (2, "Wednesday"), (6, "Sunday"), (7, "Monday, 11 May 2026")]
)
def test_the_day_of_a_run(days, words):
    assert day_words(NOW + timedelta(days=days), NOW) == words
