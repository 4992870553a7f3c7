"""Runs in real worker processes: exactly one notification each, live while it works, closed also when it is killed."""

import os
import signal

import pytest

from tasks_app.engine import request_cancel, request_run_soon, start_run
from tasks_app.models import Notification, RunStatus, TaskRun
from tasks_app.process_identity import process_id
from tasks_app.tests.workers import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def live_line(run: TaskRun) -> Notification:
    return wait_for(lambda: Notification.objects.filter(run=run, live=True, run__current__gt=0).first(), 10)


def closed_line(run: TaskRun) -> Notification:
    return wait_for(lambda: Notification.objects.filter(run=run, live=False).first(), 15)


def test_each_run_has_one_notification_that_ends_with_its_outcome(start_worker):
    start_worker()
    counted = start_run("demo_count", {"key": "a", "steps": 12})
    first = live_line(counted)
    failed = start_run("demo_fail")
    assert closed_line(failed).kind == "error"
    assert "hunter2" not in Notification.objects.get(run=failed).message
    last = closed_line(counted)
    assert (last.pk, last.kind, last.message, last.metadata["current"]) == (first.pk, "success", "Counted to 12.", 12)
    assert Notification.objects.count() == 2


def test_cancelled_and_killed_runs_close_their_lines(start_worker):
    start_worker()
    cancelled = start_run("demo_count", {"key": "cancelled", "steps": 300})
    killed = start_run("demo_count", {"key": "killed", "steps": 300})
    live_line(cancelled)
    live_line(killed)
    request_cancel(cancelled.pk)
    assert closed_line(cancelled).kind == "warning"
    killed.refresh_from_db()
    os.kill(process_id(killed.worker), signal.SIGKILL)
    line = closed_line(killed)
    assert (line.kind, line.message) == ("error", "Interrupted by restart.")
    assert Notification.objects.count() == 2


def test_runs_after_changes_leave_the_bell_alone(start_worker):
    start_worker()
    request_run_soon("demo_count", {"key": "publish", "steps": 1}, delay_seconds=0)
    wait_for(lambda: TaskRun.objects.filter(status=RunStatus.COMPLETED).exists(), 10)
    assert not Notification.objects.exists()
