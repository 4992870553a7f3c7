"""Goes back to a snapshot: the whole database becomes what it was, at once or not at all."""

import logging
import sqlite3
import time
from datetime import datetime
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from tasks_app.backup.blockers import blockers
from tasks_app.backup.snapshots import Snapshot, SnapshotFailed, find_snapshot, live_database, take_snapshot
from tasks_app.execution import mend_after
from tasks_app.journal import log_entry
from tasks_app.mirror.after_going_back import suspect_creations
from tasks_app.models import ACTIVE_STATUSES, RunStatus, TaskRun

logger = logging.getLogger(__name__)

WAIT_SECONDS = 30.0
"""For others to finish what they are writing."""
UNDER_WAY_THEN = "It was under way when the backup was taken to which ECM went back."


def restore_snapshot(name: str) -> Snapshot:
    """Make the database what it was when the snapshot was taken; everything since then is gone from it.

    A snapshot of the present state is taken first and returned: the way back from the way back. Raises
    :class:`SnapshotFailed`, also while drafts are open or work is going on; then nothing has changed.
    """
    if connection.in_atomic_block:
        raise SnapshotFailed("A backup cannot be put back in the middle of another change.")
    path = find_snapshot(name)
    reasons = blockers()
    if reasons:
        raise SnapshotFailed(" ".join(reasons))
    _check(path)
    began = timezone.now()
    safety = take_snapshot("before-going-back")
    find_snapshot(name)  # the safety copy may have pushed it out
    _exchange(path)
    call_command("migrate", verbosity=0, interactive=False)  # an older ECM may have taken it
    _end_runs_of_then(began)
    suspect_creations()
    log_entry(
        "backup",
        "restore",
        entity_type="backup",
        entity_name=name,
        description=f"Went back to the backup {name}; what was there before is kept as {safety.name}",
        after={"restored": name, "kept_as": safety.name},
    )
    logger.warning("[BACKUP] Went back to snapshot %s; the state before is %s", name, safety.name)
    return safety


def _end_runs_of_then(began: datetime) -> None:
    """A snapshot is taken by a run, which goes on for ever in it; nobody works on what was under way then."""
    for run in TaskRun.objects.filter(status__in=ACTIVE_STATUSES, queued_at__lt=began):
        values = {"status": RunStatus.CANCELLED, "message": UNDER_WAY_THEN, "phase": "", "completed_at": timezone.now()}
        TaskRun.objects.filter(pk=run.pk).update(**values)
        if run.status == RunStatus.RUNNING:
            mend_after(run)


def _check(path: Path) -> None:
    """It must be a whole database of ours, and not of a newer ECM."""
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5) as found:
            damage = found.execute("PRAGMA quick_check(1)").fetchone()[0]
            applied = {tuple(row) for row in found.execute("SELECT app, name FROM django_migrations")}
    except sqlite3.Error as error:
        raise SnapshotFailed(f"The backup cannot be read ({error}). Nothing was changed.") from error
    if damage != "ok":
        raise SnapshotFailed(f"The backup is damaged ({damage}). Nothing was changed.")
    known = MigrationLoader(None).disk_migrations
    newer = sorted(f"{app} {migration}" for app, migration in applied if (app, migration) not in known)
    if newer:
        raise SnapshotFailed(
            f"The backup is from a newer ECM ({newer[-1]}). Update ECM, then go back to it. Nothing was changed."
        )


def _exchange(path: Path) -> None:
    """SQLite copies the pages inside one write transaction of the live database: readers see the old state until its end."""
    deadline = time.monotonic() + WAIT_SECONDS

    def waited(*_: int) -> None:
        if time.monotonic() > deadline:
            raise TimeoutError

    connection.close()
    source = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        live = sqlite3.connect(live_database(), timeout=1, isolation_level=None)
        try:
            source.backup(live, progress=waited, sleep=0.05)
        finally:
            live.close()
    except TimeoutError:
        raise SnapshotFailed("The database is in use all the time. Nothing was changed; try again in a minute.") from None
    except sqlite3.Error as error:
        raise SnapshotFailed(f"The backup could not be put back ({error}). The database is as it was.") from error
    finally:
        source.close()
