"""A copy of a snapshot as the house can go on with it, made before anything is exchanged: a kill leaves then or now."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.utils import timezone

from tasks_app.backup.row_settings import TABLE as SETTINGS_TABLE
from tasks_app.backup.snapshots import SnapshotFailed, copy_database, folder, make_room
from tasks_app.execution import mend_after
from tasks_app.journal import log_entry
from tasks_app.mirror.after_going_back import suspect_creations
from tasks_app.models import ACTIVE_STATUSES, RunStatus, TaskRun

logger = logging.getLogger(__name__)

UNDER_WAY_THEN = "It was under way when the backup was taken to which ECM went back."
_NAME = "going-back.sqlite3.partial"


@contextmanager
def made_ready(snapshot: Path, *, kept_as: str) -> Iterator[Path]:
    """The file of the copy. In it the tables are those of this ECM, nobody works on runs of then, rows that wait for their
    creation on the server are looked for first, and whoever is signed in now is signed in, nobody else.

    One caller at a time. Raises :class:`SnapshotFailed` when there is no room for it.
    """
    copy = folder() / _NAME
    _remove(copy)
    make_room(folder())
    try:
        try:
            copy.touch(mode=0o600)
            copy_database(snapshot, copy)
        except (OSError, sqlite3.Error) as error:
            raise SnapshotFailed(f"The backup could not be made ready ({error}). Nothing was changed.") from error
        began = timezone.now()
        sessions = list(Session.objects.all())
        with _working_on(copy):
            _drop_settings()
            call_command("migrate", verbosity=0, interactive=False)  # an older ECM may have taken it
            _end_runs_of_then(began)
            suspect_creations()
            _exchange_sessions(sessions)
            log_entry(
                "backup",
                "restore",
                entity_type="backup",
                entity_name=snapshot.name,
                description=f"Went back to the backup {snapshot.name}; what was there before is kept as {kept_as}",
                after={"restored": snapshot.name, "kept_as": kept_as},
            )
        yield copy
    finally:
        _remove(copy)


@contextmanager
def _working_on(path: Path) -> Iterator[None]:
    """Inside, the database of this thread is the file at ``path``."""
    real = connections[DEFAULT_DB_ALIAS]
    own = DatabaseWrapper({**real.settings_dict, "NAME": str(path)}, DEFAULT_DB_ALIAS)
    connections[DEFAULT_DB_ALIAS] = own
    try:
        yield
        with own.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode = DELETE")  # one file that needs no company
    finally:
        connections[DEFAULT_DB_ALIAS] = real
        own.close()


def _drop_settings() -> None:
    """They go back to where settings are kept."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {SETTINGS_TABLE}")


def _end_runs_of_then(began: datetime) -> None:
    """A snapshot is taken by a run, which goes on for ever in it; nobody works on what was under way then."""
    for run in TaskRun.objects.filter(status__in=ACTIVE_STATUSES, queued_at__lt=began):
        values = {"status": RunStatus.CANCELLED, "message": UNDER_WAY_THEN, "phase": "", "completed_at": timezone.now()}
        TaskRun.objects.filter(pk=run.pk).update(**values)
        if run.status == RunStatus.RUNNING:
            mend_after(run)


def _exchange_sessions(present: list[Session]) -> None:
    """Whoever signed out since stays signed out. A session of now is good for the password that it was begun with."""
    Session.objects.all().delete()
    Session.objects.bulk_create(present)


def _remove(copy: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        copy.with_name(copy.name + ending).unlink(missing_ok=True)
