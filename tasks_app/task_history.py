"""The past runs of one task: newest first, ten at once, then fifty more at a time (T-23)."""

from collections import Counter
from dataclasses import dataclass

from tasks_app.models import ACTIVE_STATUSES, RunStatus, TaskRun

FIRST_ROWS = 10
MORE_ROWS = 50
RATED_RUNS = 1000  # the success rate looks at the newest ones


@dataclass(frozen=True)
class TaskHistory:
    """A stretch of past runs without their details. ``older`` is the id to go on before, 0 at the end."""

    runs: list[TaskRun]
    older: int
    total: int
    rated: int
    succeeded: int

    @property
    def success_rate(self) -> int | None:
        """Whole per cent, rounded down so that 100 means all of them."""
        return 100 * self.succeeded // self.rated if self.rated else None


def task_history(task_id: str, *, before: int = 0) -> TaskHistory:
    """The newest past runs of a task, or those before id ``before``; three queries."""
    past = TaskRun.objects.filter(task_id=task_id).exclude(status__in=ACTIVE_STATUSES)
    rows = past.filter(pk__lt=before) if before else past
    wanted = MORE_ROWS if before else FIRST_ROWS
    found = list(rows.select_related("user", "schedule").defer("details").order_by("-pk")[: wanted + 1])
    runs = found[:wanted]
    outcomes = Counter(past.order_by("-pk").values_list("status", flat=True)[:RATED_RUNS])
    return TaskHistory(
        runs=runs,
        older=runs[-1].pk if len(found) > wanted else 0,
        total=past.count() if outcomes.total() == RATED_RUNS else outcomes.total(),
        rated=outcomes.total(),
        succeeded=outcomes[RunStatus.COMPLETED],
    )
