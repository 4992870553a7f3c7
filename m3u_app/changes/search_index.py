"""The trigram index over group and stream names of changes: SQLite FTS5, as in :mod:`m3u_app.search_index`.

It keeps no text of its own: what is taken out is told by the row itself, so a row's names must not change while it is
indexed. A trigger takes rows out when they are deleted, by cascades too.
"""

from django.db import connection

from m3u_app.raw_sql import execute, read_rows

MATCHING_CHANGES = "SELECT rowid FROM m3u_app_change_search WHERE m3u_app_change_search MATCH %s AND rowid >= %s"
LISTED_IDS = "SELECT value FROM json_each(%s)"
"""Thousands of ids in one parameter: a statement with as many would have to be read anew each time."""
_TEXT = "{row}group_name || char(10) || {row}former_name || char(10) || {row}names"

CREATE_TRIGGER = (
    "CREATE TRIGGER IF NOT EXISTS m3u_app_change_search_delete AFTER DELETE ON m3u_app_change BEGIN"  # noqa: S608
    " INSERT INTO m3u_app_change_search(m3u_app_change_search, rowid, text)"
    f" VALUES ('delete', old.id, {_TEXT.format(row='old.')}); END"
)
_FILL = (
    f"INSERT INTO m3u_app_change_search(rowid, text) SELECT id, {_TEXT.format(row='')} FROM m3u_app_change"  # noqa: S608
    " WHERE id > %s ORDER BY id"
)


def after_migrate(*, using: str, **_: object) -> None:
    """Make the trigger again when Django has rebuilt the table without it."""
    if using != connection.alias or connection.vendor != "sqlite":
        return
    if "m3u_app_change_search" in connection.introspection.table_names():
        execute(CREATE_TRIGGER)


def newest_change() -> int:
    """Return the highest change id. Ask inside the transaction that inserts changes."""
    return int(next(iter(list(read_rows("SELECT COALESCE(MAX(id), 0) FROM m3u_app_change"))))[0])


def index_changes_after(row_id: int) -> None:
    """Index the changes with ids above ``row_id``, just inserted in this transaction."""
    execute(_FILL, [row_id])
