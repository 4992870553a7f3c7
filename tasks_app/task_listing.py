"""Tasks and their coming runs as plain values, for commands and programs."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tasks_app.models import Schedule
from tasks_app.registry import TaskScheduler, all_tasks
from tasks_app.scheduling.catalogue import ensure_tasks
from tasks_app.scheduling.describe import describe
from tasks_app.scheduling.next_run import upcoming
from tasks_app.scheduling.rules import rule_of
from tasks_app.task_cards import task_cards


@dataclass(frozen=True)
class ComingRun:
    """A moment at which a schedule is going to run; ``planned`` is False for those that depend on how long runs take."""

    at: datetime
    task_id: str
    task_name: str
    schedule_id: int
    schedule_name: str
    words: str
    planned: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "at": iso(self.at),
            "task_id": self.task_id,
            "task": self.task_name,
            "schedule_id": self.schedule_id,
            "schedule": self.schedule_name,
            "description": self.words,
            "planned": self.planned,
        }


def list_tasks() -> list[dict[str, Any]]:
    """All tasks that can be started, by id, as values for JSON; a handful of queries, however many there are."""
    ensure_tasks()
    rows = []
    for card in sorted(task_cards(), key=lambda card: card.task_id):
        last = card.last
        rows.append(
            {
                "task_id": card.task_id,
                "name": card.task.name,
                "enabled": card.row.enabled,
                "schedules": len(card.schedules),
                "schedules_enabled": len(card.switched_on),
                "next_run_at": iso(card.next_run_at),
                "status": card.active[0].status if card.active else "idle",
                "last_run_at": iso(last.completed_at) if last else None,
                "last_status": last.status if last else None,
                "last_message": last.message if last else None,
            }
        )
    return rows


def coming_runs(now: datetime, *, count: int, task_id: str = "") -> list[ComingRun]:
    """The next ``count`` runs of each schedule that is on, of tasks that are on, soonest first."""
    known: dict[str, type[TaskScheduler]] = {task.task_id: task for task in all_tasks()}
    schedules = Schedule.objects.filter(enabled=True, task__enabled=True, next_run_at__isnull=False)
    if task_id:
        schedules = schedules.filter(task_id=task_id)
    found = []
    for schedule in schedules.order_by("next_run_at", "pk"):
        task = known.get(schedule.task_id)
        if task is None or schedule.next_run_at is None:
            continue
        rule = rule_of(schedule)
        moments = [schedule.next_run_at, *upcoming(rule, max(schedule.next_run_at, now), count - 1)]
        found += [
            ComingRun(
                at=moment,
                task_id=task.task_id,
                task_name=task.name,
                schedule_id=schedule.pk,
                schedule_name=schedule.name,
                words=describe(rule),
                planned=number == 0,
            )
            for number, moment in enumerate(moments)
        ]
    return sorted(found, key=lambda run: (run.at, run.schedule_id))


def iso(moment: datetime | None) -> str | None:
    """ISO-8601 in UTC with a trailing Z, as every answer to a program prints it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
