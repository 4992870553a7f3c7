"""The three sides of everything that a draft touched: how it was (base), how the draft has it (mine), how it is now (theirs).

Values are plain, in the form of the journal: numbers as text, yes and no as booleans, lists of ids. A channel's streams and
profiles are values of the channel. The number of queries does not grow with the number of changes.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.db import models

from channels_app.channel_fields import FIELDS
from channels_app.drafts.storage import LIVE, main_database, newest_touch, opened
from channels_app.drafts.tables import (
    CHANGES,
    CHANNELS,
    GROUPS,
    HIDDEN_GROUPS,
    LOGOS,
    MEMBERSHIPS,
    PROFILES,
    STEPS,
    STREAM_PROFILES,
    STREAMS,
    LineupTable,
    columns_of,
    quoted,
)
from channels_app.models import Draft
from channels_app.numbering import format_number

Values = dict[str, Any]


@dataclass(frozen=True)
class EntityKind:
    """A kind of thing that is compared as a whole. ``fields``: what people set, with its name in words; ``books``: what
    ECM itself keeps about it, compared and applied too, but never a conflict."""

    kind: str
    label: str
    table: LineupTable
    fields: dict[str, str]
    books: tuple[str, ...] = ()
    unique: str = ""
    """The column that no two rows may share."""


STREAM_IDS = "stream_ids"
PROFILE_IDS = "profile_ids"
LEAVING_IDS = "leaving_profile_ids"
"""Of "theirs" only: profiles with this channel that the draft deletes. They are no change of the channel itself."""

KINDS: dict[str, EntityKind] = {
    entity.kind: entity
    for entity in (
        EntityKind("group", "group", GROUPS, {"name": "name", "position": "position"}, unique="name"),
        EntityKind("channel_profile", "channel profile", PROFILES, {"name": "name"}, unique="name"),
        EntityKind(
            "stream_profile",
            "stream profile",
            STREAM_PROFILES,
            {"name": "name", "command": "command", "parameters": "parameters", "is_active": "active", "locked": "locked"},
            unique="name",
        ),
        EntityKind("logo", "logo", LOGOS, {"name": "name", "url": "address"}, ("stored_name", "checked_at", "problem"), "url"),
        EntityKind("hidden_group", "hidden group", HIDDEN_GROUPS, {"group_id": "group", "name": "name"}, unique="group_id"),
        EntityKind(
            "channel",
            "channel",
            CHANNELS,
            {**{name: spec.label for name, spec in FIELDS.items()}, STREAM_IDS: "streams", PROFILE_IDS: "profiles"},
            ("auto_created", "auto_created_by_id", "synced_stream", "synced_group", "pinned_fields"),
        ),
    )
}
"""In the order of writing: what others point to comes first."""

_THEIRS = 2
_FLAGS = {"epg_locked", "no_epg", "is_hidden", "auto_created", "is_active", "locked"}


@dataclass(frozen=True)
class Entity:
    """None = it did not, or does not, exist on that side."""

    kind: str
    id: int
    base: Values | None
    mine: Values | None
    theirs: Values | None

    @property
    def name(self) -> str:
        """What it is called in the draft, else what it was called."""
        side = self.mine or self.base or self.theirs or {}
        return str(side.get("name") or side.get("url") or "")


class Reader:
    """Reads a draft and the lineup behind it in one consistent look. Made by :func:`reading`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._columns: dict[str, list[str]] = {}

    def rows(self, statement: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """For questions of the same look; the lineup itself is under the name :data:`LIVE`."""
        return self._connection.execute(statement, tuple(values)).fetchall()

    def existing(self, model: type[models.Model], ids: Iterable[int]) -> set[int]:
        """Those of ``ids`` that the lineup's database has in a table."""
        wanted = json.dumps(list(ids))
        table = quoted(model._meta.db_table)
        statement = f"SELECT id FROM {LIVE}.{table} WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608 - our own names
        return {row[0] for row in self.rows(statement, [wanted])} if wanted != "[]" else set()

    def newest_touch(self) -> int:
        """Changes whenever a row of the lineup does, while a draft is open."""
        return newest_touch(self._connection)

    def entities(self) -> list[Entity]:
        """Everything that steps which are not undone have touched, in the order of writing."""
        found: list[Entity] = []
        for entity in KINDS.values():
            found += self._channels() if entity.kind == "channel" else self._plain(entity)
        return found

    def _plain(self, entity: EntityKind) -> list[Entity]:
        statement = f"""
            WITH {_first_changes(entity.table.name)}
            SELECT first.row_id, first.before, {self._image("mine", entity.table)}, {self._image("theirs", entity.table)}
            FROM first
            LEFT JOIN main.{quoted(entity.table.name)} mine ON mine.id = first.row_id
            LEFT JOIN {LIVE}.{quoted(entity.table.name)} theirs ON theirs.id = first.row_id
            ORDER BY first.row_id"""  # noqa: S608 - our own names
        return [
            Entity(entity.kind, pk, plain(before), plain(mine), plain(theirs))
            for pk, before, mine, theirs in self.rows(statement)
        ]

    def _channels(self) -> list[Entity]:
        self._note_touched_channels()
        streams = self._links(STREAMS, "stream_id", "position")
        profiles = self._links(MEMBERSHIPS, "profile_id", "profile_id")
        gone_profiles = {pk for pk, before, mine in self._plain_sides(PROFILES) if before and mine is None}
        statement = f"""
            SELECT touched.id, touched.changed, touched.before, {self._image("mine", CHANNELS)},
                   {self._image("theirs", CHANNELS)}
            FROM temp.touched_channels touched
            LEFT JOIN main.{quoted(CHANNELS.name)} mine ON mine.id = touched.id
            LEFT JOIN {LIVE}.{quoted(CHANNELS.name)} theirs ON theirs.id = touched.id
            ORDER BY touched.id"""  # noqa: S608 - our own names
        found = []
        for pk, changed, before, mine, theirs in self.rows(statement):
            sides: list[Values | None] = []
            base_image = before if changed else mine
            for place, image in enumerate((base_image, mine, theirs)):
                # Mostly nobody else changed the row: the same text need not be read twice.
                known = sides[0] if place and image == base_image else None
                values = dict(known) if known is not None else plain(image)
                if values is not None:
                    values[STREAM_IDS] = streams[place].get(pk, [])
                    enabled = set(profiles[place].get(pk, []))
                    values[PROFILE_IDS] = sorted(enabled - gone_profiles)
                    if place == _THEIRS:
                        values[LEAVING_IDS] = sorted(enabled & gone_profiles)
                sides.append(values)
            found.append(Entity("channel", pk, *sides))
        return found

    def _note_touched_channels(self) -> None:
        """A table of the channels that are to be compared, each with its row before the draft if that was ``changed``.

        It has a key: looking for each of some thousand channels in a plain list takes a second.
        """
        self.rows("DROP TABLE IF EXISTS temp.touched_channels")
        self.rows("CREATE TEMP TABLE touched_channels(id INTEGER PRIMARY KEY, changed INTEGER NOT NULL, before TEXT)")
        self.rows(
            f"""WITH {_first_changes(CHANNELS.name)}
            INSERT INTO temp.touched_channels(id, changed, before) SELECT row_id, 1, before FROM first"""  # noqa: S608 - ours
        )
        self.rows(
            f"""WITH taken AS (SELECT parent_id, before FROM main.{CHANGES}
                WHERE "table" IN ('{STREAMS.name}', '{MEMBERSHIPS.name}')
                AND step_id IN (SELECT id FROM main.{STEPS} WHERE NOT undone)),
            owners AS (SELECT parent_id AS id FROM taken UNION SELECT json_extract(before, '$.channel_id') FROM taken)
            INSERT OR IGNORE INTO temp.touched_channels(id, changed)
            SELECT id, 0 FROM owners WHERE id IS NOT NULL"""  # noqa: S608 - our own names
        )

    def _plain_sides(self, table: LineupTable) -> list[tuple[int, str | None, int | None]]:
        """(id, image before, id in the draft) of the rows of a table that were touched."""
        return [
            (row[0], row[1], row[2])
            for row in self.rows(
                f"WITH {_first_changes(table.name)} SELECT first.row_id, first.before, mine.id FROM first"  # noqa: S608
                f" LEFT JOIN main.{quoted(table.name)} mine ON mine.id = first.row_id"
            )
        ]

    def _links(self, table: LineupTable, value: str, order: str) -> tuple[dict[int, list[int]], ...]:
        """Base, mine and theirs of what belongs to the touched channels: ids in order, by channel."""
        statement = (
            "SELECT channel_id, id, {value}, {order} FROM {schema}.{table}"
            " WHERE channel_id IN (SELECT id FROM temp.touched_channels) ORDER BY channel_id, {order}, id"
        )
        mine, theirs = (
            self.rows(statement.format(value=value, order=order, schema=schema, table=quoted(table.name)))
            for schema in ("main", LIVE)
        )
        first = self.rows(f"WITH {_first_changes(table.name)} SELECT row_id, before FROM first")  # noqa: S608 - our names
        if not first:
            here = _by_channel(mine)
            return here, here, _by_channel(theirs)
        changed = {row_id for row_id, _ in first}
        base = [row for row in mine if row[1] not in changed]
        for row_id, before in first:
            if before:
                image = json.loads(before)
                base.append((image["channel_id"], row_id, image[value], image[order]))
        base.sort(key=_PLACE)
        return _by_channel(base), _by_channel(mine), _by_channel(theirs)

    def _image(self, alias: str, table: LineupTable) -> str:
        columns = self._columns.get(table.name)
        if columns is None:
            columns = self._columns[table.name] = columns_of(self._connection, table.name)
        parts = ", ".join(f"'{column}', {alias}.{quoted(column)}" for column in columns)
        return f"CASE WHEN {alias}.id IS NULL THEN NULL ELSE json_object({parts}) END"


@contextmanager
def reading(draft: Draft, main: Path | None = None) -> Iterator[Reader]:
    """A look at the draft and the lineup at one moment. Raises ``DraftUnusable`` when the draft's file cannot be read."""
    with opened(draft.file_name, main or main_database()) as connection:
        connection.execute("BEGIN")
        try:
            yield Reader(connection)
        finally:
            connection.execute("ROLLBACK")


def plain(image: str | None) -> Values | None:
    """A row as triggers write it (JSON of the raw columns), in plain values."""
    if image is None:
        return None
    values: Values = json.loads(image)
    for name in _FLAGS & values.keys():
        values[name] = bool(values[name])
    if "number" in values:
        values["number"] = number_text(values["number"])
    if "pinned_fields" in values:
        values["pinned_fields"] = sorted(json.loads(values["pinned_fields"] or "[]"))
    return values


def number_text(value: object) -> str | None:
    """A channel number as SQLite holds it, as the journal writes it: "101", "4.1"."""
    if value is None:
        return None
    try:
        return format_number(Decimal(str(value)))
    except InvalidOperation:
        return str(value)


def _first_changes(table: str) -> str:
    """A common table expression ``first(row_id, before)``: each touched row before its first change that is not undone."""
    return f"""first AS (
        SELECT taken.row_id, change.before FROM (
            SELECT row_id, MIN(id) AS id FROM main.{CHANGES}
            WHERE "table" = '{table}' AND step_id IN (SELECT id FROM main.{STEPS} WHERE NOT undone) GROUP BY row_id
        ) taken JOIN main.{CHANGES} change ON change.id = taken.id)"""  # noqa: S608 - our own names


def _by_channel(rows: Iterable[tuple[Any, ...]]) -> dict[int, list[int]]:
    """Rows that stand in their order, as lists by channel."""
    ordered: dict[int, list[int]] = defaultdict(list)
    for channel_id, _, value, _ in rows:
        ordered[channel_id].append(value)
    return ordered


_PLACE: Callable[[tuple[Any, ...]], Any] = lambda row: (row[0], row[3], row[1])  # noqa: E731
