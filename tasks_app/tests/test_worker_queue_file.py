"""The queue file is expendable: deleted or damaged under a working worker, no run is lost."""

from pathlib import Path

import pytest
from django.db import connections

from tasks_app.engine import start_run
from tasks_app.models import RunStatus
from tasks_app.queueing import ensure_queue_tables
from tasks_app.tests.workers import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.fixture(autouse=True)
def whole_queue_file(transactional_db):
    """Whatever a test did to the file, the next one finds a good one."""
    yield
    connections["queue"].close()
    ensure_queue_tables()


def queue_file() -> Path:
    connections["queue"].close()
    return Path(connections["queue"].settings_dict["NAME"])


def completed(run, seconds):
    def look():
        run.refresh_from_db()
        return run.status == RunStatus.COMPLETED

    wait_for(look, seconds)


def test_runs_go_on_after_the_queue_file_was_deleted(start_worker, demo_tasks):
    start_worker()
    path = queue_file()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    run = start_run("demo_count", {"steps": 1})
    assert run.status == RunStatus.QUEUED
    completed(run, 45)
    assert len((demo_tasks / "begun").read_text().splitlines()) == 1


def test_a_waiting_run_survives_the_loss_of_the_queue_file_between_two_workers(start_worker, demo_tasks):
    run = start_run("demo_count", {"steps": 1})
    path = queue_file()
    path.unlink()
    start_worker()
    completed(run, 20)


def test_a_damaged_queue_file_is_set_aside(start_worker):
    path = queue_file()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(b"this is not a database at all" * 200)
    run = start_run("demo_count", {"steps": 1})
    start_worker()
    completed(run, 20)
    assert path.with_name(path.name + ".damaged").exists()
