"""Brings into a draft what changed on the server meanwhile, except where the draft itself was at work (10 §13.5).

Rows are followed by keys: a channel's own row, its streams and its memberships are three matters, each either the draft's or
the server's. What the server changed in a matter of the draft is noted as skipped: undoing the draft's step brings it in after
all, and applying the draft compares it with what the draft began from.
"""
# ruff: noqa: S608 - statements are put together from names of our own tables and columns, never from values

import logging
import time

from django.db import DatabaseError, connection, transaction

from channels_app.drafts.mending import mend_all
from channels_app.drafts.storage import LIVE
from channels_app.drafts.switching import current_session
from channels_app.drafts.tables import (
    CHANGES,
    CHANNELS,
    GROUPS,
    HIDDEN_GROUPS,
    LINEUP,
    LOGOS,
    MEMBERSHIPS,
    META,
    PROFILES,
    SKIPPED,
    STEPS,
    STREAM_PROFILES,
    STREAMS,
    LineupTable,
    columns_of,
    listed,
    quoted,
)
from channels_app.models import LineupTouch

logger = logging.getLogger(__name__)

MEND_EVERY = 30.0  # seconds between looks for streams and guide entries that the server has deleted
_READER_WAITS = 100  # milliseconds that a page waits for a step being taken before it shows the draft without catching up

_PENDING = "temp.draft_pending"
_STANDING = f"{CHANGES} c JOIN {STEPS} s ON s.id = c.step_id WHERE s.undone = 0"
_mended_at: dict[int, float] = {}
_TOUCHES = LineupTouch._meta.db_table


def catch_up(*, patiently: bool = True) -> None:
    """Take over what changed on the server since the last time. Two short queries when nothing did.

    Unless ``patiently`` a draft that is being written to is left as it is.
    """
    mark, newest = _positions()
    mend = _is_time_to_mend()
    if mark == newest and not mend:
        return
    if not patiently:
        _wait_at_most(_READER_WAITS)
    try:
        with transaction.atomic():
            mark, newest = _positions()  # again, now that nobody else can move on
            if mark != newest:
                _collect_pending(mark, newest)
                bring_from_server()
                _run(f"UPDATE {META} SET mark = %s", [newest])
            mend_all()
    except DatabaseError as error:
        if patiently or "locked" not in str(error):
            raise
        logger.info("[DRAFTS] Shown without catching up: a step is being taken")
    finally:
        if not patiently:
            _wait_at_most(int(connection.settings_dict["OPTIONS"]["timeout"] * 1000))


def refresh_untouched() -> None:
    """After undoing: what the draft no longer changes is the server's again."""
    _empty_pending()
    _add_untouched()
    bring_from_server()


def note_displaced() -> None:
    """After redoing: a row made again may have taken the place of one from the server, which is to come back one day."""
    for table in (LOGOS, HIDDEN_GROUPS):
        missing = f"NOT {_is_there(table, 'l.id')}"
        _run(
            f'INSERT OR IGNORE INTO {SKIPPED}("table", key)'
            f" SELECT '{table.name}', l.id FROM {LIVE}.{quoted(table.name)} l WHERE {missing}"
        )


def bring_from_server() -> None:
    """Copy the pending rows from the server, as far as the draft does not touch them; note the others as skipped."""
    _set_aside(touched("p"))
    for table in LINEUP:
        if table.parent:
            # A channel that the draft has deleted stays without streams and memberships.
            _set_aside(f"{_is(table)} AND NOT {_is_there(CHANNELS, 'p.key')} AND {_changed_itself(CHANNELS)}")
            _copy_children(table)
        else:
            _copy_rows(table)
    # What the draft still needs stays, though the server deleted it: a channel whose streams or memberships the draft
    # changes, a group or stream profile that a channel of the draft is in.
    _delete_gone(CHANNELS, f"({_changed_below(STREAMS)} OR {_changed_below(MEMBERSHIPS)})")
    _delete_gone(GROUPS, f"EXISTS (SELECT 1 FROM {CHANNELS.name} WHERE group_id = p.key)")
    _delete_gone(STREAM_PROFILES, f"EXISTS (SELECT 1 FROM {CHANNELS.name} WHERE stream_profile_id = p.key)")
    for table in (PROFILES, LOGOS, HIDDEN_GROUPS):
        _delete_gone(table)
    _drop_pointers_to_what_the_draft_deleted()
    _note_skipped()
    _empty_pending()


