"""What became of a run: how an ending is decided, stored and journalled (50 §1.8, T-22, J-1)."""

import json
import logging
import time
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connection
from django.utils import timezone

from ecm_site.full_disk import full_disk, is_full_disk
from ecm_site.masking import mask_text
from tasks_app import run_events
from tasks_app.clean_values import plain
from tasks_app.journal import log_entry
from tasks_app.models import RunStatus, TaskRun, Trigger
from tasks_app.registry import TaskResult, UnknownTask, get_task
from tasks_app.scheduling.settle import settle_run

logger = logging.getLogger(__name__)

INTERRUPTED_MESSAGE = "Interrupted by restart."
MAX_MESSAGE = 4000
MAX_DETAILS = 500_000  # characters of JSON; a page has to show them
_RETRY_AFTER_SECONDS = (0.5, 1, 2, 4, 8, 15)  # on top of the wait for the lock that every attempt has already had
_ACTIONS = {
    RunStatus.COMPLETED: "complete",
    RunStatus.CANCELLED: "cancel",
    RunStatus.FAILED: "fail",
    RunStatus.TERMINATED: "error",
}


@dataclass
class Outcome:
    """The ending of a run as it will be stored."""

    status: RunStatus
    message: str
    error: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)


def from_result(result: TaskResult, counted: dict[str, int]) -> Outcome:
    """Ending of a task that returned. Counters it leaves at zero are taken from what it reported on the way."""
    own = {
        "success_count": result.success_count,
        "failed_count": result.failed_count,
        "skipped_count": result.skipped_count,
    }
    status = RunStatus.COMPLETED if result.success else RunStatus.FAILED
    return Outcome(status, result.message, result.error, own if any(own.values()) else counted, result.details)


def cancelled(counted: dict[str, int]) -> Outcome:
    return Outcome(RunStatus.CANCELLED, "Cancelled. What was done until then stays.", "CANCELLED", counted)


def interrupted(counted: dict[str, int]) -> Outcome:
    return Outcome(RunStatus.TERMINATED, INTERRUPTED_MESSAGE, "TERMINATED", counted)


def timed_out(counted: dict[str, int]) -> Outcome:
    return Outcome(RunStatus.FAILED, "Stopped because it took longer than any run may.", "TIMED_OUT", counted)


def from_error(error: BaseException, counted: dict[str, int]) -> Outcome:
    """What a task says when it fails in a way that it did not foresee."""
    if is_full_disk(error):
        return Outcome(RunStatus.FAILED, full_disk(then="start it again."), "DISK_FULL", counted)
    return Outcome(RunStatus.FAILED, str(error).strip() or type(error).__name__, "", counted)


def store(run: TaskRun, outcome: Outcome, last_progress: dict[str, Any] | None = None) -> bool:
    """Close ``run`` unless somebody else has. False then; raises ``OperationalError`` after minutes of a locked database."""
    values = {
        **(last_progress or {}),
        "status": outcome.status,
        "success": outcome.status == RunStatus.COMPLETED,
        "message": mask_text(outcome.message)[:MAX_MESSAGE],
        "error": outcome.error[:40],
        "details": _bounded(plain(outcome.details, mask=True)),
        "phase": str(outcome.status),
        "current_item": "",
        "completed_at": timezone.now(),
        **outcome.counts,
    }
    if not _update_with_patience(run, values):
        return False
    for name, value in values.items():
        setattr(run, name, value)
    settle_run(run)
    journal_end(run)
    run_events.tell_finished(run)
    return True


def _bounded(details: dict[str, Any]) -> dict[str, Any]:
    """Details as they are, or without their largest parts when there is too much to keep."""
    sizes = {name: len(json.dumps(value)) for name, value in details.items()}
    kept = dict(details)
    for name in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        if sum(sizes[name] for name in kept) <= MAX_DETAILS:
            break
        del kept[name]
    left_out = sorted(details.keys() - kept.keys())
    return {**kept, "left_out": f"Too large to keep: {', '.join(left_out)}"} if left_out else kept


def _update_with_patience(run: TaskRun, values: dict[str, Any]) -> bool:
    mine = TaskRun.objects.filter(pk=run.pk, status=RunStatus.RUNNING, worker=run.worker)
    for seconds in (*_RETRY_AFTER_SECONDS, None):
        try:
            if mine.update(**values):
                return True
        except OperationalError:
            if seconds is None or connection.in_atomic_block:
                raise
            logger.warning("[TASKS] The end of run %s cannot be stored yet; trying again", run.pk)
            time.sleep(seconds)
        else:
            logger.warning("[TASKS] Run %s was closed by somebody else before it ended", run.pk)
            return False
    return False


def journal_start(run: TaskRun) -> None:
    """Write that a run begins; runs that changes trigger stay silent, they come every few seconds (J-1)."""
    if run.triggered_by == Trigger.EVENT or (run.triggered_by == Trigger.SCHEDULED and is_quiet(run.task_id)):
        return
    log_entry(
        "task",
        "start",
        entity_type="task_run",
        entity_id=run.pk,
        entity_name=run.title,
        description=f"Started {run.title}.",
        after={
            "task_id": run.task_id,
            "triggered_by": run.triggered_by,
            "parameters": plain(run.parameters, mask=True),
            **({"planned_for": run.planned_for.isoformat()} if run.planned_for else {}),
        },
    )


def journal_end(run: TaskRun) -> None:
    """Write how a run ended; of runs that changes trigger only what went wrong, of quiet tasks also what did something."""
    went_wrong = run.status in (RunStatus.FAILED, RunStatus.TERMINATED)
    if run.triggered_by == Trigger.EVENT and not went_wrong:
        return
    if run.triggered_by == Trigger.SCHEDULED and is_quiet(run.task_id) and not (went_wrong or did_something(run)):
        return
    log_entry(
        "task",
        _ACTIONS[RunStatus(run.status)],
        entity_type="task_run",
        entity_id=run.pk,
        entity_name=run.title,
        description=f"{run.title}: {run.message}" if run.message else run.title,
        after={
            "task_id": run.task_id,
            "triggered_by": run.triggered_by,
            "status": str(run.status),
            "success_count": run.success_count,
            "failed_count": run.failed_count,
            "skipped_count": run.skipped_count,
            "error": run.error,
        },
    )


def is_quiet(task_id: str) -> bool:
    """Whether scheduled runs of the task are only worth a word when they did something or failed (J-1)."""
    try:
        return get_task(task_id).quiet
    except UnknownTask:
        return False


def did_something(run: TaskRun) -> bool:
    """Whether a run that is over changed anything or met with a failure."""
    return bool(run.success_count or run.failed_count) or run.status != RunStatus.COMPLETED
