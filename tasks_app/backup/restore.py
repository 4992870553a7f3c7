"""Goes back to a snapshot: the whole database becomes what it was, at once or not at all."""

import logging
import sqlite3
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from ecm_site.one_at_a_time import only_one
from tasks_app.backup.blockers import blockers
from tasks_app.backup.made_ready import made_ready
from tasks_app.backup.row_settings import settings_in, settings_of_then
from tasks_app.backup.snapshots import Snapshot, SnapshotFailed, find_snapshot, live_database, take_snapshot

logger = logging.getLogger(__name__)

WAIT_SECONDS = 30.0
"""For others to finish what they are writing."""


def restore_snapshot(name: str) -> Snapshot:
    """Make the database what it was when the snapshot was taken; everything since then is gone from it. Settings that name
    rows go back with it (:mod:`tasks_app.backup.row_settings`).

    A snapshot of the present state is taken first and returned: the way back from the way back. Raises
    :class:`SnapshotFailed`, also while drafts are open or work is going on; then nothing has changed.
    """
    if connection.in_atomic_block:
        raise SnapshotFailed("A backup cannot be put back in the middle of another change.")
    with _alone():
        path = find_snapshot(name)
        _refuse_while_others_work()
        _check(path)
        then = _settings_in(path)
        safety = take_snapshot("before-going-back", keep=name)
        with made_ready(path, kept_as=safety.name) as ready:
            _refuse_while_others_work()  # a large database is copied for some seconds
            try:
                with settings_of_then(then):
                    _exchange(ready)
            except OSError as error:
                raise SnapshotFailed(f"The settings could not be written ({error}). Nothing was changed.") from error
    logger.warning("[BACKUP] Went back to snapshot %s; the state before is %s", name, safety.name)
    return safety


def _alone() -> AbstractContextManager[int]:
    """Two who go back at once, such as a double click, would keep a state that nobody has seen as the one of before."""
    return only_one("going-back", SnapshotFailed("ECM is going back to a backup right now. Wait for it, then look again."))


def _refuse_while_others_work() -> None:
    reasons = blockers()
    if reasons:
        raise SnapshotFailed(" ".join(reasons))


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


def _settings_in(path: Path) -> dict[str, Any]:
    try:
        return settings_in(path)
    except (sqlite3.Error, ValueError) as error:
        raise SnapshotFailed(f"The settings in the backup cannot be read ({error}). Nothing was changed.") from error


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