def touched(row: str) -> str:
    """A condition: the draft changes the matter that ``row`` ("table", key) names."""
    return (
        f'(EXISTS (SELECT 1 FROM {_STANDING} AND c."table" = {row}."table" AND c.row_id = {row}.key AND c.parent_id IS NULL)'
        f' OR EXISTS (SELECT 1 FROM {_STANDING} AND c."table" = {row}."table" AND c.parent_id = {row}.key))'
    )


# --- what is pending ---------------------------------------------------------------------------------------------------


def _positions() -> tuple[int, int]:
    """How far the draft has come, and how far the server is."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT mark, (SELECT seq FROM {LIVE}.sqlite_sequence WHERE name = %s) FROM {META}",
            [_TOUCHES],
        )
        mark, newest = cursor.fetchone()
    return mark, newest or 0


def _collect_pending(mark: int, newest: int) -> None:
    _empty_pending()
    if newest > mark:
        _run(
            f'INSERT OR IGNORE INTO {_PENDING}("table", key) SELECT DISTINCT "table", COALESCE(parent_id, row_id)'
            f" FROM {LIVE}.{_TOUCHES} WHERE id > %s",
            [mark],
        )
        _add_untouched()
        return
    # Counting began anew: the main database is another one, from a backup. Everything may differ.
    for table in LINEUP:
        for schema in ("main", LIVE):
            _run(
                f"INSERT OR IGNORE INTO {_PENDING}(\"table\", key) SELECT DISTINCT '{table.name}', {quoted(table.key)}"
                f" FROM {schema}.{quoted(table.name)}"
            )


def _add_untouched() -> None:
    """What was skipped for the draft's sake and is not its matter any more."""
    _run(f'INSERT OR IGNORE INTO {_PENDING}("table", key) SELECT "table", key FROM {SKIPPED} k WHERE NOT {touched("k")}')


def _empty_pending() -> None:
    _run(
        f'CREATE TABLE IF NOT EXISTS {_PENDING}("table" TEXT NOT NULL, key INTEGER NOT NULL, aside INTEGER NOT NULL DEFAULT 0,'
        ' PRIMARY KEY ("table", key))'
    )
    _run(f"DELETE FROM {_PENDING}")


def _set_aside(condition: str) -> None:
    """Pending rows (p) under this condition are not brought from the server."""
    _run(f"UPDATE {_PENDING} AS p SET aside = 1 WHERE aside = 0 AND {condition}")


def _note_skipped() -> None:
    """Remember what was not brought, and what undone steps changed: redone, they put it back over the server's rows."""
    _run(f'DELETE FROM {SKIPPED} WHERE ("table", key) IN (SELECT "table", key FROM {_PENDING})')
    by_a_step = (
        f'EXISTS (SELECT 1 FROM {CHANGES} c WHERE c."table" = p."table" AND c.row_id = p.key AND c.parent_id IS NULL)'
        f' OR EXISTS (SELECT 1 FROM {CHANGES} c WHERE c."table" = p."table" AND c.parent_id = p.key)'
    )
    _run(f'INSERT INTO {SKIPPED}("table", key) SELECT "table", key FROM {_PENDING} p WHERE aside = 1 OR {by_a_step}')


def _is(table: LineupTable) -> str:
    return f"p.\"table\" = '{table.name}'"


def _is_there(table: LineupTable, key: str, schema: str = "main") -> str:
    return f"EXISTS (SELECT 1 FROM {schema}.{quoted(table.name)} t WHERE t.id = {key})"


def _changed_itself(table: LineupTable) -> str:
    return f"EXISTS (SELECT 1 FROM {_STANDING} AND c.\"table\" = '{table.name}' AND c.row_id = p.key)"


def _changed_below(table: LineupTable) -> str:
    return f"EXISTS (SELECT 1 FROM {_STANDING} AND c.\"table\" = '{table.name}' AND c.parent_id = p.key)"


