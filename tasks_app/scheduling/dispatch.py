"""Starts what is due, asked at every tick (T-15 to T-17). The rows decide; two workers that ask at once start it once."""

import json
import logging
from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db import DatabaseError, transaction

from tasks_app import engine
from tasks_app.models import ACTIVE_STATUSES, Schedule, TaskRun, Trigger
from tasks_app.notifications.notify import notify
from tasks_app.registry import TaskScheduler, UnknownTask, get_task
from tasks_app.scheduling.parameters import InvalidParameters, effective_parameters
from tasks_app.scheduling.settle import compute_next, settle_ended

logger = logging.getLogger(__name__)

SCHEDULED_AT_ONCE = 3
_COULD_NOT = "It could not run:"
_LOOKED_AT = 500  # due schedules in one tick; the rest are still due at the next one


class _ChangedMeanwhile(Exception):
    """Another process took or changed one of the schedules since it was read."""


def start_due_schedules(now: datetime) -> list[TaskRun]:
    """Queue a run for what is due, at most one for each task and three tasks at once; the rest stays due."""
    settle_ended(now)
    groups = _due_by_task(now)
    if not groups:
        return []
    active = TaskRun.objects.filter(status__in=ACTIVE_STATUSES).values_list("task_id", "triggered_by").distinct()
    busy = {task_id for task_id, _ in active}
    counted = {task_id for task_id, trigger in active if trigger != Trigger.EVENT}
    started: list[TaskRun] = []
    for task_id, schedules in groups.items():
        if task_id in busy:
            continue
        if len(counted) >= SCHEDULED_AT_ONCE:
            logger.info("[TASKS] %s tasks run already; other due schedules wait for the next tick", len(counted))
            break
        run = _start(task_id, schedules, now)
        if run is not None:
            started.append(run)
            counted.add(task_id)
    return started


def due_schedules(now: datetime) -> Any:
    """Schedules whose moment has come and that no run is about to satisfy, in the order in which they are served."""
    due = Schedule.objects.filter(enabled=True, task__enabled=True, pending_run=None, next_run_at__lte=now)
    return due.order_by("next_run_at", "pk")


def _due_by_task(now: datetime) -> dict[str, list[Schedule]]:
    groups: dict[str, list[Schedule]] = defaultdict(list)
    for schedule in due_schedules(now).select_related("task")[:_LOOKED_AT]:
        groups[schedule.task_id].append(schedule)
    return groups


def _start(task_id: str, schedules: list[Schedule], now: datetime) -> TaskRun | None:
    """One run for the longest due schedule and all that want the very same; the others follow when it has ended (T-16)."""
    try:
        task = get_task(task_id)
    except UnknownTask:
        return None  # kept and ignored (T-1)
    if task.rests():
        _pass_over(schedules, now)
        return None
    first = schedules[0]
    try:
        wanted = _same(task, first)
        satisfied = [schedule for schedule in schedules if schedule is first or _is_same(task, schedule, wanted)]
        with transaction.atomic():
            run = engine.start_run(
                task_id,
                triggered_by=Trigger.SCHEDULED,
                schedule_id=first.pk,
                planned_for=min(schedule.next_run_at or now for schedule in satisfied),
            )
            _claim(satisfied, run, now)
    except (engine.AlreadyRunning, _ChangedMeanwhile):
        return None  # stays due
    except DatabaseError:
        raise
    except Exception as error:  # whatever is wrong with one schedule must not keep the others waiting for ever
        _refuse(first, error, now)
        return None
    logger.info("[TASKS] %s is due (planned for %s)", run.title, run.planned_for)
    return run


def _pass_over(schedules: list[Schedule], now: datetime) -> None:
    """On to their next moments without a run: every five minutes a row that says "nothing to do" would tell nobody anything."""
    with transaction.atomic():
        for schedule in schedules:
            moment, problem = compute_next(schedule, now)
            due_schedules(now).filter(pk=schedule.pk).order_by().update(next_run_at=moment, problem=problem)


def _claim(schedules: list[Schedule], run: TaskRun, now: datetime) -> None:
    """Note on each schedule that ``run`` is to satisfy it. Raises :class:`_ChangedMeanwhile` unless all are still due."""
    still_due = due_schedules(now).filter(pk__in=[schedule.pk for schedule in schedules]).order_by()
    if still_due.update(pending_run=run) != len(schedules):
        raise _ChangedMeanwhile
    run.satisfies.filter(problem__startswith=_COULD_NOT).update(problem="")


def _is_same(task: type[TaskScheduler], schedule: Schedule, wanted: str) -> bool:
    try:
        return _same(task, schedule) == wanted
    except InvalidParameters:
        return False  # it is refused with its own words when its turn comes


def _same(task: type[TaskScheduler], schedule: Schedule) -> str:
    """The schedule's effective parameters as a text that is equal for equal work."""
    values = effective_parameters(task, configuration=schedule.task.configuration, schedule=schedule.parameters)
    return json.dumps(values, sort_keys=True, default=str)


def _refuse(schedule: Schedule, error: Exception, now: datetime) -> None:
    """Say why a due schedule cannot run, on it, under the bell and in the history, and go on to its next moment."""
    if isinstance(error, InvalidParameters):
        logger.warning("[TASKS] Schedule %s of %s cannot run: %s", schedule.pk, schedule.task_id, error)
    else:
        logger.error("[TASKS] Schedule %s of %s cannot run", schedule.pk, schedule.task_id, exc_info=error)
    problem = f"{_COULD_NOT} {error}"
    with transaction.atomic():
        moment, broken = compute_next(schedule, now)
        taken = due_schedules(now).filter(pk=schedule.pk).order_by().update(next_run_at=moment, problem=broken or problem)
        if taken:
            engine.record_refused_run(schedule, problem)
    if taken:
        name = get_task(schedule.task_id).name
        notify(
            "error",
            f"The schedule “{schedule.name or name}” of {name}: {problem}",
            title=f"{name} could not start",
            source="schedule",
            source_id=schedule.pk,
            metadata={"action_type": "configure_task", "task_id": schedule.task_id},
        )
