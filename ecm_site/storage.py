"""How much room the data folder takes, for the maintenance page."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection, connections

MOST_FILES = 50_000  # a folder with more is told as "at least"; nobody waits for a page that counts a million files


@dataclass(frozen=True)
class Room:
    """``bytes`` on disk; ``reusable`` of them are free inside a database; ``is_partial`` when there was too much to count."""

    title: str
    bytes: int
    reusable: int = 0
    is_partial: bool = False


@dataclass(frozen=True)
class Storage:
    folder: str
    rooms: tuple[Room, ...]
    free: int

    @property
    def total(self) -> int:
        return sum(room.bytes for room in self.rooms)


def storage() -> Storage:
    """Look at databases, folders and the disk below them."""
    rooms = (
        Room("Database", _database_size("default"), reusable=_reusable()),
        Room("Queue of background work", _database_size("queue")),
        _folder("Sources (last good copies)", settings.SOURCE_CACHE_DIR),
        _folder("Uploaded files", settings.UPLOAD_DIR),
        _folder("Published files", settings.PUBLISH_DIR),
        _folder("Log", settings.LOG_DIR),
        _folder("Temporary files", settings.TEMP_DIR),
    )
    return Storage(str(settings.CONFIG_DIR), rooms, shutil.disk_usage(settings.CONFIG_DIR).free)


def _database_size(alias: str) -> int:
    path = Path(connections[alias].settings_dict["NAME"])
    return sum(_size(path.with_name(path.name + ending)) for ending in ("", "-wal", "-shm"))


def _reusable() -> int:
    """Bytes of pages that deleted rows left behind; the database fills them before it grows again."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA freelist_count")
            pages = cursor.fetchone()[0]
            cursor.execute("PRAGMA page_size")
            return int(pages) * int(cursor.fetchone()[0])
    except DatabaseError:
        return 0  # the state card on the same page says what is wrong with the database


def _folder(title: str, folder: Path) -> Room:
    total = seen = 0
    waiting = [folder]
    while waiting and seen < MOST_FILES:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    seen += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue  # removed while we looked
    return Room(title, total, is_partial=bool(waiting))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
