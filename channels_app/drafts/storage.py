"""The file of a draft: made from the lineup as it is, checked before use, removed in the end."""

import logging
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from channels_app.drafts.recording import make_triggers
from channels_app.drafts.tables import (
    FIRST_TEMPORARY_ID,
    LINEUP,
    META,
    SKIPPED,
    columns_of,
    fingerprint_of,
    listed,
    make_statements,
    quoted,
)
from channels_app.models import LineupTouch

logger = logging.getLogger(__name__)

LIVE = "live"
"""The name under which the main database is attached to a draft."""

SUFFIX = ".sqlite3"
UNFINISHED_SUFFIX = ".new"
_BESIDE = ("-wal", "-shm", "-journal")
_WAIT = 20.0  # seconds for a lock, as for the main database
_PASSING = ("is locked", "disk is full", "disk I/O error")  # what SQLite says of a file that may be whole


class DraftUnusable(Exception):
    """The file of a draft is missing or cannot be read. The message is a sentence for the operator."""


def folder() -> Path:
    """Where the files of drafts are; made when missing."""
    path = Path(settings.CONFIG_DIR) / "drafts"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def path_of(file_name: str) -> Path:
    return folder() / f"{file_name}{SUFFIX}"


def new_file_name(owner_id: int) -> str:
    return f"{owner_id}-{secrets.token_hex(6)}"


def has_files_of(owner_id: int) -> bool:
    """Whether the person may have a draft, at the price of a look into a folder."""
    return any(folder().glob(f"{owner_id}-*{SUFFIX}"))


def main_database(connection: BaseDatabaseWrapper | None = None) -> Path:
    """The file of the main database, as the connection (default: this thread's) uses it."""
    return Path((connection or connections["default"]).settings_dict["NAME"]).resolve()


def attach_statement(main: Path) -> tuple[str, str]:
    """Read-only, so that staging never waits for a writer of the main database and never writes there by mistake."""
    return f"ATTACH DATABASE ? AS {LIVE}", f"{main.as_uri()}?mode=ro"


def create_file(file_name: str, main: Path) -> None:
    """Make the file of a new draft: a copy of the lineup at one moment. A crash leaves at most an unfinished file beside it."""
    target = path_of(file_name)
    unfinished = target.with_name(target.name + UNFINISHED_SUFFIX)
    remove_path(unfinished)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(connect(unfinished, main)) as connection:
            begin_filling(connection)
            fill(connection)
            settle(connection)
        unfinished.replace(target)
    except BaseException:
        remove_path(unfinished)
        raise


def begin_filling(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA main.journal_mode=OFF")  # the file is thrown away unless all goes well
    connection.execute("PRAGMA main.synchronous=OFF")
    connection.execute("BEGIN")


def settle(connection: sqlite3.Connection) -> None:
    """End the filling of a file: from here on it is written as carefully as the main database."""
    connection.execute("COMMIT")
    connection.execute("PRAGMA main.journal_mode=WAL")


def fill(connection: sqlite3.Connection) -> None:
    """Make all tables in an empty file and copy the lineup into them."""
    tables, indexes = make_statements(connection, LIVE)
    for statement in tables:
        connection.execute(statement)
    for table in LINEUP:
        columns = listed(columns_of(connection, table.name))
        name = quoted(table.name)
        connection.execute(f"INSERT INTO {name}({columns}) SELECT {columns} FROM {LIVE}.{name} ORDER BY id")  # noqa: S608
        connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", [table.name])
        connection.execute("INSERT INTO sqlite_sequence(name, seq) VALUES (?, ?)", [table.name, FIRST_TEMPORARY_ID - 1])
    for statement in indexes:
        connection.execute(statement)
    connection.execute(
        f"CREATE TABLE {META}(id INTEGER PRIMARY KEY CHECK (id = 1), step INTEGER NOT NULL, mark INTEGER NOT NULL,"
        " fingerprint TEXT NOT NULL)"
    )
    connection.execute(f'CREATE TABLE {SKIPPED}("table" TEXT NOT NULL, key INTEGER NOT NULL, PRIMARY KEY ("table", key))')
    connection.execute(
        f"INSERT INTO {META}(id, step, mark, fingerprint) VALUES (1, 0, ?, ?)",  # noqa: S608
        [newest_touch(connection), fingerprint_of(connection, LIVE)],
    )
    for statement in make_triggers(connection):
        connection.execute(statement)


def newest_touch(connection: sqlite3.Connection) -> int:
    """The number of the last change of the lineup that was noted in the main database; never falls, rows may be deleted."""
    found = connection.execute(
        f"SELECT seq FROM {LIVE}.sqlite_sequence WHERE name = ?",  # noqa: S608
        [LineupTouch._meta.db_table],
    ).fetchone()
    return int(found[0]) if found else 0


@contextmanager
def opened(file_name: str, main: Path) -> Iterator[sqlite3.Connection]:
    """A plain connection to a draft's file, for upkeep outside any request. Raises :class:`DraftUnusable`."""
    path = path_of(file_name)
    refuse_missing(path)
    try:
        with closing(connect(path, main)) as connection:
            yield connection
    except sqlite3.DatabaseError as error:
        raise unusable(error) from error


def refuse_missing(path: Path) -> None:
    if not path.is_file():
        raise DraftUnusable("The file with your draft is gone. Discard the draft; the lineup itself is as it was.")


def unusable(error: Exception) -> DraftUnusable:
    """In words. Nobody is told to give up a draft that only cannot be opened at this moment."""
    if any(word in str(error) for word in _PASSING):
        return DraftUnusable(f"Your draft cannot be opened right now ({error}). Nothing is lost: try again in a moment.")
    return DraftUnusable(
        f"The file with your draft cannot be read ({error}). Discard the draft; the lineup itself is as it was."
    )


def remove_file(file_name: str) -> None:
    """Remove the file of a draft and what SQLite keeps beside it. One that is gone already does not matter."""
    remove_path(path_of(file_name))


def remove_path(path: Path) -> None:
    for name in (path.name, *(path.name + suffix for suffix in _BESIDE)):
        path.with_name(name).unlink(missing_ok=True)


def connect(path: Path, main: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=_WAIT, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(*_with_values(attach_statement(main)))
    except BaseException:
        connection.close()
        raise
    return connection


def _with_values(statement: tuple[str, str]) -> tuple[str, list[str]]:
    return statement[0], [statement[1]]
