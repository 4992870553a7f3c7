"""Gives the space of deleted rows back to the disk (50 §10 step 7).

``VACUUM`` rewrites the whole file and keeps every other writer waiting meanwhile. So it is done only when it gains something,
while nothing else runs, when there is room for the copy, and when it will be over before writers lose patience.
"""

import logging
import shutil
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ecm_site.routers import QUEUE
from tasks_app.cleanup.steps import Cleared, Context, StepFailed, register_step
from tasks_app.models import RunStatus, TaskRun, WorkerBeat
from tasks_app.progress import Cancelled

logger = logging.getLogger(__name__)

WORTHWHILE_SHARE = 0.1  # of the file that is free…
LEAST_BYTES = 1_048_576  # …and at least so much
PLENTY_BYTES = 64 * 1_048_576  # enough by itself, however large the file is
BYTES_A_SECOND = 60_000_000  # a slow disk
PATIENCE_SECONDS = 15.0  # other writers wait for 20 s before they give up
_ASK_EVERY = 200_000  # steps of SQLite's machine between two looks at the wish to cancel
_COPIES = 2.2  # the rewritten file, the log it goes through, and some room


_SIGN_OF_LIFE = timedelta(seconds=60)


class _TookTooLong(Exception):
    """Others have waited long enough; nothing was changed."""


@dataclass(frozen=True)
class Size:
    """Bytes of a database file: in all, free inside it, and in its write-ahead log."""

    total: int
    free: int
    log: int = 0

    @property
    def used(self) -> int:
        return self.total - self.free

    @property
    def is_worth_compacting(self) -> bool:
        return self.free >= min(PLENTY_BYTES, max(LEAST_BYTES, int(WORTHWHILE_SHARE * self.total)))


def database_sizes() -> dict[str, Size]:
    """Sizes by alias."""
    return {alias: _size(connections[alias]) for alias in (DEFAULT_DB_ALIAS, QUEUE)}


def clear(context: Context) -> Cleared:
    """Compact each database file that gains from it. Raises :class:`StepFailed`, and ``Cancelled`` in between."""
    notes = [_compact(alias, size, context) for alias, size in database_sizes().items()]
    return Cleared(note=" ".join(note for note in notes if note) or "Nothing to gain.")


def _compact(alias: str, size: Size, context: Context) -> str:
    """Compact one file and say what came of it, "" when there was nothing to do."""
    context.progress.raise_if_cancelled()
    if not size.is_worth_compacting:
        return ""
    path = Path(str(connections[alias].settings_dict["NAME"]))
    seconds = size.used / BYTES_A_SECOND
    if seconds > PATIENCE_SECONDS and not _is_alone(context):
        return (
            f"{path.name}: {_megabytes(size.free)} of {_megabytes(size.total)} are free, but compacting would keep everything"
            f" waiting for about {seconds:.0f} s. Stop ECM and run “manage.py cleanup” to do it."
        )
    if context.dry_run:
        return f"{path.name}: {_megabytes(size.free)} of {_megabytes(size.total)} would be given back."
    if alias == DEFAULT_DB_ALIAS and _others_work():
        return f"{path.name}: left for the next time, because other tasks are running."
    room = shutil.disk_usage(path.parent).free
    if room < size.used * _COPIES:
        raise StepFailed(
            f"{path.name} cannot be compacted: that needs {_megabytes(int(size.used * _COPIES))} of free disk, and there are"
            f" {_megabytes(room)}."
        )
    try:
        after = _vacuum(alias, context)
    except _TookTooLong:
        return f"{path.name}: stopped after {PATIENCE_SECONDS:.0f} s, because others were waiting; left for the next time."
    logger.info("[CLEANUP] Compacted %s from %s to %s bytes", path.name, size.total, after.total)
    return f"{path.name}: {_megabytes(size.total)} became {_megabytes(after.total)}."


def _vacuum(alias: str, context: Context) -> Size:
    """``VACUUM`` on a connection of its own: it must not be inside a transaction (50 trap 5)."""
    own = connections[alias].copy()
    started = time.monotonic()
    deadline = started + (PATIENCE_SECONDS if not _is_alone(context) else 24 * 3600)
    try:
        own.ensure_connection()
        own.connection.set_progress_handler(lambda: time.monotonic() > deadline or _wants_to_stop(context), _ASK_EVERY)
        with own.cursor() as cursor:
            cursor.execute("VACUUM")
        own.connection.set_progress_handler(None, 0)
        with own.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the rewritten file went through the log
            if cursor.fetchone()[0]:
                logger.warning("[CLEANUP] The write-ahead log is in use; it shrinks when its readers are done")
        return _size(own)
    except OperationalError as error:
        context.progress.raise_if_cancelled()
        if time.monotonic() > deadline:
            raise _TookTooLong from error
        raise StepFailed(f"The database could not be compacted: {error}.") from error
    finally:
        own.close()
        logger.debug("[CLEANUP] VACUUM took %.1f s", time.monotonic() - started)


def _wants_to_stop(context: Context) -> bool:
    try:
        context.progress.raise_if_cancelled()
    except Cancelled:
        return True
    return False


def _is_alone(context: Context) -> bool:
    """Whether ECM is stopped, as far as one can tell: no worker has given a sign of life. Then nobody waits."""
    return not WorkerBeat.objects.filter(seen_at__gt=context.now - _SIGN_OF_LIFE).exists()


def _others_work() -> bool:
    return TaskRun.objects.filter(status=RunStatus.RUNNING).exclude(task_id="cleanup").exists()


def _size(connection: BaseDatabaseWrapper) -> Size:
    with connection.cursor() as cursor:
        pages, free, page_size = (_pragma(cursor, name) for name in ("page_count", "freelist_count", "page_size"))
    log = Path(f"{connection.settings_dict['NAME']}-wal")
    return Size(pages * page_size, free * page_size, log.stat().st_size if log.exists() else 0)


def _pragma(cursor: object, name: str) -> int:
    cursor.execute(f"PRAGMA {name}")  # type: ignore[attr-defined]  # three fixed names
    return int(cursor.fetchone()[0])  # type: ignore[attr-defined]


def _megabytes(size: int) -> str:
    return f"{size / 1_048_576:,.1f} MB"


register_step("compaction", "Compaction of the database", clear, order=1000, switch="vacuum_db")
