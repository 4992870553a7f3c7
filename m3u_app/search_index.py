"""The trigram index over stream names: SQLite FTS5, and nothing else of the project knows that.

The index holds every name with two end marks behind it, so that its last letters begin a trigram too and one or two
letters can be looked up.

Triggers keep it true for single rows. They are too slow for thousands, because FTS5 writes a segment for every statement
that fires one. So rows that come with a content mark, or change their mark together with their name, are left alone by
the triggers: those are the importer's, and it indexes them itself, a chunk at a time in the transaction that writes them
(:func:`index_rows_after`, :func:`unindex_rows`, :func:`index_rows`).
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from m3u_app.raw_sql import execute, execute_in, read_rows

TRIGRAM = 3
MATCHING_IDS = "SELECT rowid FROM m3u_app_stream_search WHERE m3u_app_stream_search MATCH %s"

CREATE_TRIGGERS = (
    """CREATE TRIGGER IF NOT EXISTS m3u_app_stream_search_insert AFTER INSERT ON m3u_app_stream
       WHEN new.content_mark = 0 BEGIN
         INSERT INTO m3u_app_stream_search(rowid, name) VALUES (new.id, new.name || char(31, 31));
       END""",
    """CREATE TRIGGER IF NOT EXISTS m3u_app_stream_search_delete AFTER DELETE ON m3u_app_stream BEGIN
         INSERT INTO m3u_app_stream_search(m3u_app_stream_search, rowid, name)
         VALUES ('delete', old.id, old.name || char(31, 31));
       END""",
    """CREATE TRIGGER IF NOT EXISTS m3u_app_stream_search_update AFTER UPDATE OF name ON m3u_app_stream
       WHEN old.name IS NOT new.name AND old.content_mark = new.content_mark BEGIN
         INSERT INTO m3u_app_stream_search(m3u_app_stream_search, rowid, name)
         VALUES ('delete', old.id, old.name || char(31, 31));
         INSERT INTO m3u_app_stream_search(rowid, name) VALUES (new.id, new.name || char(31, 31));
       END""",
)
FILL = (
    "INSERT INTO m3u_app_stream_search(rowid, name) SELECT id, name || char(31, 31) FROM m3u_app_stream"
    " WHERE id > %s ORDER BY id"
)

_RARE = 15_000  # matches of one or two letters up to which the index is asked for them: below 10 ms
_MAX_TERMS = 300


def after_migrate(*, using: str, **_: object) -> None:
    """Make the triggers again when they are gone: Django rebuilds a table, triggers lost, for most schema changes."""
    if using != connection.alias or connection.vendor != "sqlite" or not _exists():
        return
    with connection.cursor() as cursor:
        for statement in CREATE_TRIGGERS:
            cursor.execute(statement)


def newest_row() -> int:
    """Return the highest stream id. Ask inside the transaction that inserts rows."""
    rows: list[tuple[Any, ...]] = list(read_rows("SELECT COALESCE(MAX(id), 0) FROM m3u_app_stream"))
    return int(rows[0][0])


def index_rows_after(row_id: int) -> None:
    """Index the provider's streams with ids above ``row_id``, just inserted in this transaction."""
    execute(FILL, [row_id])


def unindex_rows(row_ids: Sequence[int]) -> None:
    """Take rows out of the index, as long as they still have the name they were indexed under."""
    execute_in(
        "INSERT INTO m3u_app_stream_search(m3u_app_stream_search, rowid, name)"
        " SELECT 'delete', id, name || char(31, 31) FROM m3u_app_stream WHERE id IN ({ids})",
        [],
        row_ids,
    )


def index_rows(row_ids: Sequence[int]) -> None:
    """Put rows that were taken out back in, under their new names."""
    execute_in(
        "INSERT INTO m3u_app_stream_search(rowid, name)"
        " SELECT id, name || char(31, 31) FROM m3u_app_stream WHERE id IN ({ids}) ORDER BY id",
        [],
        row_ids,
    )


def rebuild_index() -> None:
    """Index every stream anew. Holds the write lock for seconds per million streams."""
    execute("INSERT INTO m3u_app_stream_search(m3u_app_stream_search) VALUES ('delete-all')")
    execute(FILL, [0])


def count_up_to(query: str, limit: int) -> int:
    """Count what ``query`` matches, at most ``limit``; the index alone answers."""
    sql = f"SELECT COUNT(*) FROM ({MATCHING_IDS} LIMIT %s)"  # noqa: S608
    return int(next(iter(read_rows(sql, [query, limit])))[0])


def match_phrase(text: str) -> str:
    """Return the query that finds ``text`` of three letters or more as it stands; quotes in it are harmless."""
    return '"' + text.replace('"', '""') + '"'


def match_rare_text(text: str) -> str | None:
    """Return the query for one or two letters when few names contain them, otherwise None.

    The index knows trigrams only: ask for all those that begin with ``text``.
    """
    low = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    high = low[:-1] + chr(0xE000 if low[-1] == "\ud7ff" else min(ord(low[-1]) + 1, 0x10FFFF))
    matches = 0
    terms: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT term, doc FROM m3u_app_stream_search_terms WHERE term >= %s AND term < %s", [low, high])
        for term, documents in cursor:
            matches += documents
            terms.append(match_phrase(term))
            if matches > _RARE or len(terms) > _MAX_TERMS:
                return None
    return " OR ".join(terms) if terms else match_phrase(f"{low}\x1f\x1f\x1f")  # nothing matches


def _exists() -> bool:
    return "m3u_app_stream_search" in connection.introspection.table_names()
