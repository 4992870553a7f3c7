"""The little SQL that the ORM cannot do fast enough, and how SQLite keeps our times (DESIGN §3: one small module)."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

from django.db import connection

ROWS_PER_STATEMENT: Final = 50


def stored_time(moment: datetime) -> str:
    """The text under which Django keeps ``moment`` (aware) in SQLite: UTC, no offset, ``2026-03-01 20:00:00``."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def read_time(text: str) -> datetime:
    """Reverse :func:`stored_time`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def id_list(ids: Iterable[int]) -> str:
    """Any number of ids as one parameter, for ``IN (SELECT value FROM json_each(%s))``."""
    return json.dumps(list(ids))


def fetch_all(sql: str, params: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    """Rows of one statement, read to the end at once: an open cursor would keep the WAL from shrinking."""
    with connection.cursor() as cursor:
        cursor.execute(sql, list(params))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def plain_columns(names: Iterable[str]) -> str:
    """A column list whose values arrive as stored: ``+`` hides the declared type, by which sqlite3 would decode them."""
    return ", ".join(f'+"{name}"' for name in names)


def insert_rows(table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows inside the present transaction. Values must be as SQLite stores them.

    Fifty rows a statement cost half of what one row a statement does, and Django's cursor, which rewrites the
    placeholders of each statement anew, is left aside.
    """
    one = f"({', '.join('?' * len(columns))})"
    start = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 - names come from our own code
    many = start + ", ".join([one] * ROWS_PER_STATEMENT)
    whole = len(rows) - len(rows) % ROWS_PER_STATEMENT
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = connection.connection.cursor()
        for begin in range(0, whole, ROWS_PER_STATEMENT):
            cursor.execute(many, list(chain.from_iterable(rows[begin : begin + ROWS_PER_STATEMENT])))
        cursor.executemany(start + one, rows[whole:])
        cursor.close()
