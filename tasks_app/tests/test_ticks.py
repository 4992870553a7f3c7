"""The minute's tick: taken by one worker, survives failing checks and clocks that are set back."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks_app import ticks
from tasks_app.ticks import claim_tick, register_due_check, run_due_checks

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_checks(monkeypatch):
    monkeypatch.setattr(ticks, "_checks", [])


@pytest.mark.django_db
def test_a_tick_is_taken_once_a_minute():
    taken = [second for second in range(0, 181, 5) if claim_tick(NOW + timedelta(seconds=second))]
    assert taken == [0, 55, 110, 165]


@pytest.mark.django_db
def test_a_clock_that_was_set_back_an_hour_does_not_stop_ticks_for_an_hour():
    assert claim_tick(NOW)
    back = NOW - timedelta(hours=1)
    assert claim_tick(back)
    assert not claim_tick(back + timedelta(seconds=10))
    assert claim_tick(back + timedelta(seconds=60))


def test_a_failing_check_costs_nobody_else_their_turn(caplog):
    seen = []

    def bad(now):
        raise RuntimeError("wrong")

    register_due_check(bad)
    register_due_check(seen.append)
    run_due_checks(NOW)
    assert seen == [NOW]
    assert "Due check" in caplog.text


def test_a_check_registered_twice_is_asked_once():
    seen = []

    def check(now):
        seen.append(now)

    register_due_check(check)
    register_due_check(check)
    run_due_checks(NOW)
    assert seen == [NOW]
