"""What a tick starts, what it leaves for the next one, and what schedules know afterwards (T-15 to T-17; 50 §18.4)."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tasks_app import engine, healing
from tasks_app.execution import execute_queued_run
from tasks_app.models import JournalEntry, RunStatus, Schedule, Task, TaskRun, Trigger
from tasks_app.registry import TaskResult
from tasks_app.scheduling.dispatch import start_due_schedules
from tasks_app.scheduling.edit_schedules import create_schedule, delete_schedule, switch_schedule, update_schedule
from tasks_app.scheduling.edit_task import change_task
from tasks_app.tests.helpers import known_task

pytestmark = pytest.mark.django_db(databases=["default", "queue"])

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
DAILY = {"schedule_type": "daily", "schedule_time": "03:00", "timezone": "UTC"}


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller.move_to


@pytest.fixture
def sample(clock):
    def body(task):
        if task.parameters["fail"]:
            raise RuntimeError("no luck")
        return TaskResult(True, "done")

    with known_task(body, default_parameters={"ids": [], "fail": False}) as task:
        yield task


def tick(clock, moment):
    clock(moment)
    return start_due_schedules(moment)


def finish(*runs):
    for run in runs:
        execute_queued_run(run.pk)
        run.refresh_from_db()


def test_a_missed_schedule_is_caught_up_once(sample, clock):
    """Example 19."""
    with time_machine.travel(datetime(2026, 5, 3, 12, tzinfo=UTC), tick=False):
        schedule = create_schedule("sample", DAILY)
    assert schedule.next_run_at == datetime(2026, 5, 4, 3, tzinfo=UTC)
    later = datetime(2026, 5, 7, 10, tzinfo=UTC)
    [run] = tick(clock, later)
    assert (run.planned_for, run.triggered_by, run.schedule_id) == (schedule.next_run_at, Trigger.SCHEDULED, schedule.pk)
    assert tick(clock, later + timedelta(minutes=1)) == []  # it waits for a worker
    clock(later + timedelta(minutes=1, seconds=30))
    finish(run)
    assert run.late_by == timedelta(days=3, hours=7, minutes=1, seconds=30)
    schedule.refresh_from_db()
    assert (schedule.last_run_at, schedule.next_run_at) == (run.completed_at, datetime(2026, 5, 8, 3, tzinfo=UTC))
    assert tick(clock, later + timedelta(hours=1)) == []


def test_nothing_runs_while_task_or_schedule_is_off_and_a_task_catches_up_when_it_is_on_again(sample, clock):
    schedule = create_schedule("sample", DAILY)
    off = create_schedule("sample", {**DAILY, "schedule_time": "04:00", "enabled": False})
    change_task("sample", enabled=False)
    assert tick(clock, NOW + timedelta(days=3)) == []
    change_task("sample", enabled=True)
    [run] = tick(clock, NOW + timedelta(days=3, minutes=1))
    assert run.planned_for == schedule.next_run_at
    off.refresh_from_db()
    assert off.pending_run is None


def test_equal_work_is_done_once_and_different_work_one_after_the_other(sample, clock):
    """Examples 65 and 66."""
    one = create_schedule("sample", {**DAILY, "parameters": {"ids": [1]}})
    two = create_schedule("sample", {**DAILY, "parameters": {"ids": [2]}})
    same = create_schedule("sample", {**DAILY, "schedule_time": "02:30", "parameters": {"ids": [2], "fail": False}})
    due = NOW + timedelta(days=1)
    [first] = tick(clock, due)
    assert (first.parameters["ids"], first.planned_for) == ([2], same.next_run_at)  # the longest due comes first
    assert set(first.satisfies.values_list("pk", flat=True)) == {two.pk, same.pk}
    assert tick(clock, due + timedelta(minutes=1)) == []  # not two runs of a task at once
    finish(first)
    [second] = tick(clock, due + timedelta(minutes=2))
    assert (second.parameters["ids"], second.schedule_id) == ([1], one.pk)
    finish(second)
    assert tick(clock, due + timedelta(minutes=3)) == []
    for schedule in Schedule.objects.all():
        assert schedule.next_run_at.date().day == 6
        assert schedule.last_run_at is not None


def test_at_most_three_tasks_run_by_schedule_and_the_rest_stays_due(clock):
    """Example 67."""
    names = [f"task{number}" for number in range(5)]
    with known_task(lambda task: TaskResult(True, ""), "event_task"):
        TaskRun.objects.create(task_id="event_task", lock_key="e", title="E", triggered_by=Trigger.EVENT)
    from contextlib import ExitStack

    with ExitStack() as stack:
        for name in names:
            stack.enter_context(known_task(lambda task: TaskResult(True, ""), name))
            create_schedule(name, DAILY)
        due = NOW + timedelta(days=1)
        first = tick(clock, due)
        assert [run.task_id for run in first] == names[:3]  # work that changes ask for does not count
        finish(first[0])
        by_hand = engine.start_run("task0")  # exempt from the limit, but it counts
        assert tick(clock, due + timedelta(minutes=1)) == []
        finish(by_hand)
        assert [run.task_id for run in tick(clock, due + timedelta(minutes=2))] == ["task3"]
        finish(first[1], first[2])
        assert [run.task_id for run in tick(clock, due + timedelta(minutes=3))] == ["task4"]


def test_a_task_that_runs_already_is_not_started_again(sample, clock):
    create_schedule("sample", DAILY)
    by_hand = engine.start_run("sample", {"ids": [9]})
    assert tick(clock, NOW + timedelta(days=1)) == []
    finish(by_hand)
    assert len(tick(clock, NOW + timedelta(days=1, minutes=1))) == 1


@pytest.mark.parametrize("ending", ["success", "failure", "cancelled waiting", "cancelled", "killed", "killed before settling"])
def test_a_schedule_goes_on_however_its_run_ended(sample, clock, ending):
    schedule = create_schedule("sample", {**DAILY, "parameters": {"fail": ending == "failure"}})
    due = NOW + timedelta(days=1)
    [run] = tick(clock, due)
    if ending == "cancelled waiting":
        engine.request_cancel(run.pk)
    elif ending.startswith("killed"):
        TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, worker="elsewhere:1@1", heartbeat_at=NOW)
        if ending == "killed":
            healing.heal_interrupted_runs(due)
        else:  # the row was closed, and the process died before it could say so to the schedule
            TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.TERMINATED, completed_at=due)
            start_due_schedules(due + timedelta(minutes=1))
    else:
        if ending == "cancelled":
            TaskRun.objects.filter(pk=run.pk).update(cancel_requested=True)
        finish(run)
    schedule.refresh_from_db()
    assert (schedule.pending_run, schedule.last_run_at) == (None, due)
    assert schedule.next_run_at == datetime(2026, 5, 6, 3, tzinfo=UTC)
    assert TaskRun.objects.count() == 1


def test_intervals_count_from_the_end_of_the_run(sample, clock):
    schedule = create_schedule("sample", {"schedule_type": "interval", "interval_seconds": 3600})
    [run] = tick(clock, NOW + timedelta(hours=1))
    clock(NOW + timedelta(hours=1, minutes=25))
    finish(run)
    schedule.refresh_from_db()
    assert schedule.next_run_at == NOW + timedelta(hours=2, minutes=25)


def test_what_changes_while_its_run_works_is_respected(sample, clock):
    schedule = create_schedule("sample", DAILY)
    gone = create_schedule("sample", DAILY)
    [run] = tick(clock, NOW + timedelta(days=1))
    switch_schedule(schedule.pk, False)
    delete_schedule(gone.pk)
    finish(run)
    schedule.refresh_from_db()
    assert (schedule.next_run_at, schedule.last_run_at, run.status) == (None, run.completed_at, RunStatus.COMPLETED)
    edited = update_schedule(schedule.pk, {"enabled": True, "schedule_time": "12:00"})
    assert edited.next_run_at == datetime(2026, 5, 5, 12, tzinfo=UTC)


def test_a_schedule_that_cannot_start_says_so_and_does_not_block_others(sample, clock):
    bad = create_schedule("sample", {**DAILY, "schedule_time": "02:00"})
    Schedule.objects.filter(pk=bad.pk).update(parameters={"ids": "everything"})
    good = create_schedule("sample", {**DAILY, "parameters": {"ids": [1]}})
    due = NOW + timedelta(days=1)
    assert tick(clock, due) == []
    bad.refresh_from_db()
    assert (bad.next_run_at, bad.pending_run) == (datetime(2026, 5, 6, 2, tzinfo=UTC), None)
    assert "ids must be a list" in bad.problem
    refused = TaskRun.objects.get()
    assert (refused.status, refused.error, refused.schedule_id) == (RunStatus.FAILED, "CONFIG_INVALID", bad.pk)
    assert JournalEntry.objects.filter(action_type="fail", entity_id=refused.pk).exists()
    [run] = tick(clock, due + timedelta(minutes=1))
    assert run.schedule_id == good.pk


def test_schedules_of_unknown_tasks_are_left_alone(clock):
    task = Task.objects.create(task_id="from_the_future")
    Schedule.objects.create(task=task, schedule_type="interval", interval_seconds=60, next_run_at=NOW - timedelta(days=1))
    assert tick(clock, NOW) == []
    assert Schedule.objects.get().pending_run is None


def test_a_tick_asks_the_same_questions_however_many_schedules_are_due(sample, clock, django_assert_max_num_queries):
    for number in range(30):
        create_schedule("sample", {**DAILY, "parameters": {"ids": [number % 3]}})
    clock(NOW + timedelta(days=1))
    with django_assert_max_num_queries(20):
        [run] = start_due_schedules(NOW + timedelta(days=1))
    assert run.satisfies.count() == 10


def test_the_schedule_of_a_task_that_rests_goes_on_without_a_run(sample, clock, monkeypatch):
    schedule = create_schedule("sample", {"schedule_type": "interval", "interval_seconds": 3600})
    due = schedule.next_run_at
    monkeypatch.setattr(sample, "rests", lambda: True)
    assert tick(clock, due) == []
    schedule.refresh_from_db()
    assert schedule.next_run_at == due + timedelta(hours=1)
    assert not TaskRun.objects.exists()
    monkeypatch.setattr(sample, "rests", lambda: False)
    assert len(tick(clock, schedule.next_run_at)) == 1
