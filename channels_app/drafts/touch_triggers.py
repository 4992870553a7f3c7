"""Triggers in the main database that note changed rows of the lineup while drafts are open (10 §13.5).

Without an open draft they cost one look into a small index. SQLite only, like drafts themselves.
"""

from typing import Any

from django.db import connection

from channels_app.drafts.tables import LINEUP, LineupTable, quoted
from channels_app.models import Draft, LineupTouch

_PREFIX = "channels_app_touch_"
_TOUCHES = LineupTouch._meta.db_table
# The words of the condition are those of the index "one_open_draft_per_person": SQLite uses it only then.
_WHILE_DRAFTS_ARE_OPEN = f"EXISTS (SELECT 1 FROM {Draft._meta.db_table} WHERE \"state\" IN ('open', 'committing'))"  # noqa: S608 - our own names


def after_migrate(*, using: str, **_: object) -> None:
    """Make the triggers that are missing: Django loses them with most changes of a table's schema."""
    if using != connection.alias or connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        there = {name for (name,) in cursor.fetchall()}
        if not {Draft._meta.db_table, _TOUCHES, *(table.name for table in LINEUP)} <= there:
            return  # migrated back to a state without drafts
        for table in LINEUP:
            for statement in _triggers(table):
                cursor.execute(statement)


def _triggers(table: LineupTable) -> list[str]:
    return [
        _trigger(table, "insert", "AFTER INSERT", [_note(table, "new")]),
        # A row that goes to another channel concerns both.
        _trigger(table, "update", "AFTER UPDATE", [_note(table, "new"), *_note_moved(table)]),
        _trigger(table, "delete", "AFTER DELETE", [_note(table, "old")]),
    ]


def _trigger(table: LineupTable, verb: str, moment: str, statements: list[str]) -> str:
    return (
        f"CREATE TRIGGER IF NOT EXISTS {quoted(f'{_PREFIX}{verb}_{table.name}')} {moment} ON {quoted(table.name)}"
        f" WHEN {_WHILE_DRAFTS_ARE_OPEN} BEGIN {' '.join(statements)} END"
    )


def _note(table: LineupTable, row: str, condition: str = "") -> str:
    parent: Any = f"{row}.{quoted(table.parent)}" if table.parent else "NULL"
    return f"INSERT INTO {_TOUCHES}(\"table\", row_id, parent_id) SELECT '{table.name}', {row}.id, {parent}{condition};"


def _note_moved(table: LineupTable) -> list[str]:
    if not table.parent:
        return []
    column = quoted(table.parent)
    return [_note(table, "old", f" WHERE old.{column} IS NOT new.{column}")]
