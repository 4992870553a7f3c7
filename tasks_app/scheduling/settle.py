"""Gives schedules their next run when the run that satisfied them is over, however it ended (T-16)."""

import logging
from datetime import datetime

from django.db import DatabaseError, transaction
from django.utils import timezone

from tasks_app.models import ACTIVE_STATUSES, Schedule, TaskRun
from tasks_app.scheduling.next_run import next_run
from tasks_app.scheduling.rules import rule_of

logger = logging.getLogger(__name__)


def settle_run(run: TaskRun) -> None:
    """Settle what ``run`` satisfied. Never raises for the database's sake: the next tick finds what stays behind."""
    if run.planned_for is None:
        return
    try:
        for schedule in Schedule.objects.filter(pending_run=run.pk):
            settle(schedule, run.completed_at or timezone.now(), timezone.now())
    except DatabaseError as error:
        logger.warning("[TASKS] Schedules of run %s get their next run at the next tick: %s", run.pk, error)


def settle_ended(now: datetime) -> int:
    """Settle every schedule whose run is over although nobody told it (its process died); return how many."""
    left = Schedule.objects.filter(pending_run__isnull=False).exclude(pending_run__status__in=ACTIVE_STATUSES)
    rows = list(left.select_related("pending_run"))
    for schedule in rows:
        run = schedule.pending_run
        settle(schedule, (run.completed_at if run else None) or now, now)
    return len(rows)


def settle(schedule: Schedule, completed_at: datetime, now: datetime) -> None:
    """Store the last and the next run, unless somebody else settled the same run already."""
    with transaction.atomic():
        current = Schedule.objects.filter(pk=schedule.pk, pending_run=schedule.pending_run_id).first()
        if current is None:
            return
        current.last_run_at = completed_at
        current.pending_run = None
        moment, problem = compute_next(current, max(now, completed_at), completed_at)
        current.next_run_at = moment
        if problem:
            current.problem = problem
        current.save(update_fields=["last_run_at", "pending_run", "next_run_at", "problem", "updated_at"])


def compute_next(schedule: Schedule, now: datetime, completed_at: datetime | None = None) -> tuple[datetime | None, str]:
    """The schedule's next run, and why there is none although it is on."""
    if not schedule.enabled:
        return None, ""
    try:
        moment = next_run(rule_of(schedule), now, last_completed=completed_at)
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # a row that something else wrote
        logger.warning("[TASKS] Schedule %s makes no sense: %s", schedule.pk, error)
        return None, "This schedule cannot be read. Edit it or delete it."
    return moment, "" if moment else "This schedule never runs. Edit it or delete it."
