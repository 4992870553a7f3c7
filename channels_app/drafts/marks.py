"""How rows of the channel list stand in the draft: new, changed, in conflict with the server, or deleted there (10 §13.5)."""
# ruff: noqa: S608 - statements are put together from names of our own tables and columns, never from values

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection

from channels_app.drafts.storage import LIVE
from channels_app.drafts.switching import in_draft
from channels_app.drafts.tables import (
    CHANGES,
    CHANNELS,
    FIRST_TEMPORARY_ID,
    MEMBERSHIPS,
    SKIPPED,
    STEPS,
    STREAMS,
    LineupTable,
    columns_of,
    listed,
    quoted,
)

NEW, CHANGED, CONFLICT, GONE = "new", "changed", "conflict", "gone"

_NOT_COMPARED = {"updated_at", "pinned_fields"}  # follow from other changes
_LISTS = {STREAMS: ("stream_id", "position"), MEMBERSHIPS: ("profile_id",)}
_FIRST = (
    f"SELECT c.row_id, c.parent_id, c.before, MIN(c.id) FROM {CHANGES} c JOIN {STEPS} s ON s.id = c.step_id AND s.undone = 0"
)

Values = dict[str, Any]
Sides = tuple[Any, Any]
"""How something was when the draft first changed it, and how the draft has it."""


def row_marks(channel_ids: Collection[int]) -> dict[int, str]:
    """The mark of each of these channels that has one; empty outside a draft. The number of queries is constant."""
    ids = [pk for pk in channel_ids if pk < FIRST_TEMPORARY_ID]
    if in_draft() is None:
        return {}
    marks = {pk: NEW for pk in channel_ids if pk >= FIRST_TEMPORARY_ID}
    if not ids:
        return marks
    changed = _changed(ids)
    marks |= dict.fromkeys((pk for matters in changed.values() for pk in matters), CHANGED)
    marked = [pk for pk in ids if pk in marks]
    if not marked:
        return marks
    there = {row[0] for row in _rows(f"SELECT id FROM {LIVE}.{CHANNELS.name} WHERE id IN {_marks(marked)}", marked)}
    marks |= dict.fromkeys((pk for pk in marked if pk not in there), GONE)
    marks |= dict.fromkeys((pk for pk in _in_conflict(changed) if pk in there), CONFLICT)
    return marks


def _changed(ids: list[int]) -> dict[LineupTable, dict[int, Sides]]:
    """By matter and channel, what differs now from what it was before the draft."""
    found: dict[LineupTable, dict[int, Sides]] = {CHANNELS: _changed_rows(ids)}
    for table, columns in _LISTS.items():
        found[table] = _changed_lists(table, columns, ids)
    return found


def _changed_rows(ids: list[int]) -> dict[int, Sides]:
    first = {
        pk: json.loads(before)
        for pk, _, before, _ in _rows(
            f"{_FIRST} WHERE c.\"table\" = '{CHANNELS.name}' AND c.row_id IN {_marks(ids)} GROUP BY c.row_id", ids
        )
        if before is not None
    }
    now = _stored(first)
    return {pk: (before, now[pk]) for pk, before in first.items() if pk in now and _differs(before, now[pk])}


def _changed_lists(table: LineupTable, columns: tuple[str, ...], ids: list[int]) -> dict[int, Sides]:
    was: dict[int, set[tuple[Any, ...]]] = defaultdict(set)
    rows = _rows(f"{_FIRST} WHERE c.\"table\" = '{table.name}' AND c.parent_id IN {_marks(ids)} GROUP BY c.row_id", ids)
    touched = {row_id: parent for row_id, parent, _, _ in rows}
    for _, parent, before, _ in rows:
        if before is not None:
            values = json.loads(before)
            was[parent].add(tuple(values[column] for column in columns))
    now = defaultdict(set)
    for channel_id, *values in _rows(
        f"SELECT channel_id, {listed(list(columns))} FROM main.{table.name} WHERE id IN {_marks(touched)}", touched
    ):
        now[channel_id].add(tuple(values))
    return {pk: (was[pk], now[pk]) for pk in set(touched.values()) if was[pk] != now[pk]}


def _in_conflict(changed: dict[LineupTable, dict[int, Sides]]) -> set[int]:
    """Channels of which the server, too, changed something that the draft changed, and otherwise."""
    found: set[int] = set()
    skipped: dict[str, set[int]] = defaultdict(set)
    every = {pk for matters in changed.values() for pk in matters}
    for name, key in _rows(f'SELECT "table", key FROM {SKIPPED} WHERE key IN {_marks(every)}', every):
        skipped[name].add(key)
    rows = {pk: sides for pk, sides in changed[CHANNELS].items() if pk in skipped[CHANNELS.name]}
    for pk, theirs in _stored(rows, LIVE).items():
        before, mine = rows[pk]
        if any(before[name] != mine[name] and theirs[name] not in (before[name], mine[name]) for name in _compared(theirs)):
            found.add(pk)
    for table, columns in _LISTS.items():
        lists = {pk: sides for pk, sides in changed[table].items() if pk in skipped[table.name]}
        found |= _lists_in_conflict(table, columns, lists)
    return found


def _lists_in_conflict(table: LineupTable, columns: tuple[str, ...], lists: dict[int, Sides]) -> set[int]:
    sides: dict[str, dict[int, set[tuple[Any, ...]]]] = {}
    for schema in (LIVE, "main"):
        sides[schema] = defaultdict(set)
        statement = f"SELECT channel_id, {listed(list(columns))} FROM {schema}.{table.name} WHERE channel_id IN {_marks(lists)}"
        for channel_id, *values in _rows(statement, lists):
            sides[schema][channel_id].add(tuple(values))
    return {pk for pk in lists if sides[LIVE][pk] != sides["main"][pk]}


def _stored(ids: Iterable[int], schema: str = "main") -> dict[int, Values]:
    wanted = list(ids)
    connection.ensure_connection()
    columns = columns_of(connection.connection, CHANNELS.name)
    image = ", ".join(f"'{column}', {quoted(column)}" for column in columns)
    rows = _rows(f"SELECT json_object({image}) FROM {schema}.{CHANNELS.name} WHERE id IN {_marks(wanted)}", wanted)
    values = [json.loads(row[0]) for row in rows]
    return {value["id"]: value for value in values}


def _differs(before: Values, now: Values) -> bool:
    return any(before.get(name) != now[name] for name in _compared(now)) or _is_released(before, now)


def _is_released(before: Values, now: Values) -> bool:
    """Whether fields set by hand were let go of (``channels_app.release_pins``): no other change brings that along."""
    return bool(set(json.loads(before.get("pinned_fields") or "[]")) - set(json.loads(now["pinned_fields"] or "[]")))


def _compared(values: Values) -> list[str]:
    return [name for name in values if name not in _NOT_COMPARED]


def _marks(values: Collection[Any]) -> str:
    return "(" + ", ".join(["%s"] * len(values)) + ")"


def _rows(statement: str, values: Iterable[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))
        return list(cursor.fetchall())
