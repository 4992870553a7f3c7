"""A running task stops within seconds of being asked, a waiting one at once."""

import time

import pytest

from tasks_app.engine import request_cancel, start_run
from tasks_app.models import JournalEntry, RunStatus
from tasks_app.tests.workers import SLOWEST, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def test_cancelling_stops_a_running_task_within_seconds_and_keeps_what_is_done(start_worker, demo_tasks):
    start_worker()
    run = start_run("demo_count", {"steps": 300, "seconds": 0.1})

    def under_way():
        run.refresh_from_db()
        return run.current > 2

    wait_for(under_way, 8)
    asked = time.monotonic()
    assert request_cancel(run.pk) is True

    def over():
        run.refresh_from_db()
        return not run.is_active

    wait_for(over, 5)
    assert time.monotonic() - asked < 5 * SLOWEST  # of the half minute that it would have taken
    assert (run.status, run.error, run.severity, run.success) == (RunStatus.CANCELLED, "CANCELLED", "warning", False)
    assert run.success_count >= 3  # the steps that were done are still counted
    assert not (demo_tasks / "ended").exists()
    assert request_cancel(run.pk) is False
    assert JournalEntry.objects.filter(entity_id=run.pk, action_type="cancel").count() == 1


def test_cancelling_a_waiting_run_closes_it_and_it_never_begins(demo_tasks, start_worker):
    run = start_run("demo_count", {"steps": 1})  # nobody works yet
    assert request_cancel(run.pk) is True
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    start_worker()
    later = start_run("demo_count", {"steps": 1})

    def over():
        later.refresh_from_db()
        return not later.is_active

    wait_for(over, 8)
    assert len((demo_tasks / "begun").read_text().splitlines()) == 1
