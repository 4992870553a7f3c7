"""A task with parameters and things to choose from, and runs and schedules of it, for tests of the task pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from tasks_app.models import RunStatus, Schedule, TaskRun
from tasks_app.parameter_fields import Name, NamesField
from tasks_app.registry import TaskResult, TaskScheduler
from tasks_app.scheduling.catalogue import task_row
from tasks_app.scheduling.edit_schedules import create_schedule
from tasks_app.tests.helpers import known_task

HTMX = {"HX-Request": "true"}
DAILY = {"schedule_type": "daily", "schedule_time": "03:00", "timezone": "UTC"}
THINGS = [Name(1, "First"), Name(2, "Second", "off"), Name(3, "<b>Third</b>")]


def sample_fields(cls: type[TaskScheduler]) -> dict[str, forms.Field]:
    return {
        "thing_ids": NamesField(names=lambda: THINGS, all_words="All things", label="Things"),
        "timeout": forms.IntegerField(min_value=5, max_value=300, required=False, label="Timeout"),
    }


@contextmanager
def sample_task(**attributes: Any) -> Iterator[type[TaskScheduler]]:
    """The task ``sample`` with the parameters ``thing_ids`` ([] = all) and ``timeout``; its row exists."""
    members: dict[str, Any] = {
        "default_parameters": {"thing_ids": [], "timeout": None},
        "parameter_fields": classmethod(sample_fields),
        "description": "Does samples.",
        **attributes,
    }
    with known_task(lambda task: TaskResult(True, ""), **members) as task:
        task_row("sample")
        yield task


def schedule_of(task_id: str = "sample", **values: Any) -> Schedule:
    return create_schedule(task_id, {**DAILY, **values})


def ended_run(status: RunStatus = RunStatus.COMPLETED, task_id: str = "sample", **values: Any) -> TaskRun:
    now = timezone.now()
    values = {"title": f"Run of {task_id}", "started_at": now - timedelta(seconds=9), "completed_at": now, **values}
    return TaskRun.objects.create(task_id=task_id, lock_key=task_id, status=status, **values)


def active_run(status: RunStatus = RunStatus.RUNNING, task_id: str = "sample", key: str = "", **values: Any) -> TaskRun:
    values = {"title": f"Active {key}", "started_at": timezone.now(), **values}
    return TaskRun.objects.create(task_id=task_id, lock_key=key or task_id, status=status, **values)
