"""Tasks, schedules and runs as plain values for programs: times in UTC with a trailing Z, secrets masked (50 §1.8, §1.11)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ecm_site.masking import mask_text
from tasks_app.clean_values import plain
from tasks_app.models import Schedule, TaskRun
from tasks_app.schedule_words import schedule_words
from tasks_app.task_cards import TaskCard
from tasks_app.task_form import SWITCHES


def moment(at: datetime | None) -> str | None:
    """``2026-05-04T10:00:00Z``; fractions of a second are kept when there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def task_shape(card: TaskCard) -> dict[str, Any]:
    newest = card.active[-1] if card.active else None
    return {
        "task_id": card.task_id,
        "name": card.task.name,
        "description": card.task.description,
        "enabled": card.row.enabled,
        "status": "running" if card.running else "queued" if card.active else "idle",
        "configuration": plain(card.row.configuration, mask=True),
        **{name: getattr(card.row, name) for name in SWITCHES},
        "next_run_at": moment(card.next_run_at),
        "progress": progress_shape(newest) if newest else None,
        "active_runs": [run.pk for run in card.active],
        "last_run": run_shape(card.last, with_details=False) if card.last else None,
        "schedules": [schedule_shape(line.schedule, line.words) for line in card.schedules],
    }


def progress_shape(run: TaskRun) -> dict[str, Any]:
    return {
        "execution_id": run.pk,
        "total": run.total,
        "current": run.current,
        "percentage": run.percentage,
        "status": "cancelling" if run.cancel_requested else run.phase or run.status,
        "current_item": mask_text(run.current_item),
        "success_count": run.success_count,
        "failed_count": run.failed_count,
        "skipped_count": run.skipped_count,
        "started_at": moment(run.started_at),
    }


def schedule_shape(schedule: Schedule, words: str = "") -> dict[str, Any]:
    return {
        "id": schedule.pk,
        "task_id": schedule.task_id,
        "name": schedule.name,
        "description": words or schedule_words(schedule),
        "enabled": schedule.enabled,
        "schedule_type": schedule.schedule_type,
        "interval_seconds": schedule.interval_seconds,
        "schedule_time": schedule.schedule_time or None,
        "timezone": schedule.timezone,
        "days_of_week": schedule.days_of_week,
        "week_parity": schedule.week_parity,
        "day_of_month": schedule.day_of_month,
        "cron_expression": schedule.cron_expression or None,
        "parameters": plain(schedule.parameters, mask=True),
        "next_run_at": moment(schedule.next_run_at),
        "last_run_at": moment(schedule.last_run_at),
        "problem": schedule.problem or None,
    }


def run_shape(run: TaskRun, *, with_details: bool = True) -> dict[str, Any]:
    """An execution (50 §1.8); ``details`` only where they were asked for, since they can be long."""
    ended = run.completed_at is not None
    shape: dict[str, Any] = {
        "id": run.pk,
        "task_id": run.task_id,
        "title": mask_text(run.title),
        "status": run.status,
        "severity": run.severity or None,
        "triggered_by": run.triggered_by,
        "user": run.user_id,
        "schedule_id": run.schedule_id,
        "planned_for": moment(run.planned_for),
        "late_by_seconds": round(run.late_by.total_seconds()) if run.late_by else None,
        "parameters": plain(run.parameters, mask=True),
        "success": run.success,
        "message": mask_text(run.message),
        "error": run.error or None,
        "queued_at": moment(run.queued_at),
        "started_at": moment(run.started_at),
        "completed_at": moment(run.completed_at),
        "duration_seconds": round(run.duration.total_seconds(), 3) if ended and run.duration is not None else None,
        "total_items": run.total,
        "success_count": run.success_count,
        "failed_count": run.failed_count,
        "skipped_count": run.skipped_count,
    }
    if with_details:
        shape["details"] = plain(run.details, mask=True)
    return shape


def run_shapes(runs: Iterable[TaskRun]) -> list[dict[str, Any]]:
    return [run_shape(run) for run in runs]
