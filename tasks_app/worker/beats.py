"""Proof of life of workers, for the header and the health page."""

from datetime import datetime, timedelta

from tasks_app.models import WorkerBeat
from tasks_app.process_identity import is_alive

_FORGET_AFTER = timedelta(days=1)


def beat(worker: str, now: datetime) -> None:
    """Renew the worker's row."""
    if not WorkerBeat.objects.filter(worker=worker).update(seen_at=now):
        WorkerBeat.objects.create(worker=worker, started_at=now, seen_at=now)


def forget(worker: str) -> None:
    WorkerBeat.objects.filter(worker=worker).delete()


def forget_dead_workers(now: datetime) -> None:
    """Remove rows of workers that died without saying so."""
    for row in WorkerBeat.objects.all():
        if is_alive(row.worker) is False or row.seen_at < now - _FORGET_AFTER:
            row.delete()
