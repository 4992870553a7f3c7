"""What Settings → Scheduled tasks shows: every task with its switch, its schedules, what runs and what ran (50 §1.10)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db.models import Max, OuterRef, Subquery
from django.utils import timezone

from tasks_app.models import ACTIVE_STATUSES, Schedule, Task, TaskRun
from tasks_app.moments import is_overdue
from tasks_app.parameter_forms import has_parameters
from tasks_app.registry import TaskScheduler, all_tasks
from tasks_app.schedule_words import schedule_words


@dataclass(frozen=True)
class ScheduleLine:
    """A schedule with its description in words. ``is_overdue`` only while its task is on."""

    schedule: Schedule
    words: str
    is_overdue: bool

    @property
    def title(self) -> str:
        return self.schedule.name or self.words


@dataclass(frozen=True)
class TaskCard:
    """A task with all that its card and its panel say about it."""

    task: type[TaskScheduler]
    row: Task
    schedules: list[ScheduleLine] = field(default_factory=list)
    active: list[TaskRun] = field(default_factory=list)
    last: TaskRun | None = None

    @property
    def task_id(self) -> str:
        return self.task.task_id

    @property
    def has_form(self) -> bool:
        return has_parameters(self.task)

    @property
    def switched_on(self) -> list[ScheduleLine]:
        return [line for line in self.schedules if line.schedule.enabled]

    @property
    def soonest(self) -> list[ScheduleLine]:
        """The schedules that are on, the next one to run first."""
        far = datetime.max.replace(tzinfo=UTC)
        return sorted(self.switched_on, key=lambda line: line.schedule.next_run_at or far)

    @property
    def problems(self) -> list[ScheduleLine]:
        """Schedules that are on and cannot run, or have no moment to run at."""
        return [line for line in self.switched_on if line.schedule.problem or line.schedule.next_run_at is None]

    @property
    def next_run_at(self) -> datetime | None:
        """The earliest next run of the schedules that are on; None while the task is off (T-5).

        A schedule whose run is at work keeps its planned moment until that is over; it counts again afterwards.
        """
        waiting = [line.schedule for line in self.switched_on if line.schedule.pending_run_id is None]
        moments = [schedule.next_run_at for schedule in waiting if schedule.next_run_at]
        return min(moments, default=None) if self.row.enabled else None

    @property
    def is_serving(self) -> bool:
        """Whether a run that a schedule started waits or works."""
        return any(line.schedule.pending_run_id for line in self.switched_on)

    @property
    def is_overdue(self) -> bool:
        return not self.active and any(line.is_overdue for line in self.switched_on)

    @property
    def running(self) -> list[TaskRun]:
        return [run for run in self.active if run.status == "running"]

    @property
    def is_cancelling(self) -> bool:
        return bool(self.active) and all(run.cancel_requested for run in self.active)

    @property
    def state(self) -> str:
        """One word for the icon: running, waiting, off, trouble (overdue, cannot run), failed, warning, idle."""
        if self.active:
            return "running" if self.running else "waiting"
        if not self.row.enabled:
            return "off"
        if self.is_overdue or self.problems:
            return "trouble"
        if self.last is not None and self.last.severity in ("error", "warning"):
            return "failed" if self.last.severity == "error" else "warning"
        return "idle"


def task_cards(task_ids: Iterable[str] | None = None, now: datetime | None = None) -> list[TaskCard]:
    """Cards of the tasks that can be started by hand, by name; four queries, however many schedules and runs there are."""
    now = now or timezone.now()
    wanted = None if task_ids is None else set(task_ids)
    tasks = [task for task in all_tasks() if task.by_hand and (wanted is None or task.task_id in wanted)]
    known = [task.task_id for task in tasks]
    ended = TaskRun.objects.filter(task_id=OuterRef("task_id")).exclude(status__in=ACTIVE_STATUSES)
    newest = Subquery(ended.order_by("-pk").values("pk")[:1])
    found = Task.objects.filter(task_id__in=known).annotate(last_run_id=newest)
    rows = {row.task_id: row for row in found}
    newest_ids = [row.last_run_id for row in found if row.last_run_id]
    without_row = [task_id for task_id in known if task_id not in rows]
    if without_row:  # rows are made when the worker starts; until then the runs are grouped instead
        past = TaskRun.objects.filter(task_id__in=without_row).exclude(status__in=ACTIVE_STATUSES).order_by()
        newest_ids += past.values("task_id").annotate(newest=Max("pk")).values_list("newest", flat=True)
    lines: dict[str, list[ScheduleLine]] = defaultdict(list)
    for schedule in Schedule.objects.filter(task_id__in=known).order_by("pk"):
        row = rows.get(schedule.task_id)
        waits = schedule.enabled and row is not None and row.enabled and schedule.pending_run_id is None
        late = waits and is_overdue(schedule.next_run_at, now)
        lines[schedule.task_id].append(ScheduleLine(schedule, schedule_words(schedule), late))
    last = {run.task_id: run for run in TaskRun.objects.filter(pk__in=newest_ids).defer("details")}
    active: dict[str, list[TaskRun]] = defaultdict(list)
    for run in TaskRun.objects.filter(status__in=ACTIVE_STATUSES, task_id__in=known).order_by("pk"):
        active[run.task_id].append(run)
    return [
        TaskCard(
            task=task,
            row=rows.get(task.task_id) or Task(task_id=task.task_id),
            schedules=lines[task.task_id],
            active=active[task.task_id],
            last=last.get(task.task_id),
        )
        for task in tasks
    ]


def task_card(task_id: str, now: datetime | None = None) -> TaskCard | None:
    """The card of one task; None when there is no such task, or none that can be started by hand."""
    return next(iter(task_cards([task_id], now)), None)
