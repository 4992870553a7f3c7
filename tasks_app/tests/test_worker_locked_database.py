"""Another process holds the write lock for some seconds: work waits, nothing dies, nothing is lost."""

import subprocess
import sys
import time

import pytest
from django.db import connections

from tasks_app.engine import start_run
from tasks_app.models import RunStatus, TaskRun
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
    worker = start_worker()
    before = start_run("demo_count", {"key": "before", "steps": 10})
    wait_for(lambda: TaskRun.objects.filter(pk=before.pk, status=RunStatus.RUNNING).exists(), 8)
    processes = set(descendants(worker.process.pid))

    holder = hold_locks(6)
    started = time.monotonic()
    during = start_run("demo_count", {"key": "during", "steps": 1})  # waits for the lock, as every writer does
    assert time.monotonic() - started > 3
    holder.wait()
    after = start_run("demo_count", {"key": "after", "steps": 1})

    for run in (before, during, after):

        def over(run=run):
            run.refresh_from_db()
            return not run.is_active

        wait_for(over, 20)
        assert run.status == RunStatus.COMPLETED, run.message
    assert before.current == 10
    assert set(descendants(worker.process.pid)) == processes  # nobody died of it
