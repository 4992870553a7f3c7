"""Takes, lists and deletes snapshots: whole, consistent copies of the database while everybody goes on working."""

import logging
import os
import re
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from tasks_app.backup.row_settings import write_settings

logger = logging.getLogger(__name__)

KEEP = 5
"""So many snapshots stay; the oldest go when another is taken."""
ROOM_TO_SPARE = 64 * 1024 * 1024
_NAME = re.compile(r"ecm-(\d{4}-\d{2}-\d{2}_\d{6})-\d{6}-([a-z-]{1,40})\.sqlite3")  # the six digits: two within a second
_PARTIAL = ".partial"


class SnapshotFailed(Exception):
    """The snapshot could not be taken or used. The text is a sentence for the operator."""


@dataclass(frozen=True)
class Snapshot:
    """``name`` is its file's name; ``occasion`` a word from it, such as "before-connecting"; ``size`` is in bytes."""

    name: str
    taken_at: datetime
    occasion: str
    size: int

    @property
    def occasion_words(self) -> str:
        return self.occasion.replace("-", " ")


def folder() -> Path:
    """Where snapshots are; made when it is missing, for nobody but ourselves."""
    found = Path(settings.CONFIG_DIR) / "backups"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def live_database() -> Path:
    """The file of the database as it is now."""
    return Path(connection.settings_dict["NAME"])


def take_snapshot(occasion: str, *, keep: str = "") -> Snapshot:
    """Copy the database, and with it the settings that name its rows; others read and write meanwhile. ``occasion``: lower-case
    words joined by hyphens. ``keep``: the name of one that stays although newer ones push it out.

    The copy is one moment of the database, checked and on disk before this returns. Raises :class:`SnapshotFailed`.
    """
    place = folder()
    make_room(place)
    target = place / f"ecm-{timezone.now():%Y-%m-%d_%H%M%S-%f}-{occasion}.sqlite3"
    partial = target.with_name(target.name + _PARTIAL)
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        copy_database(live_database(), partial)
        _add_settings(partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.rename(target)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        logger.exception("[BACKUP] Snapshot %s failed", target.name)
        raise SnapshotFailed(f"The backup could not be written ({error}). Nothing was changed.") from error
    logger.info("[BACKUP] Snapshot %s taken, %s bytes", target.name, target.stat().st_size)
    _forget_old(target, keep)
    return described(target)


def list_snapshots() -> list[Snapshot]:
    """The newest first."""
    found = [described(path) for path in folder().iterdir() if _NAME.fullmatch(path.name) and not path.is_symlink()]
    return sorted(found, key=lambda snapshot: snapshot.name, reverse=True)


def find_snapshot(name: str) -> Path:
    """The file of a snapshot. Raises :class:`SnapshotFailed` for a name that is none, and for one that is gone."""
    path = folder() / name
    if not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
        raise SnapshotFailed("There is no backup of this name (any more).")
    return path


def delete_snapshot(name: str) -> None:
    """Raises :class:`SnapshotFailed` when there is none of this name."""
    find_snapshot(name).unlink()
    logger.info("[BACKUP] Snapshot %s deleted", name)


def copy_database(source: Path, target: Path) -> None:
    """Copy a whole database, and check the copy. SQLite's own way, in one step: a reader's lock is all it needs."""
    origin = sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)
    try:
        copy = sqlite3.connect(target, isolation_level=None)
        try:
            origin.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file that needs no company
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise sqlite3.DatabaseError(f"the copy is damaged: {found}")
        finally:
            copy.close()
    finally:
        origin.close()


def _add_settings(copy: Path) -> None:
    database = sqlite3.connect(copy)
    try:
        with database:
            write_settings(database)
    finally:
        database.close()


def make_room(place: Path) -> None:
    """Raises :class:`SnapshotFailed` when a copy of the database does not fit in ``place``."""
    needed = live_database().stat().st_size + ROOM_TO_SPARE
    free = shutil.disk_usage(place).free
    if free < needed:
        raise SnapshotFailed(
            f"The backup needs {needed // 2**20:,} MB in {place}, and {free // 2**20:,} MB are free. Make room, then try again."
        )


def described(path: Path) -> Snapshot:
    """What the name and the size of a snapshot's file say. Raises :class:`SnapshotFailed` for another file."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise SnapshotFailed(f"{path.name} is not the name of a backup.")
    taken = datetime.strptime(match[1], "%Y-%m-%d_%H%M%S").replace(tzinfo=UTC)
    return Snapshot(path.name, taken, match[2], path.stat().st_size)


def _forget_old(newest: Path, keep: str) -> None:
    for snapshot in list_snapshots()[KEEP:]:
        if snapshot.name not in (newest.name, keep):
            (folder() / snapshot.name).unlink(missing_ok=True)
            logger.info("[BACKUP] Snapshot %s removed: %s newer ones are kept", snapshot.name, KEEP)
    for rest in folder().glob(f"*{_PARTIAL}*"):  # of a process that was killed
        rest.unlink(missing_ok=True)
