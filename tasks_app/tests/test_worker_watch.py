"""What the worker's parent notices: beats, a pool that takes no work, a loop that nothing stops."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from tasks_app import healing, queueing
from tasks_app.models import RunStatus, TaskRun, WorkerBeat
from tasks_app.process_identity import own_identity
from tasks_app.queries import active_runs, worker_health
from tasks_app.worker import beats, stuck
from tasks_app.worker.rounds import Rounds
from tasks_app.worker.stuck import StuckWatch

pytestmark = pytest.mark.django_db(databases=["default", "queue"])


def test_health_tells_fresh_beats_from_old_ones_and_counts_what_waits(django_assert_num_queries):
    assert worker_health().seen_at is None
    now = timezone.now()
    beats.beat("other:1@1", now - timedelta(seconds=50))
    assert worker_health().alive is False
    beats.beat("other:1@1", now)
    beats.beat("other:1@1", now)
    TaskRun.objects.create(task_id="a", lock_key="a", title="A", queued_at=now - timedelta(seconds=20))
    TaskRun.objects.create(task_id="b", lock_key="b", title="B", status=RunStatus.RUNNING)
    with django_assert_num_queries(2):
        health = worker_health(now)
    assert (health.alive, health.workers, health.waiting, health.running) == (True, 1, 1, 1)
    assert health.longest_wait == timedelta(seconds=20)


def test_workers_that_died_without_a_word_are_forgotten_and_living_ones_are_not():
    import socket

    now = timezone.now()
    for worker in (own_identity(), f"{socket.gethostname()[:64]}:{1}@1", "other:1@1"):
        beats.beat(worker, now)
    beats.forget_dead_workers(now)
    assert set(WorkerBeat.objects.values_list("worker", flat=True)) == {own_identity(), "other:1@1"}
    beats.forget_dead_workers(now + timedelta(days=2))
    assert set(WorkerBeat.objects.values_list("worker", flat=True)) == set()


def test_active_runs_are_found_by_what_they_work_on(django_assert_num_queries):
    run = TaskRun.objects.create(task_id="m3u_refresh", lock_key="m3u:3", title="x")
    TaskRun.objects.create(task_id="m3u_refresh", lock_key="m3u:4", title="x", status=RunStatus.COMPLETED)
    with django_assert_num_queries(1):
        assert active_runs(["m3u:3", "m3u:4", "m3u:5"]) == {"m3u:3": run}


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(stuck.time, "monotonic", clock)
    return clock


def passed_over(**values):
    return TaskRun.objects.create(
        task_id="a", lock_key=values.pop("lock_key", "a"), title="A", queued_at=timezone.now() - timedelta(seconds=31), **values
    )


def test_a_pool_that_takes_no_work_is_noticed_after_two_minutes(clock):
    watch = StuckWatch()
    passed_over()
    assert watch.is_stuck() is False
    clock.now = 119
    assert watch.is_stuck() is False
    clock.now = 121
    assert watch.is_stuck() is True
    assert watch.is_stuck() is False  # once, then it gets another chance


def test_work_that_goes_on_is_given_longer_and_a_full_pool_is_not_stuck(clock):
    watch = StuckWatch()
    passed_over()
    TaskRun.objects.create(task_id="b", lock_key="b", title="B", status=RunStatus.RUNNING)
    watch.is_stuck()
    clock.now = 500
    assert watch.is_stuck() is False
    clock.now = 601
    assert watch.is_stuck() is True
    TaskRun.objects.create(task_id="c", lock_key="c", title="C", status=RunStatus.RUNNING)
    watch.is_stuck()
    clock.now = 5000
    assert watch.is_stuck() is False


def test_a_queue_that_moves_is_not_stuck(clock):
    watch = StuckWatch()
    first = passed_over()
    watch.is_stuck()
    clock.now = 100
    first.delete()
    passed_over(lock_key="b")
    assert watch.is_stuck() is False
    clock.now = 210
    assert watch.is_stuck() is False


# Real transactions: the loop closes idle connections, which would end the one that other tests are wrapped in.
@pytest.mark.django_db(transaction=True, databases=["default", "queue"])
def test_a_duty_that_fails_stops_neither_the_loop_nor_the_other_duties(monkeypatch, caplog):
    def locked(now):
        raise OperationalError("database is locked")

    def wrong(now):
        raise RuntimeError("a mistake")

    monkeypatch.setattr(healing, "heal_interrupted_runs", locked)
    monkeypatch.setattr("tasks_app.worker.rounds.start_due_requests", wrong)
    restarted = []
    rounds = Rounds("here:1@1", lambda: restarted.append(1))
    rounds.go_round()
    assert WorkerBeat.objects.filter(worker="here:1@1").exists()
    assert "Could not heal interrupted runs: database is locked" in caplog.text
    assert "Could not start requested runs" in caplog.text
    rounds.go_round()  # nothing is due yet but the half-second duty
    assert caplog.text.count("Could not heal interrupted runs") == 1
    assert restarted == []


@pytest.mark.django_db(transaction=True, databases=["default", "queue"])
def test_a_stuck_pool_is_started_anew(monkeypatch):
    restarted = []
    rounds = Rounds("here:1@1", lambda: restarted.append(1))
    monkeypatch.setattr(StuckWatch, "is_stuck", lambda self: True)
    monkeypatch.setattr(queueing, "ensure_queue_tables", lambda: False)
    rounds.go_round()
    assert restarted == [1]
