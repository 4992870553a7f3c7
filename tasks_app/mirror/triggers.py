"""Triggers that note every change of a mirrored row in the outbox, in the transaction of the change itself.

They are made from what the kinds watch. While no server is mirrored they cost one look at a table of one row; inside
:func:`tasks_app.mirror.state.quietly` they are silent, because what is written there comes from the server. The outbox has a
trigger of its own: what begins to wait asks for a delivery run, in the same transaction. SQLite only.
"""

import logging
import re
from collections.abc import Iterable
from typing import Any

from django.db import connection

from tasks_app.mirror.kinds import MirroredKind, Watched, all_kinds
from tasks_app.models import MirrorState, OutboxEntry, RunRequest
from tasks_app.run_requests import request_key

logger = logging.getLogger(__name__)

PREFIX = "tasks_app_mirror_"
DELIVER_TASK = "deliver_outbox"
KICK_SECONDS = 3
"""After the first change that is not delivered: what belongs together should travel together."""

_STATE = MirrorState._meta.db_table
_OUTBOX = OutboxEntry._meta.db_table
_REQUESTS = RunRequest._meta.db_table
_COLUMN = re.compile(r"\{row\}\.\"?(\w+)\"?")
_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
_LISTENING = f"EXISTS (SELECT 1 FROM {_STATE} WHERE id = 1 AND connected AND NOT quiet)"  # noqa: S608 - our own names


def after_migrate(*, using: str, **_: object) -> None:
    """Make what is missing or differs: Django loses triggers with most changes of a table's schema.

    Kinds whose tables are in an older state, after migrating back, go without.
    """
    if using != connection.alias or connection.vendor != "sqlite":
        return
    fit: list[MirroredKind] = []
    for kind in all_kinds():
        try:
            _statements(kind)
        except LookupError as problem:
            logger.warning("[MIRROR] Changes of %s will not be noticed: %s", kind.name, problem)
        else:
            fit.append(kind)
    ensure_triggers(fit)


def before_migrate(*, using: str, plan: Iterable[object] = (), **_: object) -> None:
    """Take the triggers away while tables change: one that names a table that is being rebuilt stops the rebuilding."""
    if using == connection.alias and connection.vendor == "sqlite" and list(plan):
        with connection.cursor() as cursor:
            for name in _existing(cursor):
                cursor.execute(f'DROP TRIGGER "{name}"')


