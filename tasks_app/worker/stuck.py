"""Notices when runs wait although a worker process is free.

A process that is killed at the wrong moment can leave django-q2's internal pipe locked for all others; nothing then moves
until the processes are started anew. It is rare, and without this watch it would be silent.
"""

import logging
import time
from datetime import timedelta

from django.utils import timezone
from django_q.conf import Conf

from tasks_app.models import RunStatus, TaskRun

logger = logging.getLogger(__name__)

WAITED = timedelta(seconds=30)
PATIENCE_IDLE_SECONDS = 120  # healing needs up to 70 s to bring a lost queue entry back
PATIENCE_BUSY_SECONDS = 600  # a restart would interrupt what still works, so wait longer


class StuckWatch:
    """Asked every few seconds; remembers since when the oldest waiting run has been passed over."""

    def __init__(self) -> None:
        self._run_id: int | None = None
        self._since = 0.0

    def is_stuck(self) -> bool:
        """True once, when the processes should be started anew."""
        waiting = TaskRun.objects.filter(status=RunStatus.QUEUED, queued_at__lt=timezone.now() - WAITED)
        oldest = waiting.order_by("pk").values_list("pk", flat=True).first()
        running = TaskRun.objects.filter(status=RunStatus.RUNNING).count()
        if oldest is None or running >= Conf.WORKERS:
            self._run_id = None
            return False
        if oldest != self._run_id:
            self._run_id, self._since = oldest, time.monotonic()
            return False
        if time.monotonic() - self._since < (PATIENCE_BUSY_SECONDS if running else PATIENCE_IDLE_SECONDS):
            return False
        logger.error("[TASKS] Run %s waits although a worker is free; starting the worker processes anew", oldest)
        self._run_id = None
        return True
