"""Plain values as rows of the database, and statements gathered so that many rows are one prepared statement."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from channels_app.drafts.sides import LEAVING_IDS, PROFILE_IDS, STREAM_IDS, Values
from channels_app.drafts.tables import quoted

Rows = list[tuple[Any, ...]]
_NO_COLUMNS = {STREAM_IDS, PROFILE_IDS, LEAVING_IDS}


def row_of(values: Values) -> dict[str, Any]:
    """The columns among plain values, as SQLite keeps them."""
    row = {name: value for name, value in values.items() if name not in _NO_COLUMNS}
    if "pinned_fields" in row:
        row["pinned_fields"] = json.dumps(row["pinned_fields"])
    return {name: int(value) if isinstance(value, bool) else value for name, value in row.items()}


def as_time(stored: object) -> str:
    """A moment as SQLite keeps it (UTC without saying so) as the journal keeps it."""
    return datetime.fromisoformat(str(stored)).replace(tzinfo=UTC).isoformat()


def image_of(values: Values) -> dict[str, Any]:
    """Plain values as ``channels_app.row_journal`` keeps a row: moments with their time zone."""
    row = {name: value for name, value in values.items() if name not in _NO_COLUMNS}
    return {name: as_time(value) if name.endswith("_at") and value else value for name, value in row.items()}


class Statements:
    """Statements with their rows. ``early`` ones run before ``late`` ones; equal ones are run together."""

    def __init__(self) -> None:
        self._early: dict[str, Rows] = {}
        self._late: dict[str, Rows] = {}

    def run(self, statement: str, rows: Iterable[tuple[Any, ...]], *, late: bool = False) -> None:
        self._later(late).setdefault(statement, []).extend(rows)

    def insert(self, table: str, columns: Sequence[str], rows: Rows, *, late: bool = False) -> None:
        if rows:
            names, marks = ", ".join(map(quoted, columns)), ", ".join(["%s"] * len(columns))
            self.run(f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})", rows, late=late)  # noqa: S608 - our names

    def update(self, table: str, values: dict[str, Any], pk: int, *, late: bool = False) -> None:
        names = sorted(values)
        columns = ", ".join(f"{quoted(name)} = %s" for name in names)
        statement = f"UPDATE {quoted(table)} SET {columns} WHERE id = %s"  # noqa: S608 - our own names
        self.run(statement, [(*(values[name] for name in names), pk)], late=late)

    def listed(self) -> list[tuple[str, Rows]]:
        return [*self._early.items(), *self._late.items()]

    def _later(self, late: bool) -> dict[str, Rows]:
        return self._late if late else self._early
