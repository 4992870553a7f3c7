"""The trigram index over the words of the journal: SQLite FTS5, and nothing else of the project knows that.

New entries are not indexed as they are written, which would make every edit dearer. The worker takes them in once a minute
(:func:`catch_up`); until then a search reads them one by one, which is cheap for a minute's worth. How far the index goes is
the highest id it holds, so there is no mark that could be wrong.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from tasks_app.journal_triggers import TEXT
from tasks_app.write_turns import WriteTurns

TRIGRAM = 3
CATCH_UP_ROWS = 1_000  # a turn, some 25 ms of lock
CATCH_UP_SECONDS = 3.0  # a minute: the worker has other duties
_RARE = 15_000  # matches of one or two letters up to which the index is asked for them
_MAX_TERMS = 300
_INDEX_NEXT = f"""INSERT INTO tasks_app_journal_search(rowid, text) SELECT id, {TEXT.format(row="entry")}
    FROM tasks_app_journalentry entry WHERE id > %s ORDER BY id LIMIT %s"""  # noqa: S608


@dataclass(frozen=True)
class Conditions:
    """What an entry has to fulfil besides containing a text, as SQL on a table called ``entry``."""

    clauses: tuple[str, ...] = ()
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Match:
    """Entries that the index finds."""

    query: str
    conditions: Conditions

    def ids(self, *, limit: int, offset: int = 0, below: int | None = None) -> list[int]:
        """Ids of matching entries, newest first, from position ``offset`` on; ``below`` leaves out it and what is newer."""
        source, parameters = self._source(below)
        sql = f"SELECT found.rowid {source} ORDER BY found.rowid DESC LIMIT %s OFFSET %s"
        return [int(row[0]) for row in _rows(sql, [*parameters, limit, offset])]

    def count(self, limit: int, *, below: int | None = None) -> int:
        """How many entries match; counting stops at ``limit``."""
        source, parameters = self._source(below)
        sql = f"SELECT COUNT(*) FROM (SELECT 1 {source} LIMIT %s)"  # noqa: S608
        return int(_rows(sql, [*parameters, limit])[0][0])

    def _source(self, below: int | None) -> tuple[str, list[Any]]:
        # CROSS JOIN: the index leads, whatever the planner thinks of it.
        join = "CROSS JOIN tasks_app_journalentry entry ON entry.id = found.rowid" if self.conditions.clauses else ""
        where = ["tasks_app_journal_search MATCH %s", *self.conditions.clauses]
        parameters: list[Any] = [self.query, *self.conditions.parameters]
        if below is not None:
            where.append("found.rowid < %s")
            parameters.append(below)
        return f"FROM tasks_app_journal_search found {join} WHERE {' AND '.join(where)}", parameters


@dataclass(frozen=True)
class Walk:
    """Entries read from the newest on, each looked into. ``above`` and ``up_to`` are the ids between which to look."""

    spellings: tuple[str, ...]
    conditions: Conditions
    above: int = 0
    up_to: int | None = None

    def ids(self, *, limit: int, offset: int = 0, below: int | None = None) -> list[int]:
        """As :meth:`Match.ids`."""
        source, parameters = self._source(below)
        sql = f"SELECT entry.id {source} ORDER BY entry.id DESC LIMIT %s OFFSET %s"
        return [int(row[0]) for row in _rows(sql, [*parameters, limit, offset])]

    def count(self, limit: int, *, below: int | None = None) -> int:
        """As :meth:`Match.count`."""
        source, parameters = self._source(below)
        sql = f"SELECT COUNT(*) FROM (SELECT 1 {source} ORDER BY entry.id DESC LIMIT %s)"  # noqa: S608
        return int(_rows(sql, [*parameters, limit])[0][0])

    def _source(self, below: int | None) -> tuple[str, list[Any]]:
        parts = ("entry.entity_name", "entry.description")
        text = " OR ".join(f"{part} LIKE %s ESCAPE '\\'" for _ in self.spellings for part in parts)
        patterns = [f"%{connection.ops.prep_for_like_query(spelling)}%" for spelling in self.spellings for _ in parts]
        where = ["entry.id > %s", *self.conditions.clauses, f"({text})"]
        parameters: list[Any] = [self.above, *self.conditions.parameters, *patterns]
        if self.up_to is not None:
            where.append("entry.id <= %s")
            parameters.append(self.up_to)
        if below is not None:
            where.append("entry.id < %s")
            parameters.append(below)
        # NOT INDEXED: by id, whatever the planner thinks of an index on one of the conditions.
        return f"FROM tasks_app_journalentry entry NOT INDEXED WHERE {' AND '.join(where)}", parameters


def indexed_up_to() -> int:
    """The highest entry id in the index; entries above it have to be read themselves."""
    return int(_rows("SELECT COALESCE(MAX(id), 0) FROM tasks_app_journal_search_docsize", [])[0][0])


def catch_up(*, seconds: float = CATCH_UP_SECONDS) -> int:
    """Take new entries into the index in short turns, for at most about ``seconds``; returns how many."""
    turns = WriteTurns()
    taken = 0
    deadline = time.monotonic() + seconds
    while True:
        with turns.turn(), connection.cursor() as cursor:
            cursor.execute(_INDEX_NEXT, [indexed_up_to(), CATCH_UP_ROWS])
            added = int(cursor.rowcount)
        taken += max(0, added)
        if added < CATCH_UP_ROWS or time.monotonic() > deadline:
            return taken


def index_new_entries(now: datetime) -> None:
    """A duty of the worker, once a minute (:mod:`tasks_app.ticks`)."""
    if _rows("SELECT COALESCE(MAX(id), 0) FROM tasks_app_journalentry", [])[0][0] > indexed_up_to():
        catch_up()


def query_for(text: str) -> str | None:
    """The index query that finds ``text`` as it stands, whatever its case; None when the index is no help.

    That is so for one or two letters that many entries contain: reading from the newest entry on finds those sooner.
    """
    if "\x1f" in text:
        return None  # the marks between the parts are no text of an entry
    if len(text) >= TRIGRAM:
        return _phrase(text)
    return _rare_text(text)


def as_stored(moment: datetime) -> str:
    """How a moment is written in the table."""
    return str(connection.ops.adapt_datetimefield_value(moment))


def _phrase(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _rare_text(text: str) -> str | None:
    """One or two letters: all trigrams that begin with them, when they occur in few entries."""
    low = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    high = low[:-1] + chr(0xE000 if low[-1] == "\ud7ff" else min(ord(low[-1]) + 1, 0x10FFFF))
    matches = 0
    terms: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT term, doc FROM tasks_app_journal_search_terms WHERE term >= %s AND term < %s", [low, high])
        for term, documents in cursor:
            matches += documents
            terms.append(_phrase(term))
            if matches > _RARE or len(terms) > _MAX_TERMS:
                return None
    return " OR ".join(terms) if terms else _phrase(f"{low}\x1f\x1f\x1f")  # nothing matches


def _rows(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
