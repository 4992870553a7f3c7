"""Turns runs into alerts (50 §4.2): a start is info, an end has the severity of T-22.

Runs inside another run are told by the outer one. Of quiet runs (see :func:`tasks_app.notifications.run_notices.is_quiet`)
only a failure is told, so that work of every few minutes does not say "done" every few minutes (50 §17 trap 25).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tasks_app.alerts.events import AlertEvent
from tasks_app.alerts.raise_alert import raise_alert
from tasks_app.alerts.source_filter import PROBE
from tasks_app.models import RunStatus, Severity, TaskRun
from tasks_app.notifications.run_notices import is_quiet
from tasks_app.registry import UnknownTask, get_task

logger = logging.getLogger(__name__)

Describe = Callable[[TaskRun], Sequence[AlertEvent]]

_PROBE_TASKS = ("stream_probe", "failed_stream_reprobe", "black_screen_scan")
_describers: dict[str, Describe] = {}


def register_run_events(task_id: str, describe: Describe) -> None:
    """Have ``describe(run)`` say what an ended run of ``task_id`` is to be alerted as, e.g. one event per failed account.

    Without one, :func:`run_event` tells it. Called in ``AppConfig.ready``.
    """
    _describers[task_id] = describe


def connect() -> None:
    """Listen to runs. Called when the app is ready."""
    from tasks_app.run_events import run_finished, run_started

    run_started.connect(on_run_started, dispatch_uid="alerts")
    run_finished.connect(on_run_finished, dispatch_uid="alerts")


def on_run_started(run: TaskRun, inside: int | None = None, **_: Any) -> None:
    """A start is an info event, which tasks do not send by default (T-24)."""
    if inside is not None or is_quiet(run, _task_of(run)):
        return
    raise_alert(AlertEvent(Severity.INFO, f"{run.title} started", "", source=_source(run), task_id=run.task_id))


def on_run_finished(run: TaskRun, inside: int | None = None, **_: Any) -> None:
    """Tell how a run ended."""
    if inside is not None or not run.severity:
        return
    if run.status != RunStatus.FAILED and is_quiet(run, _task_of(run)):
        logger.debug("[ALERTS] Not alerted: %s is quiet unless it fails", run.title)
        return
    describe = _describers.get(run.task_id)
    for event in describe(run) if describe is not None else [run_event(run)]:
        raise_alert(event)


def run_event(run: TaskRun, **changes: Any) -> AlertEvent:
    """An ended run as one event, with ``changes`` laid over it."""
    event = AlertEvent(
        severity=run.severity,
        title=f"{run.title} {_ending(run)}",
        message=run.message,
        source=_source(run),
        task_id=run.task_id,
        category=PROBE if run.task_id in _PROBE_TASKS else "",
        counts=run_counts(run),
        failed_items=failed_names(run),
    )
    return replace(event, **changes)


def run_counts(run: TaskRun) -> dict[str, Any]:
    """The facts of 50 §4.4: total, ok, failed, skipped, duration, and what the task put into ``details["alert_counts"]``."""
    counts: dict[str, Any] = {}
    total = run.success_count + run.failed_count + run.skipped_count
    if total:
        counts = {"total": total, "ok": run.success_count, "failed": run.failed_count, "skipped": run.skipped_count}
    more = run.details.get("alert_counts")
    if isinstance(more, dict):
        counts |= more
    if run.duration is not None:
        counts["duration"] = duration_words(run.duration)
    return counts


def failed_names(run: TaskRun) -> list[str]:
    """Names of what failed, where the task says so: ``details["failed_items"]``, or the keys of ``details["failed"]``."""
    for key in ("failed_items", "failed"):
        found = run.details.get(key)
        if isinstance(found, dict):
            return [str(name) for name in found]
        if isinstance(found, list):
            return [str(item.get("name", "")) if isinstance(item, dict) else str(item) for item in found]
    return []


def duration_words(duration: timedelta) -> str:
    """ "48 s", "12 min 5 s", "3 h 20 min"."""
    seconds = round(duration.total_seconds())
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def _ending(run: TaskRun) -> str:
    if run.status == RunStatus.COMPLETED:
        return "finished with problems" if run.failed_count else "finished"
    return {RunStatus.CANCELLED: "was cancelled", RunStatus.TERMINATED: "was interrupted"}.get(RunStatus(run.status), "failed")


def _source(run: TaskRun) -> str:
    task = _task_of(run)
    return task.name if task is not None else run.task_id


def _task_of(run: TaskRun) -> Any:
    try:
        return get_task(run.task_id)
    except UnknownTask:
        return None
