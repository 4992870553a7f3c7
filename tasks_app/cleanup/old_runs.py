"""Runs with their logs: all after 30 days, and sooner those of which there are hundreds a day.

Every few edits publish the lineup, watchful tasks look around every minute or five. Of such runs, when they went well, only
the newest are worth keeping; they are trimmed once an hour as well, so that the history stays readable.
"""

import time
from datetime import datetime

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from tasks_app.cleanup.steps import Cleared, Context, register_step
from tasks_app.cleanup.turns import delete_in_turns
from tasks_app.models import ACTIVE_STATUSES, RunStatus, TaskRun, Trigger
from tasks_app.progress import NoProgress
from tasks_app.registry import all_tasks
from tasks_app.ticks import register_due_check

KEPT_RUNS = 100  # of each task
TRIM_EVERY_SECONDS = 3600.0
_TRIM_AT_ONCE = 400  # once an hour; a minute's duty must be quick
_AT_ONCE = 50  # a run has up to thousands of log lines

_trimmed_at = 0.0


def clear_old(context: Context) -> Cleared:
    """Runs that began before the cut-off, or were queued before it and never began."""
    began = Coalesce("started_at", "queued_at")
    old = TaskRun.objects.annotate(began=began).filter(began__lt=context.cutoff).exclude(status__in=ACTIVE_STATUSES)
    return Cleared(delete_in_turns(old.order_by("pk"), context, at_once=_AT_ONCE))


def clear_surplus(context: Context) -> Cleared:
    """Runs without news beyond the newest of each task."""
    return Cleared(sum(delete_in_turns(rows, context, at_once=_AT_ONCE) for rows in _surplus()))


def trim(now: datetime) -> None:
    """A duty of the worker: once an hour, a bounded number of runs without news."""
    global _trimmed_at
    if _trimmed_at and time.monotonic() - _trimmed_at < TRIM_EVERY_SECONDS:
        return
    _trimmed_at = time.monotonic()
    context = Context(now, None, False, NoProgress())
    for rows in _surplus():
        first = list(rows.values_list("pk", flat=True)[:_TRIM_AT_ONCE])
        delete_in_turns(TaskRun.objects.filter(pk__in=first), context, at_once=_AT_ONCE)


def _surplus() -> list[QuerySet[TaskRun]]:
    """For each task that has too many: its runs without news that are older than the newest of these."""
    watchful = [task.task_id for task in all_tasks() if task.quiet]
    without_news = TaskRun.objects.filter(
        Q(triggered_by=Trigger.EVENT) | Q(triggered_by=Trigger.SCHEDULED, task_id__in=watchful, success_count=0),
        status__in=(RunStatus.COMPLETED, RunStatus.CANCELLED),
        failed_count=0,
    )
    found = []
    for task_id in TaskRun.objects.order_by().values_list("task_id", flat=True).distinct():
        rows = without_news.filter(task_id=task_id).order_by("-pk")
        newest_to_go = rows.values_list("pk", flat=True)[KEPT_RUNS : KEPT_RUNS + 1].first()
        if newest_to_go is not None:
            found.append(rows.filter(pk__lte=newest_to_go).order_by("pk"))
    return found


register_step("task_history", "Runs of tasks", clear_old, 30, order=20)
register_step("frequent_runs", "Runs without news beyond the newest", clear_surplus, order=21)
register_due_check(trim)
