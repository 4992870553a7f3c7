"""Takes ids of things that are gone out of stored schedules (T-3)."""

import logging

from django.db import transaction

from tasks_app.models import Schedule
from tasks_app.notifications.notify import notify
from tasks_app.registry import TaskScheduler, UnknownTask, get_task
from tasks_app.scheduling.parameters import schedules_with_parameters, without_vanished

logger = logging.getLogger(__name__)


def prune_schedules() -> int:
    """Look through all schedules; called once shortly after a start. Returns how many were changed."""
    return sum(prune_schedule(schedule) for schedule in schedules_with_parameters())


def prune_schedule(schedule: Schedule) -> bool:
    """Take out what is gone. A choice of which nothing is left then means none, never all, and that is told."""
    try:
        task = get_task(schedule.task_id)
    except UnknownTask:
        return False
    kept, emptied = without_vanished(task, schedule.parameters)
    if kept == schedule.parameters:
        return False
    problem = _sentence(task, emptied) if emptied else schedule.problem
    with transaction.atomic():
        unchanged = Schedule.objects.filter(pk=schedule.pk, parameters=schedule.parameters)
        if not unchanged.update(parameters=kept, problem=problem):
            return False
    logger.info("[TASKS] Schedule %s of %s no longer names what was deleted", schedule.pk, schedule.task_id)
    if emptied:
        notify(
            "warning",
            problem,
            title=f"{task.name}: nothing left to do",
            source="schedule",
            source_id=schedule.pk,
            metadata={"action_type": "configure_task", "task_id": schedule.task_id},
        )
    return True


def _sentence(task: type[TaskScheduler], emptied: list[str]) -> str:
    fields = task.parameter_fields()
    named = ", ".join(str(fields[name].label or name).lower() for name in emptied)
    return f"Everything chosen here was deleted since ({named}). This schedule does nothing until you choose again."
