"""Puts right what a clock that was set back leaves lying in the future: it would wait there for hours."""

import logging
from datetime import datetime, timedelta

from tasks_app import queueing
from tasks_app.models import RunRequest, RunStatus, TaskRun

logger = logging.getLogger(__name__)

AHEAD = timedelta(seconds=10)
_SOON = timedelta(seconds=3)


def mend_future_moments(now: datetime) -> int:
    """Bring wishes and waiting runs back to the present; return how many."""
    ahead = now + AHEAD
    wishes = RunRequest.objects.filter(first_requested_at__gt=ahead).update(first_requested_at=now, due_at=now + _SOON)
    waiting = TaskRun.objects.filter(status=RunStatus.QUEUED, queued_at__gt=ahead).update(queued_at=now)
    if waiting:
        queueing.free_locked_entries()  # the queue hands out nothing that seems to lie in the future
    if wishes or waiting:
        logger.warning("[TASKS] %s requested and %s waiting runs lay in the future; they are due now", wishes, waiting)
    return wishes + waiting
