"""Work of the mirror inside another run: one at a time, so it waits for its turn."""

import time
from collections.abc import Callable
from typing import Any

from m3u_app.pass_cancel_on import pass_cancel_on
from tasks_app import engine
from tasks_app.mirror.mirror_tasks import LOCK
from tasks_app.mirror.state import SYNC_TASK
from tasks_app.mirror.triggers import DELIVER_TASK
from tasks_app.models import OutboxEntry, OutboxState, RunStatus, TaskRun, Trigger
from tasks_app.progress import Progress

OURS = ("server_group", "account", "account_group", "account_filter", "account_profile")
"""The kinds that a refresh on the server depends on."""
SLICE = 0.5  # seconds between two tries

sleep: Callable[[float], None] = time.sleep


class GaveWay(Exception):
    """Something else has to go first, and waits for the room in the worker that this run has: the connection changes."""


def deliver_first(progress: Progress) -> None:
    """Deliver what waits of accounts and what belongs to them: the server must not refresh by settings of yesterday.

    Raises ``Cancelled`` and :class:`GaveWay`.
    """
    waiting = OutboxEntry.objects.filter(kind__in=OURS, state=OutboxState.WAITING)
    if waiting.exists():
        waiting.exclude(next_attempt_at=None).update(next_attempt_at=None)  # what it waited for may be there by now
        progress.report(phase="delivering changes first")
        _run(DELIVER_TASK, {}, progress)


def bring_over(progress: Progress) -> TaskRun:
    """Pull accounts, what belongs to them, and the streams of those that changed. Returns the finished run.

    Raises ``Cancelled`` and :class:`GaveWay`.
    """
    progress.report(phase="reading from the server")
    return _run(SYNC_TASK, {"kinds": [*OURS, "stream"]}, progress)


def _run(task_id: str, parameters: dict[str, Any], progress: Progress) -> TaskRun:
    while True:
        progress.raise_if_cancelled()
        try:
            with pass_cancel_on(progress, LOCK):
                return engine.run_here(task_id, parameters, triggered_by=Trigger.SCHEDULED)
        except engine.AlreadyRunning as refused:
            progress.report(phase="waiting for the sync to end")
            if not _done_here(refused.run, progress):
                sleep(SLICE)


def _done_here(run: TaskRun, progress: Progress) -> bool:
    """Do the sync that is in the way if it has not begun: refreshes that wait for it may take all the room of the worker.

    A switch is not for a refresh to do: it changes where to refresh.
    """
    if run.status != RunStatus.QUEUED:
        return False
    if run.task_id not in {DELIVER_TASK, SYNC_TASK}:
        raise GaveWay(f"“{run.title}” was asked for meanwhile and goes first. Refresh again when it is done.")
    with pass_cancel_on(progress, LOCK):
        return engine.do_waiting_run(run.pk)
