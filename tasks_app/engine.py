"""Starts and stops runs: what pages, commands and other apps call (50 §1.7)."""

import logging
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from ecm_site.masking import mask_text
from ecm_site.tracing import requested_trace_id
from tasks_app import execution, healing, queueing, run_requests
from tasks_app.journal import current_actor
from tasks_app.models import ACTIVE_STATUSES, RunStatus, Schedule, TaskRun, Trigger
from tasks_app.models.runs import BY_PEOPLE
from tasks_app.outcomes import MAX_MESSAGE, cancelled, journal_end
from tasks_app.process_identity import own_identity
from tasks_app.registry import get_task
from tasks_app.scheduling.parameters import InvalidParameters, effective_parameters, stored_configuration
from tasks_app.scheduling.settle import settle_run

__all__ = [
    "AlreadyRunning",
    "InvalidParameters",
    "do_waiting_run",
    "request_cancel",
    "request_run_soon",
    "run_here",
    "start_run",
]

logger = logging.getLogger(__name__)


class AlreadyRunning(Exception):
    """The same work is waiting or running already. ``run`` is that run (T-19)."""

    def __init__(self, run: TaskRun) -> None:
        super().__init__(f"{run.title} is already {'running' if run.status == RunStatus.RUNNING else 'waiting to run'}.")
        self.run = run


def start_run(
    task_id: str,
    parameters: dict[str, Any] | None = None,
    *,
    triggered_by: Trigger = Trigger.MANUAL,
    user_id: int | None = None,
    schedule_id: int | None = None,
    planned_for: datetime | None = None,
) -> TaskRun:
    """Queue a run and return its row at once; a worker takes it within about a second (T-19).

    ``parameters`` win over those of the schedule ``schedule_id``, if one is named, and those over the task's configuration
    (T-2). Values are only checked roughly: what people type goes through ``scheduling.parameters.clean_parameters`` first.
    ``user_id`` defaults to whoever acts right now. Starting a run by hand never moves a schedule's next run.

    Raises :class:`AlreadyRunning`, :class:`InvalidParameters`, :class:`tasks_app.registry.UnknownTask` and
    ``Schedule.DoesNotExist`` (also for another task's schedule). Inside a transaction the run is handed to the queue when
    that commits.
    """
    run = _create(task_id, parameters, triggered_by, user_id, schedule_id=schedule_id, planned_for=planned_for)
    transaction.on_commit(lambda: queueing.enqueue(run.pk), robust=True)
    return run


def run_here(
    task_id: str,
    parameters: dict[str, Any] | None = None,
    *,
    triggered_by: Trigger = Trigger.COMMAND,
    user_id: int | None = None,
    schedule_id: int | None = None,
) -> TaskRun:
    """Do a run in this process, with the same bookkeeping, and return its finished row. Raises as :func:`start_run`.

    A failing task does not raise: look at ``status`` and ``message``.
    """
    run = _create(task_id, parameters, triggered_by, user_id, schedule_id=schedule_id, claimed_by=own_identity())
    execution.work(run)
    run.refresh_from_db()
    return run


def do_waiting_run(run_id: int) -> bool:
    """Do a run in this process that is queued; False when it is not there to take any more.

    For work that cannot go on before that run has ended: while it waits it takes the worker's room, which may be the last.
    """
    run = execution.claim(run_id)
    if run is None:
        return False
    execution.work(run)
    return True


def request_run_soon(task_id: str, parameters: dict[str, Any] | None = None, *, delay_seconds: float = 3) -> None:
    """Ask for a run ``delay_seconds`` after the last such request; a burst of requests makes one run.

    While such a run is working, exactly one more follows it. Requests survive restarts. Inside a transaction the request
    becomes real when that commits. Raises :class:`tasks_app.registry.UnknownTask` and :class:`InvalidParameters`.
    """
    values = effective_parameters(get_task(task_id), parameters, configuration=stored_configuration(task_id))
    run_requests.store_request(task_id, values, delay_seconds)


def request_cancel(run_id: int) -> bool:
    """Ask a run to stop (T-20). False when there is nothing to stop any more.

    A waiting run is closed at once; a running one stops at its next safe point, usually within a second or two.
    """
    ending = cancelled({})
    never_began = TaskRun.objects.filter(pk=run_id, status=RunStatus.QUEUED).update(
        status=RunStatus.CANCELLED,
        cancel_requested=True,
        success=False,
        error=ending.error,
        message="Cancelled before it began.",
        completed_at=timezone.now(),
    )
    if never_began:
        logger.info("[TASKS] Run %s cancelled before it began", run_id)
        run = TaskRun.objects.get(pk=run_id)
        journal_end(run)
        settle_run(run)
        return True
    asked = TaskRun.objects.filter(pk=run_id, status=RunStatus.RUNNING).update(cancel_requested=True)
    if asked:
        logger.info("[TASKS] Run %s was asked to stop", run_id)
    return bool(asked)


def record_refused_run(schedule: Schedule, message: str) -> TaskRun:
    """Write into the history that a schedule's run could not even begin."""
    task = get_task(schedule.task_id)
    now = timezone.now()
    run = TaskRun.objects.create(
        task_id=task.task_id,
        lock_key=task.task_id[:100],
        title=task.name[:255],
        status=RunStatus.FAILED,
        success=False,
        triggered_by=Trigger.SCHEDULED,
        schedule=schedule,
        planned_for=schedule.next_run_at,
        parameters=schedule.parameters,
        message=mask_text(message)[:MAX_MESSAGE],
        error="CONFIG_INVALID",
        queued_at=now,
        completed_at=now,
    )
    journal_end(run)
    return run


def _create(
    task_id: str,
    parameters: dict[str, Any] | None,
    triggered_by: Trigger,
    user_id: int | None,
    *,
    schedule_id: int | None = None,
    planned_for: datetime | None = None,
    claimed_by: str = "",
) -> TaskRun:
    task = get_task(task_id)
    schedule = Schedule.objects.get(pk=schedule_id, task_id=task_id) if schedule_id is not None else None
    values = effective_parameters(
        task,
        parameters,
        configuration=stored_configuration(task_id),
        schedule=schedule.parameters if schedule else None,
    )
    now = timezone.now()
    run = TaskRun(
        task_id=task_id,
        lock_key=task.lock_key(values)[:100],
        title=task.title(values)[:255],
        triggered_by=triggered_by,
        user_id=current_actor().user_id if user_id is None and triggered_by in BY_PEOPLE else user_id,
        parameters=values,
        schedule=schedule,
        planned_for=planned_for,
        trace_id=requested_trace_id(),
        queued_at=now,
    )
    if claimed_by:
        run.status = RunStatus.RUNNING
        run.worker, run.phase = claimed_by, "starting"
        run.started_at = run.heartbeat_at = run.phase_started_at = now
    _insert(run)
    return run


def _insert(run: TaskRun) -> None:
    """Store the row; the database refuses a second active run with the same lock key."""
    for _attempt in range(3):
        try:
            with transaction.atomic():
                run.save(force_insert=True)
        except IntegrityError:
            other = TaskRun.objects.filter(lock_key=run.lock_key, status__in=ACTIVE_STATUSES).first()
            if other is not None and not healing.heal_if_dead(other):
                raise AlreadyRunning(other) from None
        else:
            return
    raise RuntimeError(f"{run.title} could not be stored although nothing like it is running")
