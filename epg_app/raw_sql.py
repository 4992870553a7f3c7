"""The little SQL that the ORM cannot do fast enough, and how SQLite keeps our times (DESIGN §3: one small module)."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import connection


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
