"""Makes a draft the database that a thread works on, for as long as a block runs.

Inside, ``connections["default"]`` is a connection to the draft's file with the main database attached read-only: unqualified
table names mean the draft's lineup, and everything that a draft does not copy is read from the main database.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper

from channels_app.drafts.rebuilding import is_outgrown, rebuild
from channels_app.drafts.storage import attach_statement, main_database, path_of, refuse_missing, unusable
from channels_app.models import Draft
from tasks_app import journal


@dataclass
class Session:
    """A thread's work in a draft. ``step_id``: the step that is being taken. ``refused`` is set by an edit that wants nothing
    of itself to stay."""

    draft: Draft
    main: BaseDatabaseWrapper
    own: BaseDatabaseWrapper
    step_id: int | None = None
    refused: bool = False


_session: ContextVar[Session | None] = ContextVar("draft_session", default=None)


def in_draft() -> Draft | None:
    """The draft that this code is reading and writing right now, or None for the lineup itself."""
    session = _session.get()
    return session.draft if session else None


def current_session() -> Session | None:
    return _session.get()


@contextmanager
def working_in(draft: Draft) -> Iterator[Session]:
    """Read and write ``draft`` inside. Raises :class:`DraftUnusable` when its file is missing or damaged.

    Recording is off: only :func:`channels_app.drafts.steps.step` makes changes that can be undone.
    """
    if _session.get() is not None:
        raise RuntimeError("This thread works in a draft already.")
    real = connections[DEFAULT_DB_ALIAS]
    own = _connection_to(draft, real)
    session = Session(draft, real, own)
    token = _session.set(session)
    connections[DEFAULT_DB_ALIAS] = own
    try:
        yield session
    finally:
        connections[DEFAULT_DB_ALIAS] = real
        _session.reset(token)
        own.close()


@contextmanager
def live() -> Iterator[None]:
    """Inside, the main database is read and written even while a draft is being edited: runs, preferences, files.

    What is written there is not part of the step: it stays when the step is refused or undone. The journal is written for
    real, too. Outside a draft this changes nothing.
    """
    session = _session.get()
    if session is None:
        yield
        return
    token = _session.set(None)
    connections[DEFAULT_DB_ALIAS] = session.main
    try:
        with journal.collecting_paused():
            yield
    finally:
        connections[DEFAULT_DB_ALIAS] = session.own
        _session.reset(token)


class DraftDatabase(DatabaseWrapper):
    """SQLite as always, with the main database attached. Rows may point to rows that the main database has deleted."""

    def __init__(self, settings_dict: dict[str, Any], main: Path) -> None:
        super().__init__(settings_dict, DEFAULT_DB_ALIAS)
        self._main = main

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        try:
            connection.execute("PRAGMA foreign_keys = OFF")
            statement, value = attach_statement(self._main)
            connection.execute(statement, [value])
            connection.execute("PRAGMA live.mmap_size = 268435456")  # searches read pages without copying them
            connection.execute("PRAGMA live.cache_size = -16000")  # 16 MB
        except BaseException:
            connection.close()
            raise
        return connection


def _connection_to(draft: Draft, real: BaseDatabaseWrapper) -> DraftDatabase:
    path = path_of(draft.file_name)
    refuse_missing(path)
    main = main_database(real)
    own = DraftDatabase({**real.settings_dict, "NAME": f"{path.as_uri()}?mode=rw"}, main)
    try:
        own.ensure_connection()
        if is_outgrown(own.connection, main):
            own.close()
            rebuild(draft.file_name, main)
            own.ensure_connection()
    except (DatabaseError, sqlite3.Error, OSError, TypeError) as error:
        own.close()
        raise unusable(error) from error
    return own
