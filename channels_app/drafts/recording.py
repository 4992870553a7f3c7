"""Triggers in a draft's file that write down every changed row, before and after, while a step is being taken.

``draft_meta.step`` is the step that changes belong to; 0 means that nothing is recorded (catching up, undo, redo).
"""

from typing import Any

from channels_app.drafts.tables import CHANGES, LINEUP, META, LineupTable, columns_of, quoted


def make_triggers(connection: Any) -> list[str]:
    """The statements that make the triggers; the lineup's tables must be there already."""
    return [statement for table in LINEUP for statement in _triggers(table, columns_of(connection, table.name))]


def _triggers(table: LineupTable, columns: list[str]) -> list[str]:
    recording = f"(SELECT step FROM {META}) > 0"  # noqa: S608 - our own names
    different = " OR ".join(f"old.{quoted(column)} IS NOT new.{quoted(column)}" for column in columns)
    old, new = _image("old", columns), _image("new", columns)
    gone, come = _write(table, "old", old, "NULL"), _write(table, "new", "NULL", new)
    made = [
        _trigger(table, "insert", "INSERT", recording, [come]),
        _trigger(table, "delete", "DELETE", recording, [gone]),
    ]
    if not table.parent:
        return [*made, _trigger(table, "update", "UPDATE", f"{recording} AND ({different})", [_write(table, "new", old, new)])]
    parent = quoted(table.parent)
    stays = f"old.{parent} IS new.{parent}"
    return [
        *made,
        _trigger(table, "update", "UPDATE", f"{recording} AND {stays} AND ({different})", [_write(table, "new", old, new)]),
        # A row that goes to another channel changes both.
        _trigger(table, "move", "UPDATE", f"{recording} AND NOT ({stays})", [gone, come]),
    ]


def _trigger(table: LineupTable, name: str, verb: str, condition: str, statements: list[str]) -> str:
    return (
        f"CREATE TRIGGER {quoted(f'draft_{name}_{table.name}')} AFTER {verb} ON {quoted(table.name)}"
        f" WHEN {condition} BEGIN {' '.join(statements)} END"
    )


def _write(table: LineupTable, row: str, before: str, after: str) -> str:
    parent = f"{row}.{quoted(table.parent)}" if table.parent else "NULL"
    return (
        f'INSERT INTO {CHANGES}(step_id, "table", row_id, parent_id, before, after)'  # noqa: S608 - our own names
        f" VALUES ((SELECT step FROM {META}), '{table.name}', {row}.id, {parent}, {before}, {after});"
    )


def _image(row: str, columns: list[str]) -> str:
    return "json_object(" + ", ".join(f"'{column}', {row}.{quoted(column)}" for column in columns) + ")"
