"""Makes the file of a draft again when an update of the program gave the lineup's tables another shape.

The new file begins with the lineup as it is now; the steps are taken over, their images of rows brought into the new shape,
and what they came to is put on top. Columns that are new hold what the server has, or what a new row would begin with.
"""
# ruff: noqa: S608 - statements are put together from names of our own tables and columns, never from values

import json
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connections, models
from django.db.models import NOT_PROVIDED, Field

from channels_app.drafts.storage import (
    LIVE,
    UNFINISHED_SUFFIX,
    begin_filling,
    connect,
    fill,
    opened,
    path_of,
    remove_path,
    settle,
)
from channels_app.drafts.tables import CHANGES, LINEUP, META, OWN, SKIPPED, STEPS, columns_of, fingerprint_of, listed, quoted

logger = logging.getLogger(__name__)

_shapes: dict[tuple[str, int], str] = {}
"""Fingerprints by main database and SQLite's own count of changes of its schema: worked out once a process and shape."""

Values = dict[str, Any]


def is_outgrown(connection: sqlite3.Connection, main: Path) -> bool:
    """Whether the lineup's tables look different now from those that the draft was made of."""
    version = connection.execute(f"PRAGMA {LIVE}.schema_version").fetchone()[0]
    key = (str(main), version)
    if key not in _shapes:
        _shapes[key] = fingerprint_of(connection, LIVE)
    return bool(connection.execute(f"SELECT fingerprint FROM {META}").fetchone()[0] != _shapes[key])


def rebuild(file_name: str, main: Path) -> None:
    """Replace the draft's file by one of the new shape. Raises :class:`DraftUnusable`; the old file then stays as it is."""
    target = path_of(file_name)
    unfinished = target.with_name(target.name + UNFINISHED_SUFFIX)
    remove_path(unfinished)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with opened(file_name, main) as old, closing(connect(unfinished, main)) as new:
            old.execute("BEGIN IMMEDIATE")  # nobody takes a step in the old file meanwhile
            begin_filling(new)
            fill(new)
            _take_over(old, new)
            settle(new)
            old.execute("ROLLBACK")
            old.execute(
                "PRAGMA main.journal_mode=DELETE"
            )  # folds in what the log holds: the new file must not find a foreign log
        unfinished.replace(target)
    except BaseException:
        remove_path(unfinished)
        raise
    logger.info("[DRAFTS] Made the file %s again in the new shape of the lineup", file_name)


def _take_over(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    for table in OWN:
        there = set(columns_of(old, table))
        columns = [column for column in columns_of(new, table) if column in there]
        marks = ", ".join("?" * len(columns))
        rows = old.execute(f"SELECT {listed(columns)} FROM {quoted(table)} ORDER BY id")
        statement = f"INSERT INTO {quoted(table)}({listed(columns)}) VALUES ({marks})"
        new.executemany(statement, _reshaped(new, columns, rows) if table == CHANGES else rows)
    _redo_all(new)
    new.execute(
        f'INSERT OR IGNORE INTO {SKIPPED}("table", key) SELECT DISTINCT "table", COALESCE(parent_id, row_id) FROM {CHANGES}'
    )


def _reshaped(new: sqlite3.Connection, columns: list[str], rows: sqlite3.Cursor) -> Iterator[list[Any]]:
    """Recorded changes with images of the columns that the tables have now; those of a table that is gone are dropped."""
    shapes = {table.name: columns_of(new, table.name) for table in LINEUP}
    defaults = {table.name: _defaults(table.name) for table in LINEUP}
    for row in rows:
        values = dict(zip(columns, row, strict=True))
        name = values["table"]
        if name not in shapes:
            continue
        for side in ("before", "after"):
            if values[side] is not None:
                image = json.loads(values[side])
                missing = [column for column in shapes[name] if column not in image]
                begin = {**defaults[name], **_on_server(new, name, image["id"], missing)} if missing else {}
                values[side] = json.dumps({column: image.get(column, begin.get(column)) for column in shapes[name]})
        yield [values[column] for column in columns]


def _on_server(new: sqlite3.Connection, table: str, row_id: int, columns: list[str]) -> Values:
    row = new.execute(f"SELECT {listed(columns)} FROM {LIVE}.{quoted(table)} WHERE id = ?", [row_id]).fetchone()
    return dict(zip(columns, row, strict=True)) if row else {}


def _defaults(table: str) -> Values:
    """What the columns of a new row begin with, as stored."""
    model = next(model for model in apps.get_models() if model._meta.db_table == table)
    return {str(field.column): _default(field) for field in model._meta.concrete_fields}


def _default(field: "Field[Any, Any]") -> Any:
    if field.default is NOT_PROVIDED and (field.null or isinstance(field, models.ForeignKey)):
        return None
    value = field.get_db_prep_save(field.get_default(), connections["default"])
    return int(value) if isinstance(value, bool) else value


def _redo_all(new: sqlite3.Connection) -> None:
    """Put the last image of every row that standing steps changed on top of the lineup."""
    standing = f"SELECT id FROM {STEPS} WHERE undone = 0"
    for table in LINEUP:
        columns = columns_of(new, table.name)
        chosen = f"FROM {CHANGES} WHERE \"table\" = '{table.name}' AND step_id IN ({standing})"
        images = new.execute(f"SELECT row_id, after, MAX(id) {chosen} GROUP BY row_id").fetchall()
        new.execute(f"DELETE FROM {quoted(table.name)} WHERE id IN (SELECT row_id {chosen})")
        marks = ", ".join("?" * len(columns))
        values = (json.loads(after) for _, after, _ in images if after is not None)
        new.executemany(
            f"INSERT OR REPLACE INTO {quoted(table.name)}({listed(columns)}) VALUES ({marks})",
            ([value[column] for column in columns] for value in values),
        )
