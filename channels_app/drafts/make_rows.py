"""Makes a thing of the lineup be exactly what given values say, in the draft that the thread works in."""

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection

from channels_app.drafts.plain_rows import row_of
from channels_app.drafts.sides import KINDS, PROFILE_IDS, STREAM_IDS, Values
from channels_app.drafts.tables import CHANNELS, MEMBERSHIPS, STREAMS, LineupTable, quoted


def make_equal(kind: str, pk: int, values: Values | None) -> None:
    """Make a thing in the draft be exactly ``values``; None = it is not there."""
    table = KINDS[kind].table
    is_channel = table is CHANNELS
    if values is None:
        if is_channel:
            for links in (STREAMS, MEMBERSHIPS):
                _run(f"DELETE FROM {quoted(links.name)} WHERE channel_id = %s", [pk])  # noqa: S608 - our own names
        _run(f"DELETE FROM {quoted(table.name)} WHERE id = %s", [pk])  # noqa: S608 - our own names
        return
    row = row_of(values)
    columns = ", ".join(map(quoted, row))
    updates = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in row if name != "id")
    _run(
        f"INSERT INTO {quoted(table.name)} ({columns}) VALUES ({', '.join(['%s'] * len(row))})"  # noqa: S608 - our own names
        f" ON CONFLICT(id) DO UPDATE SET {updates}",
        list(row.values()),
    )
    if is_channel:
        _link(STREAMS, pk, "stream_id", values[STREAM_IDS], positions=True)
        _link(MEMBERSHIPS, pk, "profile_id", values[PROFILE_IDS], positions=False)


def _link(table: LineupTable, channel_id: int, column: str, wanted: Iterable[int], *, positions: bool) -> None:
    """Make these the streams (or profiles) of a channel, writing only what differs."""
    ids = list(wanted)
    name = quoted(table.name)
    _run(
        f"DELETE FROM {name} WHERE channel_id = %s AND {column} NOT IN (SELECT value FROM json_each(%s))",  # noqa: S608
        [channel_id, json.dumps(ids)],
    )
    for place, other in enumerate(ids, 1):
        if positions:
            _run(
                f"INSERT INTO {name} (channel_id, {column}, position) VALUES (%s, %s, %s)"  # noqa: S608 - our own names
                f" ON CONFLICT(channel_id, {column}) DO UPDATE SET position = excluded.position",
                [channel_id, other, place],
            )
        else:
            _run(f"INSERT OR IGNORE INTO {name} (channel_id, {column}) VALUES (%s, %s)", [channel_id, other])  # noqa: S608


def _run(statement: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
