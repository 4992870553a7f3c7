"""A row for every task that exists (T-1): made with the defaults of 50 §1.1, never reset."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from tasks_app.models import Schedule, Task
from tasks_app.registry import TaskScheduler, all_tasks, get_task
from tasks_app.scheduling.next_run import next_run
from tasks_app.scheduling.rules import clean_rule

logger = logging.getLogger(__name__)

DEFAULT_SCHEDULE_NAME = "Default Schedule"


@dataclass(frozen=True)
class TaskDefaults:
    """What a task begins with. ``item`` is the word for one of the things it counts; ``suggested_time`` stands in forms."""

    enabled: bool = True
    schedule: Mapping[str, Any] | None = None
    suggested_time: str = ""
    item: str = "item"


_EVERY_FIVE_MINUTES = {"schedule_type": "interval", "interval_seconds": 300}
_EVERY_MINUTE = {"schedule_type": "interval", "interval_seconds": 60}
_SUNDAY_AT_TWO = {"schedule_type": "weekly", "days_of_week": [0], "schedule_time": "02:00", "timezone": "UTC"}
_DAILY_AT_HALF_PAST_THREE = {"schedule_type": "daily", "schedule_time": "03:30", "timezone": "UTC"}

_CATALOGUE: dict[str, TaskDefaults] = {
    "m3u_refresh": TaskDefaults(suggested_time="05:00", item="account"),
    "epg_refresh": TaskDefaults(suggested_time="04:00", item="guide"),
    "m3u_change_monitor": TaskDefaults(schedule=_EVERY_FIVE_MINUTES, item="account"),
    "m3u_digest": TaskDefaults(suggested_time="08:00", item="change"),
    "stream_probe": TaskDefaults(suggested_time="03:00", item="stream"),
    "failed_stream_reprobe": TaskDefaults(suggested_time="04:00", item="stream"),
    "black_screen_scan": TaskDefaults(suggested_time="05:00", item="stream"),
    "struck_stream_cleanup": TaskDefaults(suggested_time="05:00", item="struck-out stream"),
    "auto_creation": TaskDefaults(item="stream"),
    "dummy_epg_refresh": TaskDefaults(item="guide"),
    "popularity_calculation": TaskDefaults(item="channel"),
    "export_publish": TaskDefaults(enabled=False, schedule=_EVERY_MINUTE, item="publish configuration"),
    "yaml_backup": TaskDefaults(enabled=False, item="section"),
    "cleanup": TaskDefaults(schedule=_SUNDAY_AT_TWO, item="step"),
    "stats_v2_rollup": TaskDefaults(schedule=_DAILY_AT_HALF_PAST_THREE, item="rollup"),
}


def defaults_of(task: type[TaskScheduler]) -> TaskDefaults:
    """What 50 §1.1 says about the task; for tasks beyond it, what the class says itself."""
    listed = _CATALOGUE.get(task.task_id)
    if listed is not None:
        return listed
    return TaskDefaults(task.enabled_by_default, task.default_schedule, task.suggested_time, task.item_word)


def ensure_tasks(now: datetime | None = None) -> list[Task]:
    """Make the rows that are missing and return those that were made. One query when none is missing.

    Rows of tasks that nobody knows any more are kept and passed over.
    """
    known = {task.task_id: task for task in all_tasks()}
    stored = set(Task.objects.values_list("task_id", flat=True))
    _mention_unknown(stored - known.keys())
    made = [_make(known[task_id], now or timezone.now()) for task_id in sorted(known.keys() - stored)]
    return [task for task in made if task is not None]


def task_row(task_id: str) -> Task:
    """The task's row, made when it is missing. Raises :class:`tasks_app.registry.UnknownTask`."""
    task = get_task(task_id)
    row = Task.objects.filter(task_id=task_id).first() or _make(task, timezone.now())
    return row or Task.objects.get(task_id=task_id)


def _make(task: type[TaskScheduler], now: datetime) -> Task | None:
    """Make row and default schedule together; None when another process was quicker."""
    defaults = defaults_of(task)
    rule = clean_rule(defaults.schedule, now) if defaults.schedule is not None else None
    try:
        with transaction.atomic():
            row = Task.objects.create(task_id=task.task_id, enabled=defaults.enabled)
            if rule is not None:
                Schedule.objects.create(task=row, name=DEFAULT_SCHEDULE_NAME, next_run_at=next_run(rule, now), **rule.values())
    except IntegrityError:
        return None
    logger.info("[TASKS] Task %s is now in the catalogue", task.task_id)
    return row


_mentioned: set[str] = set()


def _mention_unknown(task_ids: set[str]) -> None:
    """Log once per process that rows of unknown tasks are there."""
    for task_id in sorted(task_ids - _mentioned):
        _mentioned.add(task_id)
        logger.info("[TASKS] Nothing here does task %s; its row and schedules are kept and ignored", task_id)
