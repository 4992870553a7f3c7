"""Takes out of a draft what the server has deleted for good: streams, guide entries and accounts are not part of a draft.

What is taken out is not recorded: undoing a step cannot bring back what no longer exists.
"""
# ruff: noqa: S608 - statements are put together from names of our own tables and columns, never from values

from typing import Any, cast

from django.db import connection
from django.db.models import ForeignKey, Model

from channels_app.drafts.storage import LIVE
from channels_app.drafts.tables import CHANGES, CHANNELS, MEMBERSHIPS, STEPS, STREAMS, LineupTable, quoted
from channels_app.models import Channel, ChannelStream, ProfileMembership

_POINTERS = (
    ("guide_entry", LIVE),
    ("auto_created_by", LIVE),
    ("group", "main"),
    ("stream_profile", "main"),
)
"""Fields of a channel that may point to what is gone, and the database that would hold it."""


def mend_all() -> None:
    """Look through everything that the draft changes; writes only where something is missing."""
    _mend(f"SELECT DISTINCT step_id FROM {CHANGES} c JOIN {STEPS} s ON s.id = c.step_id WHERE s.undone = 0", [])


def mend_steps(first: int, last: int) -> None:
    """Look through what these steps change, after they were undone or redone."""
    _mend("SELECT id FROM " + STEPS + " WHERE id BETWEEN %s AND %s", [first, last])


def _mend(steps: str, values: list[int | str]) -> None:
    with connection.cursor() as cursor:
        for name, schema in _POINTERS:
            column, target = _pointer(Channel, name)
            cursor.execute(
                f"UPDATE {CHANNELS.name} SET {column} = NULL WHERE id IN ({_of(CHANNELS, 'row_id', steps)})"
                f" AND {column} IS NOT NULL"
                f" AND NOT EXISTS (SELECT 1 FROM {schema}.{target} t WHERE t.id = {CHANNELS.name}.{column})",
                values,
            )
        for table, model, name, schema in (
            (STREAMS, ChannelStream, "stream", LIVE),
            (MEMBERSHIPS, ProfileMembership, "profile", "main"),
        ):
            column, target = _pointer(model, name)
            cursor.execute(
                f"DELETE FROM {table.name} WHERE channel_id IN ({_of(table, 'parent_id', steps)})"
                f" AND NOT EXISTS (SELECT 1 FROM {schema}.{target} t WHERE t.id = {table.name}.{column})",
                values,
            )


def _of(table: LineupTable, column: str, steps: str) -> str:
    return f"SELECT {column} FROM {CHANGES} WHERE \"table\" = '{table.name}' AND step_id IN ({steps})"


def _pointer(model: type[Model], name: str) -> tuple[str, str]:
    """The column of a foreign key, and the table that it points to."""
    field = cast("ForeignKey[Any, Any]", model._meta.get_field(name))
    return quoted(field.column), quoted(field.related_model._meta.db_table)
