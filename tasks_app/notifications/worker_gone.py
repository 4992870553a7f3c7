"""Says that no worker gives a sign of life. The pages ask, because then only they are left to notice."""

import threading
import time
from datetime import datetime

from django.urls import reverse

from tasks_app.models import Notification, NotificationKind, WorkerBeat
from tasks_app.notifications import store
from tasks_app.notifications.notify import notify_once
from tasks_app.queries import BEAT_LIMIT

_LOOK_EVERY_SECONDS = 60.0
_SOURCE, _GONE = "worker", "gone"
_BACK = "Background work has gone on: the worker is back. What came due meanwhile was caught up."
_guard = threading.Lock()
_looked_at: float | None = None


def look_for_worker(now: datetime) -> bool:
    """Tell once per outage; at most one query a minute in each server process. True when it was told just now.

    A worker that was stopped in order has taken its beat along: that was a decision and is no news.
    """
    global _looked_at
    with _guard:
        if _looked_at is not None and time.monotonic() - _looked_at < _LOOK_EVERY_SECONDS:
            return False
        _looked_at = time.monotonic()
    return tell_if_gone(now)


def tell_if_gone(now: datetime) -> bool:
    """As :func:`look_for_worker`, without the wait between two looks."""
    newest = WorkerBeat.objects.order_by("-seen_at").first()
    if newest is None:
        return False
    if newest.seen_at >= now - BEAT_LIMIT:
        _tell_it_is_back(now)
        return False
    told = notify_once(
        f"worker_gone:{newest.seen_at.isoformat()}",
        "error",
        "Background work has stopped: the worker gives no sign of life. Refreshes, publishing and schedules wait until it "
        "runs again. Start ECM with “./ecm run”, or look into its log.",
        title="The worker is gone",
        source=_SOURCE,
        source_id=_GONE,
        action_label="Open tasks",
        action_url=reverse("tasks:runs"),
        metadata={"toast": True},
    )
    return told is not None


def _tell_it_is_back(now: datetime) -> None:
    """An outage that is over is no error that waits for somebody any more."""
    rows = Notification.objects.filter(source=_SOURCE, source_id=_GONE, kind=NotificationKind.ERROR)
    if rows.exists():
        back = {"kind": NotificationKind.SUCCESS, "title": "The worker was gone", "message": _BACK}
        store.touch(rows, **back, read=True, read_at=now)
