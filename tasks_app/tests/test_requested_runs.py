"""Requests for a run "in a moment": pushed away by each new one, but not for ever; part of the transaction they belong to."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from tasks_app.due_requests import start_due_requests
from tasks_app.engine import InvalidParameters, request_run_soon
from tasks_app.models import RunRequest, RunStatus, TaskRun, Trigger
from tasks_app.registry import TaskResult, UnknownTask
from tasks_app.tests.helpers import known_task

pytestmark = pytest.mark.django_db(databases=["default", "queue"])
START = datetime(2026, 5, 4, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def task():
    with known_task(lambda task: TaskResult(True, "")):
        yield


def at(seconds):
    return START + timedelta(seconds=seconds)


def test_each_request_pushes_the_run_away_until_somebody_has_waited_half_a_minute(time_machine_at):
    for second in range(0, 29, 2):
        time_machine_at(at(second))
        request_run_soon("sample", delay_seconds=3)
        assert RunRequest.objects.get().due_at == at(min(second + 3, 30))
    time_machine_at(at(29))
    assert start_due_requests(at(29)) == []
    [run] = start_due_requests(at(30))
    assert (run.triggered_by, run.status) == (Trigger.EVENT, RunStatus.QUEUED)
    assert not RunRequest.objects.exists()


def test_requests_with_other_parameters_are_other_wishes(time_machine_at):
    request_run_soon("sample", {"a": 1, "b": 2})
    request_run_soon("sample", {"b": 2, "a": 1})
    request_run_soon("sample", {"a": 2})
    assert RunRequest.objects.count() == 2


def test_a_waiting_run_satisfies_a_request_and_a_running_one_does_not(time_machine_at):
    waiting = TaskRun.objects.create(task_id="sample", lock_key="sample", title="Sample")
    request_run_soon("sample", delay_seconds=0)
    assert start_due_requests(at(0)) == []
    assert not RunRequest.objects.exists()

    TaskRun.objects.filter(pk=waiting.pk).update(status=RunStatus.RUNNING)
    request_run_soon("sample", delay_seconds=0)
    assert start_due_requests(at(1)) == []
    assert RunRequest.objects.count() == 1
    TaskRun.objects.filter(pk=waiting.pk).update(status=RunStatus.COMPLETED)
    assert len(start_due_requests(at(2))) == 1


def test_a_request_of_a_transaction_that_is_rolled_back_never_was():
    with transaction.atomic():
        request_run_soon("sample")
        transaction.set_rollback(True)
    assert not RunRequest.objects.exists()


def test_unknown_tasks_and_parameters_are_refused_and_forgotten_tasks_dropped(time_machine_at):
    with pytest.raises(UnknownTask):
        request_run_soon("nope")
    with known_task(lambda task: None, "strict", default_parameters={}), pytest.raises(InvalidParameters):
        request_run_soon("strict", {"x": 1})
    RunRequest.objects.create(key="gone", task_id="gone", due_at=at(-1))
    request_run_soon("sample", delay_seconds=0)
    assert [run.task_id for run in start_due_requests(at(0))] == ["sample"]
    assert not RunRequest.objects.exists()
