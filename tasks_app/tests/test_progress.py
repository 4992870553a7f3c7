"""Progress costs the work nothing, is seen while a transaction is open, and stops the work when it should."""

import time

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tasks_app import shutdown
from tasks_app.engine import request_cancel, run_here
from tasks_app.models import RunStatus, TaskRun
from tasks_app.registry import TaskResult
from tasks_app.tests.helpers import known_task

real_database = pytest.mark.django_db(transaction=True)


def wait_until(look, seconds=30):
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@real_database
def test_a_hundred_thousand_reports_do_not_touch_the_database_of_the_work():
    def body(task):
        with CaptureQueriesContext(connection) as queries:
            for number in range(100_000):
                task.progress.report(phase="counting", current=number, total=100_000, item=f"item {number}")
                task.progress.raise_if_cancelled()
        return TaskResult(True, str(len(queries)))

    with known_task(body):
        run = run_here("sample")
    assert run.message == "0"
    assert run.current == 99_999


@real_database
def test_progress_is_seen_while_the_work_is_inside_a_transaction_that_only_reads():
    def body(task):
        run_id = TaskRun.objects.get().pk
        task.progress.report(phase="merging", current=3, total=9)
        wait_until(lambda: TaskRun.objects.get(pk=run_id).phase == "merging", 2)
        return TaskResult(True, "")

    with known_task(body):
        run = run_here("sample")
    assert run.phase_started_at is not None


@real_database
def test_a_new_phase_is_stored_at_once_and_starts_counting_anew():
    seen = []

    def body(task):
        run_id = TaskRun.objects.get().pk
        for phase in ("fetching", "parsing", "merging"):
            task.progress.report(phase=phase)
            started = time.monotonic()
            wait_until(lambda phase=phase: TaskRun.objects.get(pk=run_id).phase == phase, 2)
            row = TaskRun.objects.get(pk=run_id)
            seen.append((time.monotonic() - started < 0.4, row.current, row.total))
            task.progress.report(current=5, total=10)
        return TaskResult(True, "")

    with known_task(body):
        run_here("sample")
    assert seen == [(True, 0, 0)] * 3


@real_database
def test_a_wish_to_stop_reaches_the_work_within_seconds():
    def body(task):
        request_cancel(TaskRun.objects.get().pk)
        started = time.monotonic()
        while time.monotonic() - started < 30:
            task.progress.raise_if_cancelled()
            time.sleep(0.02)
        return TaskResult(True, "was never stopped")

    with known_task(body):
        started = time.monotonic()
        run = run_here("sample")
    assert run.status == RunStatus.CANCELLED
    assert time.monotonic() - started < 10  # it looks every two


@real_database
def test_a_run_that_was_closed_meanwhile_stops_and_does_not_overwrite_its_ending():
    def body(task):
        TaskRun.objects.update(status=RunStatus.TERMINATED, message="closed by healing")
        wait_until(lambda: task.progress.stop_reason, 3)
        task.progress.raise_if_cancelled()
        raise AssertionError("went on")

    with known_task(body):
        run = run_here("sample")
    assert (run.status, run.message) == (RunStatus.TERMINATED, "closed by healing")


@real_database
def test_a_worker_that_goes_down_terminates_the_run_and_has_it_mended():
    mended = []

    def body(task):
        shutdown.interrupt_runs()
        wait_until(lambda: task.progress.stop_reason, 3)
        task.progress.raise_if_cancelled()
        raise AssertionError("went on")

    try:
        with known_task(body, on_interrupted=classmethod(lambda cls, parameters: mended.append(parameters))):
            run = run_here("sample", {"account_ids": [3]})
    finally:
        shutdown.reset()
    assert (run.status, run.error, run.message) == (RunStatus.TERMINATED, "TERMINATED", "Interrupted by restart.")
    assert mended == [{"account_ids": [3]}]


@pytest.mark.django_db
def test_inside_a_callers_transaction_the_work_itself_carries_progress():
    def body(task):
        task.progress.report(phase="counting", current=1, total=2)
        assert TaskRun.objects.get().phase == "counting"
        return TaskResult(True, "")

    with known_task(body), transaction.atomic():
        assert run_here("sample").status == RunStatus.COMPLETED


@pytest.mark.django_db
def test_odd_values_are_made_harmless():
    def body(task):
        task.progress.report(phase="p" * 100, current=-5, total=-1, item="http://u:p@h/" + "n" * 1000, failed=-3)
        row = TaskRun.objects.get()
        assert (len(row.phase), row.current, row.total, row.failed_count) == (40, 0, 0, 0)
        assert row.current_item.startswith("http://***@h/")
        assert len(row.current_item) == 255
        return TaskResult(True, "")

    with known_task(body):
        assert run_here("sample").status == RunStatus.COMPLETED, TaskRun.objects.get().message


def test_time_left_is_guessed_from_the_pace_of_the_phase(time_machine_at):
    from datetime import timedelta

    from django.utils import timezone

    run = TaskRun(status=RunStatus.RUNNING, phase_started_at=timezone.now() - timedelta(seconds=30), current=25, total=100)
    assert round(run.time_left.total_seconds()) == 90
    assert run.percentage == 25.0
    run.current = 0
    assert run.time_left is None
    run.total = 0
    assert run.percentage == 0.0