def ensure_triggers(kinds: Iterable[MirroredKind] | None = None) -> None:
    """Bring the database's triggers in line with ``kinds`` (None = all that are registered).

    Raises ``LookupError`` when a kind watches a column that is not there.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = {name for (name,) in cursor.fetchall()}
        if not {_STATE, _OUTBOX, _REQUESTS} <= tables:
            return  # migrated back to a state without mirrors
        wanted = dict(_kick_triggers())
        for kind in all_kinds() if kinds is None else kinds:
            wanted |= _statements(kind)
        existing = _existing(cursor)
        for name, text in existing.items():
            if wanted.get(name) != text:
                cursor.execute(f'DROP TRIGGER "{name}"')
        for name, text in wanted.items():
            if existing.get(name) != text:
                cursor.execute(text)


def _statements(kind: MirroredKind) -> dict[str, str]:
    """The triggers of all tables that are there, by name."""
    wanted: dict[str, str] = {}
    with connection.cursor() as cursor:
        for number, watched in enumerate(kind.watched):
            columns = _columns(cursor, watched.table)
            if columns:
                wanted |= _triggers(kind.name, number, watched, columns)
    return wanted


def _existing(cursor: Any) -> dict[str, str]:
    cursor.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s ESCAPE '\\'",
        [PREFIX.replace("_", r"\_") + "%"],
    )
    return dict(cursor.fetchall())


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(f'PRAGMA table_info("{table}")')
    return [row[1] for row in cursor.fetchall()]


def _triggers(kind: str, number: int, watched: Watched, columns: list[str]) -> dict[str, str]:
    """The three triggers of one watched table, by name."""
    stem = f"{PREFIX}{kind}_{number}"
    asked = sorted({*watched.columns, *([watched.name] if watched.name and watched.columns else [])}) or columns
    unknown = {*asked, watched.owner} - set(columns)
    if unknown:
        raise LookupError(f"{kind} watches columns that {watched.table} does not have: {', '.join(sorted(unknown))}")
    is_old, is_new = (f"({watched.condition.format(row=row)})" if watched.condition else "1" for row in ("old", "new"))
    looked_at = sorted({*asked, watched.owner, *_COLUMN.findall(watched.condition)})
    changed = " OR ".join(f'old."{name}" IS NOT new."{name}"' for name in looked_at)
    note_old, note_new = _note(kind, watched, "old", is_old), _note(kind, watched, "new", is_new)
    moved = f'{is_old} AND NOT ({is_new} AND old."{watched.owner}" IS new."{watched.owner}")'
    of = ", ".join(f'"{name}"' for name in looked_at)
    return {
        f"{stem}_insert": _trigger(f"{stem}_insert", "INSERT", watched.table, f"{_LISTENING} AND {is_new}", [note_new]),
        f"{stem}_update": _trigger(
            f"{stem}_update",
            f"UPDATE OF {of}",
            watched.table,
            f"{_LISTENING} AND ({changed})",
            # A row that goes to another owner, or is no longer one that is mirrored, concerns the old one as well.
            [note_new, _note(kind, watched, "old", moved)],
        ),
        f"{stem}_delete": _trigger(f"{stem}_delete", "DELETE", watched.table, f"{_LISTENING} AND {is_old}", [note_old]),
    }


def _trigger(name: str, event: str, table: str, condition: str, statements: list[str]) -> str:
    return f'CREATE TRIGGER "{name}" AFTER {event} ON "{table}" WHEN {condition} BEGIN {" ".join(statements)} END'


def _note(kind: str, watched: Watched, row: str, condition: str) -> str:
    """Queue the owner of ``row``. A parked entry gets a new chance, and wishes about what was there before are void."""
    owner = f'{row}."{watched.owner}"'
    name = f"substr(coalesce({row}.\"{watched.name}\", ''), 1, 512)" if watched.name else "''"
    return (
        f"INSERT INTO {_OUTBOX}(kind, local_id, name, queued_at, version, state, attempts, reason, conflict, wishes)"
        f" SELECT '{kind}', {owner}, {name}, {_NOW}, 1, 'waiting', 0, '', '{{}}', '{{}}'"
        f" WHERE {owner} IS NOT NULL AND {condition}"
        " ON CONFLICT(kind, local_id) DO UPDATE SET version = version + 1,"
        " name = CASE WHEN excluded.name = '' THEN name ELSE excluded.name END,"
        " state = CASE state WHEN 'conflict' THEN state ELSE 'waiting' END,"
        " reason = CASE state WHEN 'conflict' THEN reason ELSE '' END,"
        " attempts = 0, next_attempt_at = NULL, wishes = '{}';"
    )


def _kick_triggers() -> dict[str, str]:
    """What waits asks for a delivery run, not before the moment until which an outage holds all deliveries back."""
    key = request_key(DELIVER_TASK, {})
    due = f"max({_at_latest(KICK_SECONDS)}, coalesce((SELECT retry_at FROM {_STATE} WHERE id = 1), ''))"  # noqa: S608
    ask = (
        f"INSERT INTO {_REQUESTS}(key, task_id, parameters, first_requested_at, due_at)"  # noqa: S608
        f" SELECT '{key}', '{DELIVER_TASK}', '{{}}', {_NOW}, {due}"
        f" WHERE NOT EXISTS (SELECT 1 FROM {_REQUESTS} WHERE key = '{key}');"
    )
    begins = "new.state = 'waiting'"
    again = "(old.version IS NOT new.version OR old.state IS NOT new.state)"
    return {
        f"{PREFIX}kick_insert": _trigger(f"{PREFIX}kick_insert", "INSERT", _OUTBOX, begins, [ask]),
        f"{PREFIX}kick_update": _trigger(
            f"{PREFIX}kick_update", "UPDATE OF version, state", _OUTBOX, f"{begins} AND {again}", [ask]
        ),
    }


def _at_latest(seconds: int) -> str:
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now', '+{seconds} seconds')"
