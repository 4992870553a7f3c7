"""Every task has a row with the defaults of the chapter, and nothing ever resets it (T-1)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tasks_app.models import Schedule, Task
from tasks_app.registry import TaskResult, UnknownTask, all_tasks
from tasks_app.scheduling import catalogue
from tasks_app.scheduling.catalogue import ensure_tasks, task_row
from tasks_app.tests.helpers import known_task

pytestmark = pytest.mark.django_db


def nothing(task):
    return TaskResult(True, "")


def test_every_registered_task_gets_a_row_with_its_defaults_once(django_assert_num_queries):
    made = ensure_tasks()
    assert (
        {row.task_id for row in made}
        == {task.task_id for task in all_tasks()}
        == set(Task.objects.values_list("task_id", flat=True))
    )
    row = Task.objects.get(task_id="m3u_refresh")
    assert (row.enabled, row.configuration, row.alert_on_info, row.send_alerts, row.show_notifications) == (
        True,
        {},
        False,
        True,
        True,
    )
    assert not row.schedules.exists()
    with django_assert_num_queries(1):
        assert ensure_tasks() == []


@pytest.mark.parametrize(
    ("task_id", "enabled", "first_run"),
    [
        ("m3u_change_monitor", True, "2026-05-04T10:05Z"),
        ("export_publish", False, "2026-05-04T10:01Z"),
        ("cleanup", True, "2026-05-10T02:00Z"),
        ("stats_v2_rollup", True, "2026-05-05T03:30Z"),
        ("yaml_backup", False, None),
    ],
)
def test_default_schedules_are_stored_with_a_computed_next_run(monkeypatch, task_id, enabled, first_run):
    Task.objects.all().delete()
    with known_task(nothing, task_id) as task:
        monkeypatch.setattr(catalogue, "all_tasks", lambda: [task])
        ensure_tasks(datetime(2026, 5, 4, 10, tzinfo=UTC))
    row = Task.objects.get()
    assert (row.task_id, row.enabled) == (task_id, enabled)
    schedules = list(row.schedules.values_list("name", "next_run_at"))
    assert schedules == ([("Default Schedule", datetime.fromisoformat(first_run))] if first_run else [])


def test_what_the_operator_changed_survives_every_start():
    ensure_tasks()
    Task.objects.update(enabled=False, alert_on_info=True)
    Schedule.objects.all().delete()
    ensure_tasks(timezone.now() + timedelta(days=1))
    assert not Task.objects.filter(enabled=True).exists()
    assert not Schedule.objects.exists()


def test_rows_of_unknown_tasks_are_kept_and_mentioned_once(caplog):
    caplog.set_level("INFO")
    Task.objects.create(task_id="from_the_future")
    ensure_tasks()
    ensure_tasks()
    assert Task.objects.filter(task_id="from_the_future").exists()
    assert caplog.text.count("from_the_future") == 1


def test_a_row_is_made_when_it_is_asked_for_first():
    with known_task(nothing, default_schedule={"schedule_type": "daily", "schedule_time": "03:00", "timezone": "UTC"}):
        row = task_row("sample")
        assert task_row("sample") == row
        assert row.schedules.get().next_run_at > timezone.now()
    with pytest.raises(UnknownTask):
        task_row("nothing_like_it")
