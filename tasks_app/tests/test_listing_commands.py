"""``list_tasks`` and ``next_runs``: for people and, with --json, for programs."""

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from tasks_app.engine import run_here
from tasks_app.models import Schedule
from tasks_app.registry import TaskResult
from tasks_app.scheduling.edit_schedules import create_schedule
from tasks_app.scheduling.edit_task import change_task
from tasks_app.tests.helpers import known_task

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def sample():
    with known_task(lambda task: TaskResult(True, "fine")), time_machine.travel(NOW, tick=False):
        yield


def said(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def line_of(task_id):
    return next(task for task in json.loads(said("list_tasks", "--json"))["tasks"] if task["task_id"] == task_id)


def test_tasks_are_listed_with_switch_next_and_last_run():
    assert line_of("sample") == {
        "task_id": "sample",
        "name": "Sample sample",
        "enabled": True,
        "schedules": 0,
        "schedules_enabled": 0,
        "next_run_at": None,
        "status": "idle",
        "last_run_at": None,
        "last_status": None,
        "last_message": None,
    }
    create_schedule("sample", {"schedule_type": "daily", "schedule_time": "03:00", "timezone": "UTC"})
    run_here("sample")
    assert line_of("sample")["next_run_at"] == "2026-05-05T03:00:00Z"
    assert (line_of("sample")["last_status"], line_of("sample")["last_message"]) == ("completed", "fine")
    assert "next 2026-05-05T03:00:00Z" in said("list_tasks")
    change_task("sample", enabled=False)
    assert (line_of("sample")["enabled"], line_of("sample")["next_run_at"]) == (False, None)
    assert {"m3u_refresh", "epg_refresh"} <= {task["task_id"] for task in json.loads(said("list_tasks", "--json"))["tasks"]}


def test_coming_runs_are_listed_in_order():
    assert "No schedule is on" in said("next_runs", "sample")
    create_schedule("sample", {"schedule_type": "cron", "cron_expression": "0 */12 * * *", "timezone": "UTC", "name": "Twice"})
    other = create_schedule("sample", {"schedule_type": "daily", "schedule_time": "03:00", "timezone": "UTC"})
    answer = json.loads(said("next_runs", "sample", "--count", "2", "--json"))
    assert [run["at"] for run in answer["runs"]] == [
        "2026-05-04T12:00:00Z",
        "2026-05-05T00:00:00Z",
        "2026-05-05T03:00:00Z",
        "2026-05-06T03:00:00Z",
    ]
    assert answer["runs"][2]["schedule_id"] == other.pk
    assert said("next_runs", "sample").splitlines()[0] == (
        "2026-05-04T12:00:00Z  sample  At minute 0 past every 12th hour (Twice)"
    )
    Schedule.objects.filter(pk=other.pk).update(next_run_at=datetime(2026, 5, 1, 3, tzinfo=UTC))
    assert "2026-05-01T03:00:00Z  due  sample" in said("next_runs")


def test_odd_questions_are_refused():
    with pytest.raises(CommandError, match="no task 'nope'"):
        said("next_runs", "nope")
    with pytest.raises(CommandError, match="between 1 and 1000"):
        said("next_runs", "--count", "0")
