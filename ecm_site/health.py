"""Is the install able to work? (50 §11.1)"""

import logging
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError, connection
from django.utils import timezone

from ecm_site.server_pulse import OK, SKIPPED, server_pulse
from tasks_app.models import MirrorState, Schedule, WorkerBeat

logger = logging.getLogger(__name__)

WORKER_SILENCE = timedelta(minutes=3)
UNKNOWN = "unknown"  # the database has to answer first
SILENT = "silent"
NEVER_DUE = "schedule_without_next_run"
TROUBLE = "trouble"  # syncing with the server does not go as it should; the page Server says why

Check = Callable[[], str]


@dataclass(frozen=True)
class Readiness:
    """``checks`` maps a part to "ok", "skipped" or to the class of what is wrong, never to a text with details."""

    checks: dict[str, str]

    @property
    def is_ready(self) -> bool:
        return all(answer in (OK, SKIPPED) for answer in self.checks.values())

    @property
    def status(self) -> str:
        return "ready" if self.is_ready else "not_ready"


_last: dict[str, str] = {}
_last_lock = threading.Lock()


def readiness(*, asks_server: bool = True) -> Readiness:
    """Ask every part that work depends on. Logs changes only, not every question.

    Pages never wait for the mirrored server: without ``asks_server`` the answer is what the last run found.
    """
    server = server_pulse() if asks_server else _answer(_as_the_last_run_found_it)
    checks = {"database": _answer(_database), "dispatcharr": server, "ffprobe": _ffprobe()}
    has_database = checks["database"] == OK
    checks["worker"] = _answer(_worker) if has_database else UNKNOWN
    checks["scheduler"] = _answer(_scheduler) if has_database else UNKNOWN
    if asks_server:
        _log_changes(checks)
    return Readiness(checks)


def worker_is_alive() -> bool:
    """True when a task worker gave a sign of life lately."""
    return WorkerBeat.objects.filter(seen_at__gte=timezone.now() - WORKER_SILENCE).exists()


def _answer(check: Check) -> str:
    try:
        return check()
    except DatabaseError as error:
        return type(error).__name__


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def _as_the_last_run_found_it() -> str:
    trouble = MirrorState.objects.filter(connected=True).values_list("trouble", flat=True).first()
    if trouble is None:
        return SKIPPED
    return TROUBLE if trouble else OK


def _ffprobe() -> str:
    return OK if shutil.which("ffprobe") else FileNotFoundError.__name__


def _worker() -> str:
    return OK if worker_is_alive() else SILENT


def _scheduler() -> str:
    """An enabled schedule of an enabled task that will never be due is the fault nobody notices (trap 3)."""
    never_due = Schedule.objects.filter(enabled=True, task__enabled=True, next_run_at=None)
    return NEVER_DUE if never_due.exists() else OK


def _log_changes(checks: dict[str, str]) -> None:
    with _last_lock:
        for part, answer in checks.items():
            before = _last.get(part, OK)
            if before == answer or (before in (OK, SKIPPED) and answer in (OK, SKIPPED)):
                continue
            level = logging.INFO if answer in (OK, SKIPPED) else logging.WARNING
            logger.log(level, "[HEALTH] %s was %s and is now %s", part, before, answer)
        _last.update(checks)
