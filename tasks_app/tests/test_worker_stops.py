"""SIGTERM: short work may end, longer work stops at a safe point, deaf work is interrupted; nothing new begins."""

import time

import pytest

from tasks_app.engine import start_run
from tasks_app.models import RunStatus, WorkerBeat
from tasks_app.queries import worker_health
from tasks_app.tests.workers import SLOWEST, descendants, exists, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def working(run, look=lambda run: run.status == RunStatus.RUNNING):
    def refreshed():
        run.refresh_from_db()
        return look(run)

    wait_for(refreshed, 8)


def test_an_idle_worker_stops_within_seconds_and_says_goodbye(start_worker):
    worker = start_worker()
    assert worker_health().alive
    started = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - started < 6 * SLOWEST
    assert not WorkerBeat.objects.exists()
    assert not worker_health().alive


def test_a_short_run_may_end_by_itself(start_worker):
    worker = start_worker()
    run = start_run("demo_count", {"steps": 20, "seconds": 0.1})
    working(run)
    assert worker.stop() == 0
    run.refresh_from_db()
    assert run.status == RunStatus.COMPLETED


def test_a_long_run_stops_at_its_next_safe_point_and_is_mended(start_worker, demo_tasks):
    worker = start_worker()
    run = start_run("demo_count", {"key": "long", "steps": 3000, "seconds": 0.1})
    working(run)
    assert worker.stop() == 0
    run.refresh_from_db()
    assert (run.status, run.error) == (RunStatus.TERMINATED, "TERMINATED")
    assert (demo_tasks / "mended").read_text() == "long\n"


def test_a_run_that_does_not_listen_is_interrupted_when_time_is_up(start_worker):
    worker = start_worker("--stop-seconds", "3")
    run = start_run("demo_deaf", {"seconds": 120})
    working(run)
    below = descendants(worker.process.pid)
    started = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - started < 8 * SLOWEST
    assert not any(exists(pid) for pid in below)
    run.refresh_from_db()
    assert run.status == RunStatus.TERMINATED


def test_runs_that_wait_when_the_worker_stops_are_done_by_the_next_one(start_worker, demo_tasks):
    worker = start_worker()
    busy = [start_run("demo_count", {"key": str(number), "steps": 3000, "seconds": 0.1}) for number in range(2)]
    for run in busy:
        working(run)
    waiting = [start_run("demo_count", {"key": f"later {number}", "steps": 1}) for number in range(4)]
    time.sleep(1.5)  # some are prefetched by now
    assert worker.stop() == 0
    for run in waiting:
        run.refresh_from_db()
        assert run.status == RunStatus.QUEUED
    start_worker()
    for run in waiting:
        working(run, lambda run: run.status == RunStatus.COMPLETED)
    ended = (demo_tasks / "ended").read_text().splitlines()
    assert sorted(line.rsplit(" ", 2)[0] for line in ended) == [f"later {number}" for number in range(4)]
