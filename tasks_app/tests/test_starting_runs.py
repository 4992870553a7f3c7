"""What start_run promises: one active run per work, checked parameters, queued when the transaction commits."""

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, transaction
from django_q.models import OrmQ

from tasks_app import queueing
from tasks_app.engine import AlreadyRunning, InvalidParameters, run_here, start_run
from tasks_app.journal import Actor, acting_as
from tasks_app.models import RunStatus, TaskRun, Trigger
from tasks_app.queueing import queued_run_ids
from tasks_app.registry import TaskResult, UnknownTask, register_task
from tasks_app.tests.helpers import known_task

real_database = pytest.mark.django_db(transaction=True, databases=["default", "queue"])


def fine(task):
    return TaskResult(True, "fine")


@real_database
def test_the_queue_learns_of_a_run_only_when_the_transaction_commits():
    with known_task(fine):
        with transaction.atomic():
            run = start_run("sample")
            assert OrmQ.objects.count() == 0
        assert queued_run_ids() == {run.pk: True}
    assert OrmQ.objects.count() == 1


@real_database
def test_a_run_of_a_transaction_that_is_rolled_back_never_existed():
    with known_task(fine), transaction.atomic():
        start_run("sample")
        transaction.set_rollback(True)
    assert (TaskRun.objects.count(), OrmQ.objects.count()) == (0, 0)


@real_database
def test_a_broken_queue_does_not_break_the_page_that_starts_a_run(monkeypatch):
    def broken(*args, **kwargs):
        raise DatabaseError("disk I/O error")

    monkeypatch.setattr(queueing, "async_task", broken)
    with known_task(fine):
        run = start_run("sample")
    run.refresh_from_db()
    assert run.status == RunStatus.QUEUED  # healing queues it again


@pytest.mark.django_db
def test_a_second_start_of_the_same_work_names_the_first_run():
    with known_task(fine):
        first = start_run("sample")
        with pytest.raises(AlreadyRunning, match="already waiting") as refused:
            start_run("sample")
        assert refused.value.run == first
        with pytest.raises(AlreadyRunning):
            run_here("sample")
    assert TaskRun.objects.count() == 1


@pytest.mark.django_db
def test_different_lock_keys_may_run_side_by_side():
    with known_task(fine, lock_key=classmethod(lambda cls, parameters: f"sample:{parameters['id']}")):
        start_run("sample", {"id": 1})
        start_run("sample", {"id": 2})
        with pytest.raises(AlreadyRunning):
            start_run("sample", {"id": 2})


@pytest.mark.django_db
def test_defaults_are_overlaid_unknown_parameters_refused_and_private_ones_dropped():
    with known_task(fine, default_parameters={"timeout": 30, "account_ids": []}):
        run = start_run("sample", {"timeout": 5, "_csrf": "x"})
        assert run.parameters == {"timeout": 5, "account_ids": []}
        with pytest.raises(InvalidParameters, match=r"no parameter group_id\. It has: account_ids, timeout"):
            start_run("sample", {"group_id": 4})


@pytest.mark.django_db
def test_parameters_of_one_run_do_not_leak_into_the_next():
    seen = []

    def remember(task):
        task.parameters["timeout"] = 99
        seen.append(dict(task.parameters))
        return TaskResult(True, "")

    with known_task(remember, default_parameters={"timeout": 30}):
        run_here("sample", {"timeout": 12})
        run_here("sample")
        assert start_run("sample").parameters == {"timeout": 30}


@pytest.mark.django_db
def test_a_run_started_by_hand_belongs_to_whoever_acts():
    alice = get_user_model().objects.create_user("alice")
    with known_task(fine), acting_as(Actor(alice.pk, "alice")):
        assert start_run("sample").user_id == alice.pk
    with known_task(fine, task_id="other"), acting_as(Actor(alice.pk, "alice")):
        assert start_run("other", triggered_by=Trigger.EVENT).user_id is None


@pytest.mark.django_db
def test_an_unknown_task_is_refused_with_the_known_names():
    with pytest.raises(UnknownTask, match=r"no task 'nope'\. Known: .*undo_batch"):
        start_run("nope")


def test_a_task_id_cannot_be_taken_twice():
    with known_task(fine) as task:
        register_task(task)  # the same class again is fine: modules may be imported twice
        with pytest.raises(ValueError, match="is taken by"):
            register_task(type("Other", (task,), {}))
