"""Files beside the database that its rows name, such as uploads. Going back to a backup needs those that its rows name."""

import sqlite3
from collections import defaultdict
from pathlib import Path, PurePosixPath

from django.db import connection

from tasks_app.backup.snapshots import folder, list_snapshots

_columns: dict[str, set[tuple[str, str]]] = defaultdict(set)


class BackupUnreadable(Exception):
    """Which files a backup names is not known, so none may go."""


def register_file_column(files: str, table: str, column: str) -> None:
    """Rows of ``table`` name files of the sort ``files`` in ``column``, by path or address. Apps say it at start."""
    _columns[files].add((table, column))


def named_now(files: str) -> set[str]:
    """Names, without folders, of the files that rows of the present name."""
    with connection.cursor() as cursor:
        found: set[str] = set()
        for table, column in _columns[files]:
            cursor.execute(_query(table, column))
            found.update(_name(value) for (value,) in cursor.fetchall())
    return found


def named_in_backups(files: str) -> set[str]:
    """The same for the rows of all backups that are kept. Raises :class:`BackupUnreadable`."""
    found: set[str] = set()
    for snapshot in list_snapshots():
        path = folder() / snapshot.name
        try:
            found |= _named_in(path, _columns[files])
        except sqlite3.Error as error:
            if path.exists():  # else it has just made room for a newer one
                raise BackupUnreadable(f"The backup {snapshot.name} cannot be read: {error}") from error
    return found


def _named_in(database: Path, columns: set[tuple[str, str]]) -> set[str]:
    found: set[str] = set()
    origin = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    try:
        for table, column in columns:
            known = {name for (name,) in origin.execute("SELECT name FROM pragma_table_info(?)", [table])}
            if column in known:  # an older ECM may have taken it
                found.update(_name(value) for (value,) in origin.execute(_query(table, column)))
    finally:
        origin.close()
    return found


def _query(table: str, column: str) -> str:
    return f'SELECT DISTINCT "{column}" FROM "{table}" WHERE "{column}" <> \'\''  # noqa: S608 - names of our own


def _name(value: object) -> str:
    return PurePosixPath(str(value)).name
