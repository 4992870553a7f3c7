"""Which runs are closed because nobody works on them any more, and which waiting runs are queued again."""

import os
import socket
import subprocess
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from tasks_app import healing, queueing
from tasks_app.models import JournalEntry, RunRequest, RunStatus, TaskRun, Trigger
from tasks_app.process_identity import is_alive, own_identity
from tasks_app.registry import TaskResult
from tasks_app.tests.helpers import known_task

pytestmark = pytest.mark.django_db(databases=["default", "queue"])
HERE = socket.gethostname()[:64]


def dead_identity():
    process = subprocess.Popen(["true"])
    process.wait()
    return f"{HERE}:{process.pid}@1"


def running(worker, silent=timedelta(0), **values):
    return TaskRun.objects.create(
        task_id="sample",
        lock_key=values.pop("lock_key", worker),
        title="Sample",
        status=RunStatus.RUNNING,
        worker=worker,
        started_at=timezone.now() - silent,
        heartbeat_at=timezone.now() - silent,
        **values,
    )


@pytest.mark.parametrize(
    ("worker", "silent", "closed"),
    [
        ("dead", 0, True),
        ("own", 0, False),
        ("own", 200, False),
        ("own", 301, True),
        ("other-host:1@2", 50, False),
        ("other-host:1@2", 61, True),
        ("", 61, True),
    ],
)
def test_a_run_is_closed_when_its_process_is_gone_or_silent_for_too_long(worker, silent, closed):
    identity = {"dead": dead_identity(), "own": own_identity()}.get(worker, worker)
    run = running(identity, timedelta(seconds=silent))
    assert healing.heal_interrupted_runs(timezone.now()) == ([run] if closed else [])
    run.refresh_from_db()
    assert (run.status == RunStatus.TERMINATED) is closed


def test_a_process_id_that_was_given_to_somebody_else_is_not_taken_for_the_worker():
    assert is_alive(own_identity()) is True
    assert is_alive(f"{HERE}:{os.getpid()}@1") is False  # same number, other start
    assert is_alive("elsewhere:1@1") is None
    assert is_alive("nonsense") is None


def test_closing_mends_and_journals_once_and_a_failing_mender_stops_nothing():
    mended = []

    def mend(cls, parameters):
        mended.append(parameters["id"])
        raise RuntimeError("cannot mend")

    with known_task(lambda task: TaskResult(True, ""), on_interrupted=classmethod(mend)):
        for number in (1, 2):
            running(dead_identity(), lock_key=str(number), parameters={"id": number})
        healing.heal_interrupted_runs(timezone.now())
        healing.heal_interrupted_runs(timezone.now())
    assert sorted(mended) == [1, 2]
    assert list(JournalEntry.objects.values_list("action_type", "user_initiated")) == [("error", False)] * 2


def test_a_run_that_changes_want_is_wanted_again_but_not_for_ever():
    with known_task(lambda task: TaskResult(True, "")):
        for attempt in range(4):
            running(dead_identity(), triggered_by=Trigger.EVENT, lock_key="sample")
            healing.heal_interrupted_runs(timezone.now())
            assert RunRequest.objects.count() == (1 if attempt < 2 else 0), attempt
            RunRequest.objects.all().delete()


def test_a_waiting_run_without_queue_entry_is_queued_again_after_a_minute_and_at_start():
    run = TaskRun.objects.create(task_id="sample", lock_key="sample", title="Sample")
    assert healing.requeue_lost_runs(timezone.now()) == 0  # it may be on its way right now
    assert healing.requeue_lost_runs(timezone.now(), at_start=True) == 1
    assert queueing.queued_run_ids() == {run.pk: True}
    TaskRun.objects.update(queued_at=timezone.now() - timedelta(seconds=61))
    assert healing.requeue_lost_runs(timezone.now()) == 0  # the queue has it
    OrmQ.objects.all().delete()
    assert healing.requeue_lost_runs(timezone.now()) == 1


def test_an_entry_that_was_taken_but_never_worked_on_is_freed_when_there_is_room():
    run = TaskRun.objects.create(
        task_id="sample", lock_key="sample", title="Sample", queued_at=timezone.now() - timedelta(seconds=90)
    )
    queueing.enqueue(run.pk)
    OrmQ.objects.update(lock=timezone.now() + timedelta(hours=7))
    busy = [running(own_identity(), lock_key=str(number)) for number in range(2)]
    healing.requeue_lost_runs(timezone.now())
    assert queueing.queued_run_ids() == {run.pk: False}  # all workers are busy: it simply waits its turn
    busy[0].delete()
    healing.requeue_lost_runs(timezone.now())
    assert queueing.queued_run_ids() == {run.pk: True}


def test_entries_that_cannot_be_read_are_passed_over():
    OrmQ.objects.create(key="ecm", payload="rubbish", lock=timezone.now())
    assert queueing.queued_run_ids() == {}
