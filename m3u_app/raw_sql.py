"""Plain SQL for the importer, where the ORM would take ten times as long. The SQLite-only parts are all in this module."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import Any

from django.db import connection

FETCH = 2000  # rows a step
ROWS_A_STATEMENT = 100  # times 24 columns is far below SQLite's 32,766 values


def read_rows(sql: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query a few thousand at a time. Read it to its end: an open read keeps the WAL from shrinking."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(FETCH):
            yield from rows


def execute(sql: str, parameters: Sequence[Any] = ()) -> int:
    """Run one statement and return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return max(int(cursor.rowcount), 0)


def read_rows_in(sql: str, ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """As :func:`read_rows`; ``{ids}`` in ``sql`` becomes the list of ``ids``."""
    return read_rows(sql.replace("{ids}", placeholders(ids)), ids)


def execute_in(sql: str, parameters: Sequence[Any], ids: Sequence[int]) -> int:
    """As :func:`execute`; ``{ids}`` in ``sql`` becomes the list of ``ids``, which stand behind ``parameters``."""
    return execute(sql.replace("{ids}", placeholders(ids)), [*parameters, *ids])


def execute_many(sql: str, rows: list[tuple[Any, ...]]) -> int:
    """Run one statement for many rows and return how many it changed; bulk_create takes ten times as long."""
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)
        return max(int(cursor.rowcount), 0)


def insert_many(head: str, rows: Sequence[tuple[Any, ...]], tail: str = "") -> int:
    """Insert ``rows`` with "``head`` VALUES … ``tail``", ROWS_A_STATEMENT at a time, and return how many came in.

    A table with triggers pays for them by the statement too: a hundred rows in one make that cheap.
    """
    if not rows:
        return 0
    full = len(rows) // ROWS_A_STATEMENT * ROWS_A_STATEMENT
    row = f"({placeholders(rows[0])})"
    inserted = 0
    with connection.cursor() as cursor:
        if full:
            batches = [
                list(chain.from_iterable(rows[start : start + ROWS_A_STATEMENT])) for start in range(0, full, ROWS_A_STATEMENT)
            ]
            cursor.executemany(f"{head} VALUES {', '.join([row] * ROWS_A_STATEMENT)}{tail}", batches)
            inserted += max(int(cursor.rowcount), 0)
        if full < len(rows):
            cursor.executemany(f"{head} VALUES {row}{tail}", rows[full:])
            inserted += max(int(cursor.rowcount), 0)
    return inserted


def placeholders(values: Sequence[Any]) -> str:
    """Return "%s, %s, …", one for each value."""
    return ", ".join(["%s"] * len(values))


@contextmanager
def bulk_writing() -> Iterator[None]:
    """Tune this connection for a long series of write transactions, and put it back afterwards.

    No memory map: every mapped page would count as this process's memory. No automatic checkpoint: it would run inside
    some commit and make that one long; call :func:`checkpoint` between transactions instead.
    """
    if not _may_tune():
        yield
        return
    before = {name: _pragma(name) for name in ("mmap_size", "wal_autocheckpoint")}
    _pragma("mmap_size", 0)
    _pragma("wal_autocheckpoint", 0)
    try:
        yield
    finally:
        checkpoint()
        for name, value in before.items():
            _pragma(name, value)


def checkpoint() -> None:
    """Move what no reader needs any more from the write-ahead log into the database. Others can write meanwhile."""
    if _may_tune():
        _pragma("wal_checkpoint(PASSIVE)")


def _may_tune() -> bool:
    return connection.vendor == "sqlite" and not connection.in_atomic_block


def _pragma(name: str, value: object = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}" if value is None else f"PRAGMA {name} = {value}")
        row = cursor.fetchone()
    return row[0] if row else None


def db_time(value: datetime) -> Any:
    """Return ``value`` as this database stores times."""
    return connection.ops.adapt_datetimefield_value(value)
