"""Nothing that should run may silently not run: each way is provoked, found, told once, and healed where possible."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tasks_app import healing
from tasks_app.clock_set_back import mend_future_moments
from tasks_app.engine import request_run_soon, start_run
from tasks_app.models import Notification, RunRequest, RunStatus, Schedule, Task, TaskRun, WorkerBeat
from tasks_app.process_identity import own_identity
from tasks_app.queries import worker_health
from tasks_app.registry import TaskResult
from tasks_app.scheduling.catalogue import ensure_tasks
from tasks_app.scheduling.edit_schedules import create_schedule
from tasks_app.scheduling.edit_task import change_task
from tasks_app.tests.helpers import known_task
from tasks_app.watchdog import problems, watch
from tasks_app.worker import hang_guard
from tasks_app.worker.clock_watch import ClockWatch

pytestmark = pytest.mark.django_db(databases=["default", "queue"])

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
FIVE_MINUTES = {"schedule_type": "interval", "interval_seconds": 300}
DAILY = {"schedule_type": "daily", "schedule_time": "03:00", "timezone": "UTC"}


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller.move_to


@pytest.fixture(autouse=True)
def sample(clock):
    with known_task(lambda task: TaskResult(True, "")):
        ensure_tasks()
        Schedule.objects.all().delete()  # those that tasks of the product begin with
        WorkerBeat.objects.create(worker="w", seen_at=NOW)
        yield


def beat(now):
    WorkerBeat.objects.update(seen_at=now)


def kinds(now):
    return [problem.kind for problem in problems(now)]


def titles():
    return sorted(Notification.objects.values_list("title", flat=True))


def test_all_is_well_in_four_queries_and_nothing_is_told(django_assert_num_queries):
    for _ in range(5):
        create_schedule("sample", DAILY)
    with django_assert_num_queries(4):
        assert problems(NOW) == []
    assert watch(NOW) == []
    assert not Notification.objects.exists()


def test_a_silent_worker_is_seen_from_outside():
    assert kinds(NOW + timedelta(seconds=44)) == []
    [problem] = problems(NOW + timedelta(seconds=46))
    assert problem.kind == "no_worker"
    assert "since 2026-05-04 10:00 UTC" in problem.sentence
    WorkerBeat.objects.all().delete()
    assert kinds(NOW) == ["no_worker"]
    WorkerBeat.objects.create(worker="w", seen_at=NOW + timedelta(hours=1))  # it died just before the clock was set back
    assert kinds(NOW) == ["no_worker"]
    assert not worker_health(NOW).alive


def test_a_schedule_without_a_next_run_is_seen_healed_and_told():
    schedule = create_schedule("sample", {**DAILY, "name": "Night"})
    Schedule.objects.update(next_run_at=None)
    [problem] = problems(NOW)
    assert (problem.kind, problem.task_id, problem.schedule_id) == ("no_next_run", "sample", schedule.pk)
    assert watch(NOW) == []
    schedule.refresh_from_db()
    assert schedule.next_run_at == datetime(2026, 5, 5, 3, tzinfo=UTC)
    watch(NOW)
    assert titles() == ["A schedule was put right"]


def test_a_schedule_that_cannot_be_read_stays_visible():
    create_schedule("sample", DAILY)
    Schedule.objects.update(next_run_at=None, schedule_time="later")
    assert [problem.kind for problem in watch(NOW)] == ["cannot_run"]
    assert [problem.kind for problem in watch(NOW + timedelta(minutes=1))] == ["no_worker", "cannot_run"]  # told once
    assert titles() == ["A schedule never runs"]


def test_an_overdue_schedule_is_told_once_and_only_when_nothing_keeps_it_waiting(clock, monkeypatch):
    create_schedule("sample", {**DAILY, "name": "Night"})
    due = datetime(2026, 5, 5, 3, tzinfo=UTC)
    for late, found in ((timedelta(minutes=6), []), (timedelta(minutes=8), ["overdue"])):
        clock(due + late)
        beat(due + late)
        assert kinds(due + late) == found
    alerted = []
    monkeypatch.setattr("tasks_app.watchdog.raise_alert", alerted.append)
    watch(due + timedelta(minutes=8))
    watch(due + timedelta(minutes=9))
    assert titles() == ["A schedule is overdue"]
    assert [(event.severity, event.task_id) for event in alerted] == [("error", "sample")]
    change_task("sample", enabled=False)
    assert kinds(due + timedelta(minutes=8)) == []
    change_task("sample", enabled=True)
    run = TaskRun.objects.create(
        task_id="sample", lock_key="x", title="X", status=RunStatus.RUNNING, worker=own_identity(), heartbeat_at=due
    )
    for late, found in ((timedelta(hours=1), []), (timedelta(hours=7), ["overdue"])):
        moment = due + late
        beat(moment)
        TaskRun.objects.filter(pk=run.pk).update(heartbeat_at=moment)
        assert kinds(moment) == found


def test_a_silent_run_and_a_stalled_queue_are_told():
    TaskRun.objects.create(
        task_id="sample", lock_key="a", title="Dead", status=RunStatus.RUNNING, worker="w:1@1", heartbeat_at=NOW
    )
    TaskRun.objects.create(task_id="sample", lock_key="b", title="Left", queued_at=NOW)
    later = NOW + timedelta(minutes=11)
    beat(later)
    assert kinds(later) == ["run_silent", "queue_stalled"]
    watch(later)
    assert titles() == ["A run is silent", "Work is not taken up"]


def test_a_task_that_nobody_turned_off_is_told_and_one_that_is_off_by_itself_or_by_choice_is_not():
    Task.objects.filter(task_id="sample").update(enabled=False)
    assert kinds(NOW) == ["task_off"]
    watch(NOW)
    assert titles() == ["A task is off"]
    change_task("sample", enabled=True)
    change_task("sample", enabled=False)
    assert kinds(NOW) == []
    with known_task(lambda task: TaskResult(True, ""), "export_publish"):
        ensure_tasks()
        assert kinds(NOW) == []


def test_a_deleted_row_of_a_task_is_made_again():
    Task.objects.filter(task_id="sample").delete()
    watch(NOW)
    assert Task.objects.filter(task_id="sample").exists()


@pytest.mark.parametrize(
    ("values", "last_run", "planned", "healed"),
    [
        # the clock was two days ahead for a moment and is right again
        (DAILY, timedelta(days=2), timedelta(days=2, hours=17), datetime(2026, 5, 5, 3, tzinfo=UTC)),
        # it was set back an hour just after the run: what ran at 10:30 does not run again at 10:30
        ({**DAILY, "schedule_time": "10:30"}, timedelta(minutes=31), timedelta(days=1, minutes=30), None),
        (FIVE_MINUTES, timedelta(hours=1), timedelta(minutes=65), NOW + timedelta(minutes=5)),
        # nothing odd
        (FIVE_MINUTES, -timedelta(minutes=2), timedelta(minutes=3), None),
    ],
)  # fmt: skip
def test_runs_that_a_wrong_clock_planned_too_far_ahead_come_back(values, last_run, planned, healed):
    schedule = create_schedule("sample", values)
    Schedule.objects.update(last_run_at=NOW + last_run, next_run_at=NOW + planned)
    watch(NOW)
    schedule.refresh_from_db()
    assert schedule.next_run_at == (healed or NOW + planned)


def test_what_a_set_back_clock_leaves_in_the_future_comes_back(clock):
    hour = timedelta(hours=1)
    clock(NOW + hour)
    run = start_run("sample")
    with known_task(lambda task: TaskResult(True, ""), "other"):
        request_run_soon("other")
    clock(NOW)
    assert mend_future_moments(NOW) == 2
    run.refresh_from_db()
    assert (run.queued_at, RunRequest.objects.get().due_at) == (NOW, NOW + timedelta(seconds=3))
    assert mend_future_moments(NOW) == 0


def test_a_moved_clock_is_noticed_and_old_heartbeats_are_then_no_proof(monkeypatch, clock):
    watching = ClockWatch()
    assert watching.jump() == timedelta(0)
    run = TaskRun.objects.create(
        task_id="sample", lock_key="a", title="A", status=RunStatus.RUNNING, worker=own_identity(), heartbeat_at=NOW
    )
    clock(NOW + timedelta(days=2))
    assert watching.jump() > timedelta(days=1, hours=23)
    monkeypatch.setattr(healing, "_patient_until", 0.0)
    healing.expect_old_heartbeats()
    assert healing.heal_interrupted_runs(NOW + timedelta(days=2)) == []
    monkeypatch.setattr(healing, "_patient_until", 0.0)
    assert healing.heal_interrupted_runs(NOW + timedelta(days=2)) == [run]
    clock(NOW + timedelta(days=2) - timedelta(hours=1))
    assert watching.jump() < -timedelta(minutes=59)


def test_a_worker_whose_loop_hangs_ends_itself_and_a_slow_one_does_not(monkeypatch):
    monkeypatch.setattr(hang_guard, "LOOK_SECONDS", 0.002)
    ended = []

    def end(code):
        ended.append(code)
        guard.stop()

    monkeypatch.setattr(hang_guard.os, "_exit", end)
    guard = hang_guard.HangGuard()
    guard._over.wait = lambda seconds: guard._over.is_set() or (len(ended) == 0 and moving and guard.alive())
    moving = True
    import threading

    thread = threading.Thread(target=guard._watch)
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    assert ended == []
    moving = False
    thread.join(30)
    assert ended == [hang_guard.EXIT_CODE]
