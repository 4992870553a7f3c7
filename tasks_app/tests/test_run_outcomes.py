"""How a run ends: status, severity, message and counters for every way a task can go (50 §1.8, T-22)."""

import datetime
from decimal import Decimal

import pytest

from tasks_app.engine import request_cancel, run_here
from tasks_app.models import JournalEntry, RunStatus, TaskRun, Trigger
from tasks_app.progress import Cancelled
from tasks_app.registry import TaskResult
from tasks_app.tests.helpers import known_task

pytestmark = pytest.mark.django_db


def result_of(body, **options):
    with known_task(body):
        return run_here("sample", **options)


@pytest.mark.parametrize(
    ("result", "status", "severity"),
    [
        (TaskResult(True, "fine", success_count=10), RunStatus.COMPLETED, "success"),
        (TaskResult(True, "mostly", success_count=8, failed_count=2), RunStatus.COMPLETED, "warning"),
        (TaskResult(False, "nothing worked", failed_count=5), RunStatus.FAILED, "error"),
    ],
)
def test_a_result_becomes_status_and_severity(result, status, severity):
    run = result_of(lambda task: result)
    assert (run.status, run.severity, run.message, run.success) == (status, severity, result.message, result.success)


def test_an_exception_fails_the_run_with_its_masked_message():
    def body(task):
        raise OSError("no answer from http://joe:secret@host/x?token=abc")

    run = result_of(body)
    assert (run.status, run.error) == (RunStatus.FAILED, "")
    assert run.message == "no answer from http://***@host/x?token=***"


def test_an_exception_without_words_is_named():
    def body(task):
        raise ZeroDivisionError

    assert result_of(body).message == "ZeroDivisionError"


def test_a_task_that_swallows_the_stop_and_claims_success_is_cancelled_all_the_same():
    def body(task):
        run = TaskRun.objects.get(status=RunStatus.RUNNING)
        request_cancel(run.pk)
        task.progress._written_at = 0  # half a second has passed
        task.progress.report(current=4, succeeded=4)
        try:
            task.progress.raise_if_cancelled()
        except Cancelled:
            return TaskResult(True, "all done!")
        raise AssertionError("was not stopped")

    run = result_of(body)
    assert (run.status, run.severity, run.success, run.success_count) == (RunStatus.CANCELLED, "warning", False, 4)


def test_a_task_that_ended_before_it_noticed_the_wish_to_stop_has_completed():
    def body(task):
        request_cancel(TaskRun.objects.get(status=RunStatus.RUNNING).pk)
        return TaskResult(True, "done before anybody looked")

    assert result_of(body).status == RunStatus.COMPLETED


def test_counters_a_result_leaves_out_are_those_reported_on_the_way():
    def body(task):
        task.progress.report(phase="working", current=9, total=9, succeeded=7, failed=1, skipped=1)
        return TaskResult(True, "ok")

    run = result_of(body)
    assert (run.success_count, run.failed_count, run.skipped_count, run.current, run.total) == (7, 1, 1, 9, 9)


def test_details_of_any_kind_are_stored_as_plain_values_without_secrets():
    details = {
        "when": datetime.date(2026, 3, 8),
        "number": Decimal("4.10"),
        "ids": {3, 1},
        "password": "hunter2",
        "url": "http://a:b@c/",
        "rate": float("nan"),
        5: ("x", b"\x00"),
    }
    run = result_of(lambda task: TaskResult(True, "ok", details=details))
    assert run.details == {
        "when": "2026-03-08",
        "number": "4.10",
        "ids": [1, 3],
        "password": "***",
        "url": "http://***@c/",
        "rate": None,
        "5": ["x", "b'\\x00'"],
    }


def test_a_run_of_a_task_that_was_removed_fails_with_a_reason():
    from tasks_app.execution import execute_queued_run

    run = TaskRun.objects.create(task_id="gone", lock_key="gone", title="Gone")
    execute_queued_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.error) == (RunStatus.FAILED, "CONFIG_INVALID")


def test_a_run_that_is_delivered_twice_works_once():
    from tasks_app.execution import execute_queued_run

    calls = []

    def body(task):
        calls.append(1)
        return TaskResult(True, "ok")

    with known_task(body):
        run = TaskRun.objects.create(task_id="sample", lock_key="sample", title="Sample")
        execute_queued_run(run.pk)
        execute_queued_run(run.pk)
    assert calls == [1]


def test_the_task_learns_whether_a_person_wanted_it():
    seen = []

    def body(task):
        seen.append(task.user_initiated)
        return TaskResult(True, "")

    for trigger in Trigger:
        result_of(body, triggered_by=trigger)
    assert dict(zip(Trigger, seen, strict=True)) == {
        Trigger.MANUAL: True,
        Trigger.SCHEDULED: False,
        Trigger.EVENT: False,
        Trigger.COMMAND: True,
        Trigger.API: True,
    }


def test_the_journal_holds_start_and_end_with_parameters_and_counters():
    def body(task):
        return TaskResult(True, "Refreshed 3.", success_count=3)

    with known_task(body):
        run = run_here("sample", {"account_ids": [4]}, triggered_by=Trigger.MANUAL)
    start, end = JournalEntry.objects.order_by("pk")
    assert (start.action_type, start.entity_id, start.user_initiated) == ("start", run.pk, True)
    assert start.after_value == {"task_id": "sample", "triggered_by": "manual", "parameters": {"account_ids": [4]}}
    assert (end.action_type, end.description) == ("complete", "Sample sample: Refreshed 3.")
    assert end.after_value["success_count"] == 3


def test_what_a_task_changes_is_journalled_in_the_name_of_who_started_it():
    from tasks_app.journal import log_entry

    def body(task):
        log_entry("m3u", "refresh", entity_name="Acme", description="Refreshed Acme.")
        return TaskResult(True, "")

    result_of(body)
    assert JournalEntry.objects.get(category="m3u").user_name == "command line"
    result_of(body, triggered_by=Trigger.SCHEDULED)
    assert JournalEntry.objects.filter(category="m3u").order_by("-pk")[0].user_initiated is False


def test_messages_and_details_beyond_measure_are_cut():
    details = {"count": 3, "streams": ["x" * 100] * 10_000}
    run = result_of(lambda task: TaskResult(True, "m" * 100_000, details=details))
    assert len(run.message) == 4000
    assert run.details == {"count": 3, "left_out": "Too large to keep: streams"}


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_raw_sql_left_open_is_rolled_back_and_the_run_still_ends():
    from django.db import connection

    from tasks_app.models import WorkerBeat

    def body(task):
        with connection.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("INSERT INTO tasks_app_workerbeat (worker, started_at, seen_at) VALUES ('half', 'x', 'x')")
        raise OSError("broke in the middle")

    run = result_of(body)
    assert (run.status, run.message) == (RunStatus.FAILED, "broke in the middle")
    assert not WorkerBeat.objects.exists()
