"""Is the install able to work? (50 §11.1)"""

import logging
import threading
from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError, connection
from django.utils import timezone

from tasks_app.models import WorkerBeat

logger = logging.getLogger(__name__)

WORKER_SILENCE = timedelta(minutes=3)


@dataclass(frozen=True)
class Readiness:
    """``checks`` maps a part to "ok" or to the class of what is wrong, never to a text with details."""

    checks: dict[str, str]

    @property
    def is_ready(self) -> bool:
        return all(answer == "ok" for answer in self.checks.values())

    @property
    def status(self) -> str:
        return "ready" if self.is_ready else "not_ready"


_last: dict[str, str] = {}
_last_lock = threading.Lock()


def readiness() -> Readiness:
    """Look at the database and the task worker. Logs changes only, not every question."""
    checks = {"database": _database()}
    checks["worker"] = _worker() if checks["database"] == "ok" else "unknown"
    with _last_lock:
        for part, answer in checks.items():
            if _last.get(part, "ok") != answer:
                logger.warning("[HEALTH] %s is now %s", part, answer)
        _last.update(checks)
    return Readiness(checks)


def worker_is_alive() -> bool:
    """True when a task worker gave a sign of life lately."""
    return WorkerBeat.objects.filter(seen_at__gte=timezone.now() - WORKER_SILENCE).exists()


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return type(error).__name__
    return "ok"


def _worker() -> str:
    try:
        return "ok" if worker_is_alive() else "silent"
    except DatabaseError as error:
        return type(error).__name__
