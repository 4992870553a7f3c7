"""Making, changing, switching and deleting schedules and tasks; every step can be taken back (T-4, T-5)."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import IntegrityError, transaction

from tasks_app.journal import Actor, acting_as
from tasks_app.models import JournalEntry, Schedule, Task
from tasks_app.registry import TaskResult
from tasks_app.scheduling.edit_schedules import create_schedule, delete_schedule, switch_schedule, update_schedule
from tasks_app.scheduling.edit_task import InvalidTask, change_task
from tasks_app.scheduling.rules import InvalidSchedule
from tasks_app.tests.helpers import known_task
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
DAILY = {"schedule_type": "daily", "schedule_time": "03:00", "timezone": "UTC"}


@pytest.fixture(autouse=True)
def sample():
    with known_task(lambda task: TaskResult(True, "")), time_machine.travel(NOW, tick=False):
        yield


def at(day, hour):
    return datetime(2026, 5, day, hour, tzinfo=UTC)


def test_a_schedule_is_stored_with_its_first_run_and_journalled():
    schedule = create_schedule("sample", {**DAILY, "name": " Night\0\r\n out ", "schedule_time": "3:0"})
    schedule.refresh_from_db()
    assert (schedule.name, schedule.schedule_time, schedule.next_run_at) == ("Night out", "03:00", at(5, 3))
    entry = JournalEntry.objects.get()
    assert (entry.category, entry.action_type, entry.undoable) == ("task", "schedule_create", True)
    assert entry.description == "Scheduled Sample sample: Daily at 3:00 AM."


def test_changes_are_laid_over_what_is_stored_and_checked_as_a_whole():
    schedule = create_schedule("sample", DAILY)
    update_schedule(schedule.pk, {"schedule_type": "weekly", "days_of_week": [1]})
    schedule.refresh_from_db()
    assert (schedule.schedule_time, schedule.days_of_week, schedule.next_run_at) == ("03:00", [1], at(11, 3))
    update_schedule(schedule.pk, {"schedule_type": "interval", "interval_seconds": 300})
    schedule.refresh_from_db()
    assert (schedule.schedule_time, schedule.days_of_week, schedule.interval_seconds) == ("", [], 300)
    with pytest.raises(InvalidSchedule) as refused:  # the time was cleared with the change of type
        update_schedule(schedule.pk, {"schedule_type": "daily", "name": "x" * 101})
    assert set(refused.value.errors) == {"schedule_time", "name"}
    schedule.refresh_from_db()
    assert schedule.schedule_type == "interval"


def test_editing_day_or_time_keeps_the_week():
    schedule = create_schedule("sample", {**DAILY, "schedule_type": "biweekly", "days_of_week": [1]})
    assert schedule.week_parity == 0
    assert update_schedule(schedule.pk, {"days_of_week": [3], "schedule_time": "23:00"}).week_parity == 0


def test_off_has_no_next_run_and_on_computes_it_from_now():
    schedule = create_schedule("sample", DAILY)
    assert switch_schedule(schedule.pk, False).next_run_at is None
    with time_machine.travel(at(20, 12), tick=False):
        assert switch_schedule(schedule.pk, True).next_run_at == at(21, 3)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"frequency": 3}, "frequency"),
        ({"enabled": "yes"}, "enabled"),
        ({"parameters": []}, "parameters"),
        ({"task_id": "x"}, "task_id"),
    ],
)
def test_odd_fields_are_refused(values, field):
    schedule = create_schedule("sample", DAILY)
    with pytest.raises(InvalidSchedule) as refused:
        update_schedule(schedule.pk, values)
    assert list(refused.value.errors) == [field]


def test_work_that_something_else_starts_cannot_be_scheduled():
    with (
        known_task(lambda task: TaskResult(True, ""), "inner", by_hand=False),
        pytest.raises(InvalidSchedule, match="cannot be"),
    ):
        create_schedule("inner", DAILY)


def test_a_schedule_belongs_to_its_task():
    schedule = create_schedule("sample", DAILY)
    for change in (
        lambda: update_schedule(schedule.pk, {}, task_id="m3u_refresh"),
        lambda: delete_schedule(schedule.pk, task_id="x"),
    ):
        with pytest.raises(Schedule.DoesNotExist):
            change()


def test_the_database_itself_refuses_an_interval_that_never_runs():
    task = Task.objects.create(task_id="sample")
    for seconds in (0, 59, None, 2_592_001):
        with pytest.raises(IntegrityError), transaction.atomic():
            Schedule.objects.create(task=task, schedule_type="interval", interval_seconds=seconds)


def entry(action):
    return JournalEntry.objects.filter(action_type=action).latest("id")


def test_every_change_of_a_schedule_can_be_taken_back():
    schedule = create_schedule("sample", {**DAILY, "name": "Night"})
    update_schedule(schedule.pk, {"schedule_time": "05:00", "name": "Morning"})
    assert undo_entry(entry("schedule_update")).undone == 1
    schedule.refresh_from_db()
    assert (schedule.schedule_time, schedule.name, schedule.next_run_at) == ("03:00", "Night", at(5, 3))
    delete_schedule(schedule.pk)
    assert undo_entry(entry("schedule_delete")).undone == 1
    again = Schedule.objects.get(pk=schedule.pk)
    assert (again.name, again.next_run_at) == ("Night", at(5, 3))
    update_schedule(schedule.pk, {"name": "Else"})
    first = JournalEntry.objects.filter(action_type="schedule_create").earliest("id")
    assert undo_entry(first).conflicts == ["“Sample sample: Night”: the schedule was changed since."]
    update_schedule(schedule.pk, {"name": "Night"})
    assert undo_entry(first).undone == 1
    assert not Schedule.objects.exists()


def test_a_task_is_switched_by_somebody_and_can_be_switched_back():
    with acting_as(Actor(None, "alice")):
        row = change_task("sample", enabled=False)
    assert (row.enabled, row.switched_by, row.switched_at) == (False, "alice", NOW)
    assert JournalEntry.objects.get().description == "Turned off the task Sample sample."
    change_task("sample", enabled=False)
    assert JournalEntry.objects.count() == 1  # nothing changed
    change_task("sample", alert_on_info=True)
    assert undo_entry(JournalEntry.objects.get(description__startswith="Turned off")).undone == 1
    row.refresh_from_db()
    assert (row.enabled, row.alert_on_info) == (True, True)


@pytest.mark.parametrize(
    ("changes", "field"), [({"enabled": 1}, "enabled"), ({"colour": True}, "colour"), ({"configuration": 3}, "configuration")]
)
def test_odd_settings_of_a_task_are_refused(changes, field):
    with pytest.raises(InvalidTask) as refused:
        change_task("sample", send_alerts=False, **changes)
    assert list(refused.value.errors) == [field]
    assert not Task.objects.filter(send_alerts=False).exists()
