"""Does a run: takes it by compare-and-swap, works, stores the ending whatever happens (DESIGN §5)."""

import logging

from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection, connections
from django.utils import timezone
from django_q.exceptions import TimeoutException

from ecm_site.tracing import tracing
from tasks_app import outcomes, run_events, shutdown
from tasks_app.journal import Actor, acting_as
from tasks_app.models import RunStatus, TaskRun, Trigger
from tasks_app.models.runs import BY_PEOPLE
from tasks_app.outcomes import Outcome
from tasks_app.process_identity import own_identity
from tasks_app.progress import Cancelled
from tasks_app.registry import UnknownTask, get_task
from tasks_app.run_log import capturing
from tasks_app.run_progress import CANCELLED_BY_OPERATOR, RunProgress

logger = logging.getLogger(__name__)


def execute_queued_run(run_id: int) -> None:
    """Entry point of the queue. Delivering a run twice is harmless: only one claim succeeds."""
    if shutdown.is_draining():
        return  # the run stays "queued"; the next worker finds that its queue entry is gone and queues it again
    try:
        run = claim(run_id)
    except DatabaseError:
        logger.exception("[TASKS] Run %s could not be taken; it will be queued again", run_id)
        return
    if run is not None:
        work(run)
    if not connection.in_atomic_block:
        connections.close_all()  # an idle process must not keep a deleted or restored file open


def claim(run_id: int) -> TaskRun | None:
    """Move the run from queued to running in this process's name; None when it is no longer there to take."""
    now = timezone.now()
    won = TaskRun.objects.filter(pk=run_id, status=RunStatus.QUEUED).update(
        status=RunStatus.RUNNING,
        worker=own_identity(),
        started_at=now,
        heartbeat_at=now,
        phase="starting",
        phase_started_at=now,
    )
    return TaskRun.objects.get(pk=run_id) if won else None


def work(run: TaskRun) -> None:
    """Carry out a claimed run and store how it ended. Its log lines carry the id of the request that asked for it."""
    with acting_as(_actor(run)), tracing(run.trace_id or f"run-{run.pk}"):
        outcomes.journal_start(run)
        run_events.tell_started(run)
        with capturing(run.pk) as log:
            with RunProgress(run, log) as progress:
                outcome = _outcome(run, progress)
                _end_leaked_transaction(run)
            try:
                log.store_last()
            except DatabaseError as error:
                logger.warning("[TASKS] The last log lines of run %s are lost: %s", run.pk, error)
        outcomes.store(run, outcome, progress.last_values())
    if run.status == RunStatus.TERMINATED:
        mend_after(run)


def mend_after(run: TaskRun) -> None:
    """Let the task mend what an interrupted run left behind."""
    try:
        get_task(run.task_id).on_interrupted(run.parameters)
    except UnknownTask:
        logger.warning("[TASKS] Nobody knows task %s of interrupted run %s", run.task_id, run.pk)
    except Exception:  # an app's mending must not keep other runs from being healed
        logger.exception("[TASKS] Mending after interrupted run %s failed", run.pk)


def _outcome(run: TaskRun, progress: RunProgress) -> Outcome:
    counted = progress.counts
    try:
        task = get_task(run.task_id)
        by_person = run.triggered_by in (*BY_PEOPLE, Trigger.COMMAND)
        result = task(progress, run.parameters, user_initiated=by_person).execute()
    except Cancelled:
        progress.was_stopped = True
    except UnknownTask as error:
        logger.warning("[TASKS] Run %s: %s", run.pk, error)
        return Outcome(RunStatus.FAILED, str(error), "CONFIG_INVALID")
    except TimeoutException:
        logger.warning("[TASKS] Run %s of %s took too long", run.pk, run.task_id)
        return outcomes.timed_out(counted)
    except KeyboardInterrupt:  # Ctrl-C in a terminal that works on a run itself
        return outcomes.cancelled(counted)
    except Exception as error:  # whatever goes wrong in a task becomes the run's outcome
        logger.exception("[TASKS] %s failed (run %s)", run.title, run.pk)
        return outcomes.from_error(error, counted)
    if progress.was_stopped:  # also when the task swallowed the stop and claims success (T-22)
        by_operator = progress.stop_reason in (CANCELLED_BY_OPERATOR, "")
        return outcomes.cancelled(counted) if by_operator else outcomes.interrupted(counted)
    return outcomes.from_result(result, counted)


def _end_leaked_transaction(run: TaskRun) -> None:
    """Roll back what raw SQL of a task left open: it would hold the write lock, and the run's ending would vanish with it."""
    raw = connection.connection
    if raw is not None and not connection.in_atomic_block and getattr(raw, "in_transaction", False):
        logger.error("[TASKS] %s (run %s) left a transaction open; it is rolled back", run.title, run.pk)
        raw.rollback()


def _actor(run: TaskRun) -> Actor:
    if run.triggered_by == Trigger.COMMAND:
        return Actor(run.user_id, "command line", user_initiated=True)
    if run.triggered_by not in BY_PEOPLE:
        return Actor(user_initiated=False)
    user = get_user_model().objects.filter(pk=run.user_id).first() if run.user_id else None
    return Actor(run.user_id, user.get_username() if user else "", user_initiated=True)