def _keys(table: LineupTable) -> str:
    return f"(SELECT key FROM {_PENDING} WHERE \"table\" = '{table.name}' AND aside = 0)"


# --- copying and deleting ----------------------------------------------------------------------------------------------


def _copy_rows(table: LineupTable) -> None:
    name, columns = quoted(table.name), listed(_columns(table))
    _run(f"DELETE FROM main.{name} WHERE id IN {_keys(table)} AND {_is_there(table, f'main.{name}.id', LIVE)}")
    # A row that the draft made has the same address already: that one stays, and is found again when it is applied.
    _run(
        f"INSERT OR IGNORE INTO main.{name}({columns}) SELECT {columns} FROM {LIVE}.{name}"
        f" WHERE id IN {_keys(table)} ORDER BY id"
    )
    _set_aside(f"{_is(table)} AND {_is_there(table, 'p.key', LIVE)} AND NOT {_is_there(table, 'p.key')}")


def _copy_children(table: LineupTable) -> None:
    name, parent, columns = quoted(table.name), quoted(str(table.parent)), _columns(table)
    _run(f"DELETE FROM main.{name} WHERE {parent} IN {_keys(table)}")
    chosen = f"FROM {LIVE}.{name} l WHERE {parent} IN {_keys(table)} AND {_is_there(CHANNELS, f'l.{parent}')}"
    _run(f"INSERT OR IGNORE INTO main.{name}({listed(columns)}) SELECT {listed(columns)} {chosen} ORDER BY id")
    # The server took the row from a channel that is the draft's matter: there it has its id, here it gets a new one.
    rest = listed([column for column in columns if column != "id"])
    _run(
        f"INSERT OR IGNORE INTO main.{name}({rest}) SELECT {rest} {chosen}"
        f" AND EXISTS (SELECT 1 FROM main.{name} m WHERE m.id = l.id AND m.{parent} <> l.{parent})"
    )


def _delete_gone(table: LineupTable, needed: str = "0") -> None:
    """Delete what the server no longer has, except under the condition ``needed`` on the pending row p."""
    _set_aside(f"{_is(table)} AND NOT {_is_there(table, 'p.key', LIVE)} AND {_is_there(table, 'p.key')} AND {needed}")
    name = quoted(table.name)
    _run(f"DELETE FROM main.{name} WHERE id IN {_keys(table)} AND NOT {_is_there(table, f'main.{name}.id', LIVE)}")


def _drop_pointers_to_what_the_draft_deleted() -> None:
    """The server put a channel into a group, or enabled it in a profile, that the draft has deleted: here it is in none."""
    for table, column in ((GROUPS, "group_id"), (STREAM_PROFILES, "stream_profile_id")):
        lost = f"{column} IS NOT NULL AND NOT {_is_there(table, f'{CHANNELS.name}.{column}')}"
        _set_aside(f"{_is(CHANNELS)} AND p.key IN (SELECT id FROM {CHANNELS.name} WHERE {lost})")
        _run(f"UPDATE {CHANNELS.name} SET {column} = NULL WHERE {lost}")
    lost = f"NOT {_is_there(PROFILES, f'{MEMBERSHIPS.name}.profile_id')}"
    _set_aside(f"{_is(MEMBERSHIPS)} AND p.key IN (SELECT channel_id FROM {MEMBERSHIPS.name} WHERE {lost})")
    _run(f"DELETE FROM {MEMBERSHIPS.name} WHERE {lost}")


def _columns(table: LineupTable) -> list[str]:
    return columns_of(connection.connection, table.name)


# --- helpers -----------------------------------------------------------------------------------------------------------


def _is_time_to_mend() -> bool:
    session = current_session()
    if session is None:
        return False
    now = time.monotonic()
    if now - _mended_at.get(session.draft.pk, -MEND_EVERY) < MEND_EVERY:
        return False
    _mended_at[session.draft.pk] = now
    return True


def _wait_at_most(milliseconds: int) -> None:
    _run(f"PRAGMA busy_timeout = {milliseconds}")


def _run(statement: str, values: list[int | str] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
