"""The log level of a worker that is running is switched by saving a setting (50 S-3)."""

import pytest

from ecm_site.conf import save_settings
from tasks_app.engine import start_run
from tasks_app.tests.workers import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]

SWITCHED = "Log level is now DEBUG (was INFO)"


def test_every_process_of_the_worker_switches(start_worker):
    save_settings(task_tick_seconds=10)
    worker = start_worker()
    assert SWITCHED not in worker.output()
    save_settings(backend_log_level="DEBUG")
    start_run("demo_count", {"steps": 1})
    wait_for(lambda: worker.output().count(SWITCHED) >= 1, 15, "the process that does the run")
    wait_for(lambda: worker.output().count(SWITCHED) >= 2, 25, "the process that looks what is due")
