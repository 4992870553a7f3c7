"""What the Tasks page shows of all tasks together: what runs and what ran."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import QuerySet

from tasks_app.models import ACTIVE_STATUSES, RunStatus, TaskRun

HISTORY_PAGE = 100  # T-23
RATED_RUNS = 1000  # the success rate looks at the newest of those that match


@dataclass(frozen=True)
class ActiveRuns:
    """``token`` changes whenever a run begins or ends; a page that shows it already needs no new list."""

    runs: list[TaskRun]
    token: str


@dataclass(frozen=True)
class History:
    """Past runs, newest first. ``older`` and ``newer`` are ids to page from, 0 when there is nothing that way."""

    runs: list[TaskRun]
    older: int
    newer: int
    rated: int
    succeeded: int

    @property
    def success_rate(self) -> int | None:
        """Whole per cent, rounded down so that 100 means all of them."""
        return 100 * self.succeeded // self.rated if self.rated else None


def active_runs_now() -> ActiveRuns:
    runs = list(TaskRun.objects.filter(status__in=ACTIVE_STATUSES).select_related("user").order_by("pk"))
    newest_ended = TaskRun.objects.exclude(status__in=ACTIVE_STATUSES).order_by("-pk").values_list("pk", flat=True).first()
    ids = ",".join(str(run.pk) for run in runs)
    return ActiveRuns(runs, f"{ids}/{newest_ended or 0}")


def history(task_id: str = "", status: str = "", *, before: int = 0, after: int = 0) -> History:
    """A page of past runs older than id ``before``, or the one just newer than id ``after``, or the newest."""
    past = TaskRun.objects.exclude(status__in=ACTIVE_STATUSES)
    if task_id:
        past = past.filter(task_id=task_id)
    if status:
        past = past.filter(status=status)
    runs, more = _page(past, before, after)
    outcomes = Counter(past.order_by("-pk").values_list("status", flat=True)[:RATED_RUNS])
    has_newer = more if after else bool(before)
    has_older = True if after else more
    return History(
        runs=runs,
        older=runs[-1].pk if runs and has_older else 0,
        newer=runs[0].pk if runs and has_newer else 0,
        rated=outcomes.total(),
        succeeded=outcomes[RunStatus.COMPLETED],
    )


def _page(past: QuerySet[TaskRun], before: int, after: int) -> tuple[list[TaskRun], bool]:
    past = past.select_related("user", "schedule").defer("details")
    if after:
        found = list(past.filter(pk__gt=after).order_by("pk")[: HISTORY_PAGE + 1])
        return found[:HISTORY_PAGE][::-1], len(found) > HISTORY_PAGE
    if before:
        past = past.filter(pk__lt=before)
    found = list(past.order_by("-pk")[: HISTORY_PAGE + 1])
    return found[:HISTORY_PAGE], len(found) > HISTORY_PAGE
