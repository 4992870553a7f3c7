"""Another process holds the write lock for some seconds: work waits, nothing dies, nothing is lost."""

import subprocess
import sys
import time

import pytest
from django.db import connections
from django.utils import timezone

from ecm_site.conf import save_settings
from tasks_app.engine import start_run
from tasks_app.models import RunStatus, Schedule, TaskRun
from tasks_app.scheduling.edit_schedules import create_schedule
from tasks_app.tests.workers import descendants, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]

HOLD = """
import sqlite3, sys, time
held = []
for path in sys.argv[2:]:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    held.append(connection)
print("locked", flush=True)
time.sleep(float(sys.argv[1]))
"""


def hold_locks(seconds: float) -> subprocess.Popen:
    paths = [str(connections[name].settings_dict["NAME"]) for name in ("default", "queue")]
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(seconds), *paths], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().strip() == "locked"
    return process


def test_runs_before_during_and_after_a_lock_all_end_well(start_worker):
    save_settings(task_tick_seconds=10)
    rule = {"schedule_type": "interval", "interval_seconds": 3600, "parameters": {"key": "scheduled", "steps": 1}}
    schedule = create_schedule("demo_count", rule)
    worker = start_worker()
    before = start_run("demo_count", {"key": "before", "steps": 10})
    wait_for(lambda: TaskRun.objects.filter(pk=before.pk, status=RunStatus.RUNNING).exists(), 8)
    Schedule.objects.filter(pk=schedule.pk).update(next_run_at=timezone.now())  # the tick that is to find it meets the lock
    processes = set(descendants(worker.process.pid))

    holder = hold_locks(10)
    started = time.monotonic()
    during = start_run("demo_count", {"key": "during", "steps": 1})  # waits for the lock, as every writer does
    assert time.monotonic() - started > 6
    holder.wait()
    after = start_run("demo_count", {"key": "after", "steps": 1})

    for run in (before, during, after):

        def over(run=run):
            run.refresh_from_db()
            return not run.is_active

        wait_for(over, 20)
        assert run.status == RunStatus.COMPLETED, run.message
    assert before.current == 10
    scheduled = wait_for(lambda: schedule.runs.filter(status=RunStatus.COMPLETED).first(), 25, "the schedule to run")
    assert TaskRun.objects.count() == 4
    settled = Schedule.objects.filter(pk=schedule.pk, last_run_at=scheduled.completed_at)
    wait_for(settled.exists, 5, "the schedule to know of its run")  # it is told after the run is closed
    assert set(descendants(worker.process.pid)) == processes  # nobody died of it
