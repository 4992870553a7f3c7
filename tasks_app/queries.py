"""What pages ask about runs and the worker."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from tasks_app.models import ACTIVE_STATUSES, RunStatus, TaskRun, WorkerBeat

BEAT_LIMIT = timedelta(seconds=45)  # beats come every 8 s, a locked database may hold one up for 20 s


@dataclass(frozen=True)
class WorkerHealth:
    """Whether background work gets done. ``seen_at`` is None when no worker ever reported."""

    alive: bool
    workers: int
    seen_at: datetime | None
    waiting: int
    running: int
    longest_wait: timedelta | None


def active_runs(lock_keys: Iterable[str] | None = None) -> dict[str, TaskRun]:
    """Waiting and running runs by lock key, in one query; without keys all of them.

    Read them before what they work on: a run that ends in between is then shown as at work and looked at again. The other
    way round it would be shown as over, with the state of the thing from before its end, and nobody would look again.
    """
    runs = TaskRun.objects.filter(status__in=ACTIVE_STATUSES)
    if lock_keys is not None:
        runs = runs.filter(lock_key__in=list(lock_keys))
    return {run.lock_key: run for run in runs}


def has_worker(now: datetime | None = None) -> bool:
    """Whether a worker gave a sign of life lately. One small query."""
    now = now or timezone.now()
    return WorkerBeat.objects.filter(seen_at__gte=now - BEAT_LIMIT, seen_at__lte=now + BEAT_LIMIT).exists()


def worker_health(now: datetime | None = None) -> WorkerHealth:
    """State of the worker in two cheap queries, for the header and the health page."""
    now = now or timezone.now()
    seen = list(WorkerBeat.objects.order_by("-seen_at").values_list("seen_at", flat=True)[:20])
    fresh = [
        at for at in seen if now - BEAT_LIMIT <= at <= now + BEAT_LIMIT
    ]  # one far ahead is from before a clock was set back
    rows = list(TaskRun.objects.filter(status__in=ACTIVE_STATUSES).values_list("status", "queued_at"))
    waits = [now - queued_at for status, queued_at in rows if status == RunStatus.QUEUED]
    return WorkerHealth(
        alive=bool(fresh),
        workers=len(fresh),
        seen_at=seen[0] if seen else None,
        waiting=len(waits),
        running=len(rows) - len(waits),
        longest_wait=max(waits, default=None),
    )
