"""Nothing that should run may silently not run: finds what stands still, heals what can be healed, tells the rest."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q
from django_q.conf import Conf

from ecm_site.clock import on_the_clock
from tasks_app.alerts.events import AlertEvent
from tasks_app.alerts.raise_alert import raise_alert
from tasks_app.models import ACTIVE_STATUSES, RunStatus, Schedule, ScheduleType, Task, TaskRun, WorkerBeat
from tasks_app.notifications.notify import notify_once
from tasks_app.queries import BEAT_LIMIT
from tasks_app.registry import TaskScheduler, UnknownTask, get_task
from tasks_app.scheduling.catalogue import defaults_of, ensure_tasks
from tasks_app.scheduling.dispatch import SCHEDULED_AT_ONCE
from tasks_app.scheduling.settle import compute_next, settle_ended
from tasks_app.ticks import tick_seconds

logger = logging.getLogger(__name__)

OVERDUE_AFTER = timedelta(minutes=5)
"""Beyond two ticks: how late a schedule may be before it is called overdue."""
TOO_LONG = timedelta(hours=6)
"""A schedule that waits for its own task or for a free place is overdue after this."""
WAITS_TOO_LONG = timedelta(minutes=10)
SILENT_RUN = timedelta(minutes=5)
CLOCK_WAS_WRONG = timedelta(hours=2)
"""A last run that lies further ahead than this was noted by a clock that went wrong; less may be a clock set back a little."""


@dataclass(frozen=True)
class Problem:
    """Something that keeps work from being done. ``kind`` is one of the ``KIND_…`` below, ``sentence`` is for the operator."""

    kind: str
    sentence: str
    task_id: str = ""
    schedule_id: int | None = None
    since: datetime | None = None


NO_WORKER = "no_worker"
NO_NEXT_RUN = "no_next_run"
CANNOT_RUN = "cannot_run"
OVERDUE = "overdue"
RUN_SILENT = "run_silent"
QUEUE_STALLED = "queue_stalled"
TASK_OFF = "task_off"


def problems(now: datetime) -> list[Problem]:
    """All that is wrong right now, the worst first, in four queries. Changes nothing."""
    found: list[Problem] = []
    beat = (
        WorkerBeat.objects.filter(seen_at__lte=now + BEAT_LIMIT).order_by("-seen_at").values_list("seen_at", flat=True).first()
    )
    alive = beat is not None and beat >= now - BEAT_LIMIT
    if not alive:
        found.append(_no_worker(beat))
    active = list(TaskRun.objects.filter(status__in=ACTIVE_STATUSES).order_by("pk"))
    found += _runs(active, now, alive)
    found += _schedules(active, now)
    found += _tasks_off()
    return found


def watch(now: datetime) -> list[Problem]:
    """Heal what can be healed and tell once about the rest; called at every tick. Returns what is still wrong."""
    ensure_tasks(now)
    settle_ended(now)
    _give_next_runs(now)
    left = problems(now)
    for problem in left:
        _tell(problem)
    return left


# --- finding ----------------------------------------------------------------------------------------------------------


def _no_worker(beat: datetime | None) -> Problem:
    since = f" since {on_the_clock(beat)}" if beat else ""
    return Problem(
        NO_WORKER,
        f"No worker has given a sign of life{since}: refreshes, publishing and schedules wait. Start ECM with “./ecm run”.",
        since=beat,
    )


def _runs(active: list[TaskRun], now: datetime, alive: bool) -> Iterable[Problem]:
    for run in active:
        if run.status == RunStatus.RUNNING and (run.heartbeat_at is None or run.heartbeat_at < now - SILENT_RUN):
            yield Problem(
                RUN_SILENT,
                f"{run.title} (run {run.pk}) has given no sign of life for more than five minutes. It is closed as "
                "interrupted by the next worker that looks.",
                run.task_id,
                since=run.heartbeat_at,
            )
    running = sum(run.status == RunStatus.RUNNING for run in active)
    waiting = [run for run in active if run.status == RunStatus.QUEUED and run.queued_at < now - WAITS_TOO_LONG]
    if alive and waiting and running < Conf.WORKERS:
        oldest = waiting[0]
        since = on_the_clock(oldest.queued_at, with_date=False)
        yield Problem(
            QUEUE_STALLED,
            f"{oldest.title} (run {oldest.pk}) has been waiting since {since} although a worker is free.",
            oldest.task_id,
            since=oldest.queued_at,
        )


def _schedules(active: list[TaskRun], now: datetime) -> Iterable[Problem]:
    late = now - OVERDUE_AFTER - 2 * timedelta(seconds=tick_seconds())
    idle = Schedule.objects.filter(enabled=True, pending_run=None)
    wrong = Q(next_run_at=None) | Q(next_run_at__lte=late, task__enabled=True) | ~Q(problem="")
    busy = {run.task_id for run in active}
    for schedule in idle.filter(wrong).order_by("next_run_at", "pk"):
        task = _known(schedule.task_id)
        if task is None:
            continue
        name = f"“{schedule.name}” of {task.name}" if schedule.name else f"A schedule of {task.name}"
        if schedule.problem:
            yield Problem(CANNOT_RUN, f"{name}: {schedule.problem}", task.task_id, schedule.pk)
        elif schedule.next_run_at is None:
            yield Problem(
                NO_NEXT_RUN, f"{name} is on but has no next run. Open it and save it again.", task.task_id, schedule.pk
            )
        elif schedule.next_run_at <= late:
            waits = task.task_id in busy or len(busy) >= SCHEDULED_AT_ONCE
            if not waits or schedule.next_run_at <= now - TOO_LONG:
                why = " It waits for other work to end." if waits else ""
                yield Problem(
                    OVERDUE,
                    f"{name} was due at {on_the_clock(schedule.next_run_at)} and has not run.{why}",
                    task.task_id,
                    schedule.pk,
                    schedule.next_run_at,
                )


def _tasks_off() -> Iterable[Problem]:
    """Tasks that are off although nobody turned them off (50 trap 4)."""
    for row in Task.objects.filter(enabled=False, switched_at=None):
        task = _known(row.task_id)
        if task is not None and defaults_of(task).enabled:
            yield Problem(
                TASK_OFF, f"{task.name} is turned off, but nobody is known to have done that. Its schedules rest.", row.task_id
            )


def _known(task_id: str) -> type[TaskScheduler] | None:
    try:
        return get_task(task_id)
    except UnknownTask:
        return None  # kept and ignored (T-1)


# --- healing ----------------------------------------------------------------------------------------------------------


def _give_next_runs(now: datetime) -> None:
    """Compute what is missing, and what a clock that went wrong has put too far away."""
    idle = Schedule.objects.filter(enabled=True, pending_run=None)
    for schedule in idle.filter(Q(next_run_at=None) | Q(next_run_at__gt=now)):
        if _known(schedule.task_id) is None:
            continue
        last = schedule.last_run_at if schedule.last_run_at and schedule.last_run_at <= now + CLOCK_WAS_WRONG else None
        # A clock that was set back a little shows a time again that ran already; only an interval may count anew from now.
        after = max(now, last) if last and schedule.schedule_type != ScheduleType.INTERVAL else now
        moment, problem = compute_next(schedule, after, last if last and last <= now else None)
        if schedule.next_run_at is not None and (moment is None or schedule.next_run_at <= moment + timedelta(minutes=1)):
            continue
        _store_next(schedule, moment, problem)


def _store_next(schedule: Schedule, moment: datetime | None, problem: str) -> None:
    stored = Schedule.objects.filter(pk=schedule.pk, enabled=True, pending_run=None, next_run_at=schedule.next_run_at)
    if schedule.next_run_at is None:
        stored = Schedule.objects.filter(pk=schedule.pk, enabled=True, pending_run=None, next_run_at__isnull=True)
    if not stored.update(next_run_at=moment, problem=problem or F("problem")):
        return
    task = get_task(schedule.task_id)
    if moment is None:
        logger.error("[TASKS] Schedule %s of %s has no next run: %s", schedule.pk, schedule.task_id, problem)
        key, kind, title, sentence = "broken", "error", "A schedule never runs", f"A schedule of {task.name}: {problem}"
    else:
        was = "had no next run" if schedule.next_run_at is None else "was planned too far ahead"
        logger.warning("[TASKS] Schedule %s of %s %s; it runs next at %s", schedule.pk, schedule.task_id, was, moment)
        key, kind, title = moment.isoformat(), "warning", "A schedule was put right"
        sentence = f"A schedule of {task.name} {was}. That was put right: it runs next on {on_the_clock(moment)}."
    _say(f"schedule:{schedule.pk}:{key}", kind, title, sentence, task_id=schedule.task_id, source_id=schedule.pk)


def _tell(problem: Problem) -> None:
    if problem.kind in (NO_WORKER, CANNOT_RUN):
        return  # pages tell the first, for then nobody is here; the second was told when it came up
    began = problem.since.isoformat() if problem.since else ""
    key = f"{problem.kind}:{problem.task_id}:{problem.schedule_id or ''}:{began}"
    source_id = f"{problem.kind}:{problem.schedule_id or problem.task_id}"
    _say(key, "error", _TITLES[problem.kind], problem.sentence, task_id=problem.task_id, source_id=source_id)


def _say(key: str, severity: str, title: str, sentence: str, *, task_id: str, source_id: object) -> None:
    """Once per ``key``: under the bell, and to whoever is alerted about this task."""
    told = notify_once(
        f"watchdog:{key}",
        severity,
        sentence,
        title=title,
        source="watchdog",
        source_id=source_id,
        metadata={"action_type": "configure_task", "task_id": task_id} if task_id else None,
    )
    if told is not None:
        raise_alert(AlertEvent(severity=severity, title=title, message=sentence, source="watchdog", task_id=task_id))


_TITLES = {
    NO_NEXT_RUN: "A schedule never runs",
    OVERDUE: "A schedule is overdue",
    RUN_SILENT: "A run is silent",
    QUEUE_STALLED: "Work is not taken up",
    TASK_OFF: "A task is off",
}
