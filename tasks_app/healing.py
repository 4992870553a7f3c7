"""Closes runs whose process is gone and brings back runs that the queue has lost (T-18)."""

import logging
import time
from datetime import datetime, timedelta

from django.utils import timezone
from django_q.conf import Conf

from tasks_app import outcomes, queueing
from tasks_app.execution import mend_after
from tasks_app.journal import Actor, acting_as
from tasks_app.models import RunStatus, TaskRun, Trigger
from tasks_app.process_identity import is_alive
from tasks_app.registry import UnknownTask, get_task
from tasks_app.run_requests import store_request

logger = logging.getLogger(__name__)

SILENT_ELSEWHERE = timedelta(seconds=60)  # heartbeats come every 8 s; a locked database may hold one up for 20 s
SILENT_HERE = timedelta(minutes=5)  # the process lives: perhaps stopped with Ctrl-Z, perhaps the machine slept
AFTER_A_JUMP_SECONDS = 60.0  # heartbeats written before the clock was moved look old until the next one
LOST_AFTER = timedelta(seconds=60)
_GIVE_UP_AFTER = 3  # a run that takes its worker down with it is not started a fourth time by itself


_patient_until = 0.0


def expect_old_heartbeats() -> None:
    """The clock was moved: for a minute, silence proves nothing. A process that is gone is still noticed."""
    global _patient_until
    _patient_until = time.monotonic() + AFTER_A_JUMP_SECONDS


def heal_interrupted_runs(now: datetime) -> list[TaskRun]:
    """Close every running row whose process has died or fallen silent, and let its task mend things."""
    return [run for run in TaskRun.objects.filter(status=RunStatus.RUNNING) if heal_if_dead(run, now)]


def heal_if_dead(run: TaskRun, now: datetime | None = None) -> bool:
    """Close ``run`` when nobody works on it any more; True when that was done (here or by somebody else)."""
    if run.status != RunStatus.RUNNING or not _is_dead(run, now or timezone.now()):
        return False
    logger.warning("[TASKS] Run %s (%s) was interrupted: its process %s is gone", run.pk, run.title, run.worker)
    with acting_as(Actor(user_initiated=False)):
        if outcomes.store(run, outcomes.interrupted({})):
            mend_after(run)
            _want_again(run)
    return True


def requeue_lost_runs(now: datetime, *, at_start: bool = False) -> int:
    """Queue waiting runs again that the queue no longer knows; return how many.

    That happens when the queue file is deleted, when queueing failed, or when a process died with entries in its hands.
    """
    waiting = TaskRun.objects.filter(status=RunStatus.QUEUED)
    if not at_start:
        waiting = waiting.filter(queued_at__lte=now - LOST_AFTER)
    run_ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    if not run_ids:
        return 0
    known = queueing.queued_run_ids()
    lost = [run_id for run_id in run_ids if run_id not in known]
    for run_id in lost:
        logger.warning("[TASKS] Run %s was lost by the queue and is queued again", run_id)
        queueing.enqueue(run_id)
    busy = TaskRun.objects.filter(status=RunStatus.RUNNING).count()
    if busy < Conf.WORKERS and any(not known[run_id] for run_id in run_ids if run_id in known):
        queueing.free_locked_entries()  # taken from the queue a minute ago, yet nobody works on it although there is room
    return len(lost)


def _is_dead(run: TaskRun, now: datetime) -> bool:
    alive = is_alive(run.worker)
    if alive is False:
        return True
    if time.monotonic() < _patient_until:
        return False
    limit = SILENT_HERE if alive else SILENT_ELSEWHERE
    return run.heartbeat_at is None or run.heartbeat_at < now - limit


def _want_again(run: TaskRun) -> None:
    """A run that a change asked for is asked for again: nobody would press a button for it."""
    if run.triggered_by != Trigger.EVENT:
        return
    recent = TaskRun.objects.filter(lock_key=run.lock_key).order_by("-pk").values_list("status", flat=True)[:_GIVE_UP_AFTER]
    if len(recent) == _GIVE_UP_AFTER and set(recent) == {RunStatus.TERMINATED}:
        logger.error("[TASKS] %s was interrupted %s times in a row and is not started again", run.title, _GIVE_UP_AFTER)
        return
    try:
        get_task(run.task_id)
    except UnknownTask:
        return
    store_request(run.task_id, run.parameters, 3)
