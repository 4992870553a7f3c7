"""Processes that are killed in the middle of a run: the run is closed, mended, and everything goes on."""

import os
import signal

import pytest

from tasks_app.engine import request_run_soon, start_run
from tasks_app.models import JournalEntry, RunRequest, RunStatus, TaskRun
from tasks_app.process_identity import process_id
from tasks_app.tests.workers import descendants, exists, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def running(run):
    def look():
        run.refresh_from_db()
        return run.status == RunStatus.RUNNING and run.current > 0

    return wait_for(look, 8)


def ended(run, seconds=10):
    def look():
        run.refresh_from_db()
        return not run.is_active

    return wait_for(look, seconds)


def test_a_killed_worker_process_is_noticed_in_seconds_while_others_go_on(start_worker, demo_tasks):
    start_worker()
    victim = start_run("demo_count", {"key": "victim", "steps": 300})
    other = start_run("demo_count", {"key": "other", "steps": 60})
    running(victim)
    running(other)
    os.kill(process_id(victim.worker), signal.SIGKILL)

    ended(victim, 8)
    assert (victim.status, victim.error) == (RunStatus.TERMINATED, "TERMINATED")
    assert victim.message == "Interrupted by restart."
    wait_for((demo_tasks / "mended").exists, 5, "the task to mend things")  # it does so after the run is closed
    assert (demo_tasks / "mended").read_text() == "victim\n"
    assert JournalEntry.objects.filter(entity_id=victim.pk, action_type="error").count() == 1

    again = start_run("demo_count", {"key": "victim", "steps": 1})  # the pool has been refilled
    ended(again, 15)
    assert again.status == RunStatus.COMPLETED
    ended(other, 15)
    assert other.status == RunStatus.COMPLETED


def test_a_worker_that_is_killed_takes_its_processes_along_and_the_next_one_closes_its_runs(start_worker, demo_tasks):
    first = start_worker()
    run = start_run("demo_count", {"key": "long", "steps": 300})
    running(run)
    below = descendants(first.process.pid)
    assert len(below) >= 5
    first.kill()
    wait_for(lambda: not any(exists(pid) for pid in below), 5, "orphans to end")
    run.refresh_from_db()
    assert run.status == RunStatus.RUNNING  # nobody is there to notice

    start_worker()
    ended(run, 5)
    assert run.status == RunStatus.TERMINATED
    wait_for((demo_tasks / "mended").exists, 5, "the task to mend things")
    assert (demo_tasks / "mended").read_text() == "long\n"
    again = start_run("demo_count", {"key": "long", "steps": 1})
    ended(again)
    assert again.status == RunStatus.COMPLETED


def test_starting_the_same_work_after_a_kill_needs_no_worker_to_clean_up_first(start_worker):
    worker = start_worker()
    run = start_run("demo_count", {"key": "x", "steps": 300})
    running(run)
    below = descendants(worker.process.pid)
    worker.kill()
    wait_for(lambda: not any(exists(pid) for pid in below), 5)
    again = start_run("demo_count", {"key": "x", "steps": 1})  # would raise AlreadyRunning if the dead run still counted
    run.refresh_from_db()
    assert (run.status, again.status) == (RunStatus.TERMINATED, RunStatus.QUEUED)


def test_a_run_that_a_change_asked_for_is_asked_for_again(start_worker):
    start_worker()
    request_run_soon("demo_count", {"key": "publish", "steps": 300}, delay_seconds=0)
    run = wait_for(lambda: TaskRun.objects.filter(status=RunStatus.RUNNING, current__gt=0).first(), 8)
    os.kill(process_id(run.worker), signal.SIGKILL)
    ended(run, 8)
    wait_for(lambda: TaskRun.objects.filter(status=RunStatus.RUNNING, pk__gt=run.pk).exists(), 12)


def test_the_sentinel_is_started_again_when_it_dies(start_worker):
    worker = start_worker()
    run = start_run("demo_count", {"key": "x", "steps": 300})
    running(run)
    below = descendants(worker.process.pid)
    os.kill(below[0], signal.SIGKILL)
    wait_for(lambda: not any(exists(pid) for pid in below), 5)
    ended(run, 10)
    assert run.status == RunStatus.TERMINATED
    again = start_run("demo_count", {"key": "x", "steps": 1})
    ended(again, 15)
    assert again.status == RunStatus.COMPLETED
    assert worker.process.poll() is None
    assert not RunRequest.objects.exists()  # runs started by hand are not repeated unasked
