"""Do the tables fit the program? (50 §11.1)"""

from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


@dataclass(frozen=True)
class SchemaState:
    """``applied`` and ``newest`` name the last migration of each app, in the database and in the program."""

    up_to_date: bool = False
    applied: dict[str, str] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)
    missing: int = 0
    foreign_keys: bool | None = None
    journal_mode: str = ""
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        values = asdict(self)
        return values if self.error else {name: value for name, value in values.items() if name != "error"}


def schema_state() -> SchemaState:
    """Look at the main database. A database that does not answer is told by the class of its error, as in readiness."""
    known, newest = _in_program()
    try:
        done = set(MigrationRecorder(connection).applied_migrations())
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA foreign_keys")
            foreign_keys = bool(cursor.fetchone()[0])
            cursor.execute("PRAGMA journal_mode")
            journal_mode = str(cursor.fetchone()[0])
    except DatabaseError as error:
        return SchemaState(newest=newest, missing=len(known), error=type(error).__name__)
    applied: dict[str, str] = {}
    for app, name in sorted(known & done):
        applied[app] = name
    missing = len(known - done)
    return SchemaState(not missing, applied, newest, missing, foreign_keys, journal_mode)


@cache
def _in_program() -> tuple[frozenset[tuple[str, str]], dict[str, str]]:
    """All migrations that this program knows, and the last of each app; the files do not change while it runs."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    newest = dict(sorted(loader.graph.leaf_nodes()))
    return frozenset(loader.disk_migrations), newest
