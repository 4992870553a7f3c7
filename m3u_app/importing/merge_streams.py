"""The second half of a refresh: carry what was read into the database, a short transaction at a time.

Every transaction leaves whole data behind. A run that is killed in the middle has merely done less; the next one finds
what it wrote by its marks and goes on.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from m3u_app.changes.models import StreamChangeKind
from m3u_app.changes.record import ChangeRecorder, Note
from m3u_app.importing.addresses import split_address
from m3u_app.importing.scan_source import PROVIDER_COLUMNS
from m3u_app.importing.spool import Record, Spool
from m3u_app.raw_sql import db_time, execute_in, execute_many, insert_many, read_rows, read_rows_in
from m3u_app.search_index import index_rows, index_rows_after, newest_row, unindex_rows
from m3u_app.write_turns import WriteTurns
from tasks_app.progress import Progress

_COLUMNS = ("group_id", *PROVIDER_COLUMNS)
_IDENTITY, _MARK, _ROW_ID = len(_COLUMNS), len(_COLUMNS) + 1, len(_COLUMNS) + 2
_NAME = _COLUMNS.index("name")
_NUMBER = _COLUMNS.index("stream_chno")
_URL = _COLUMNS.index("url")
_PROVIDER_ID = _COLUMNS.index("provider_stream_id")

_INSERT = (
    f"INSERT INTO m3u_app_stream ({', '.join(_COLUMNS)}, stream_hash, content_mark, account_id, is_custom, is_stale,"
    " first_seen, updated_at)"
)
_ON_CONFLICT = " ON CONFLICT DO NOTHING"  # cannot be; should it, the stored one stays and is not counted
_PLAIN = [f"{name} + 0" if name.startswith(("is_", "needs_")) else name for name in PROVIDER_COLUMNS]  # 0/1, not bool
_SELECT = f"SELECT id, stream_hash, group_id, {', '.join(_PLAIN)} FROM m3u_app_stream WHERE id IN ({{ids}})"  # noqa: S608
ID_CHUNK = 500


def insert_streams(
    account_id: int,
    spool: Spool,
    group_ids: Sequence[int],
    *,
    turns: WriteTurns,
    progress: Progress,
    now: datetime,
    recorder: ChangeRecorder,
) -> int:
    """Insert the new streams in the order of the source. Returns how many; raises ``Cancelled`` between transactions."""
    at = db_time(now)
    tail = (account_id, False, False, at, at)
    created = done = 0
    for records in _in_turn_sizes(spool.chunks(), turns):
        rows = [(group_ids[record[0]], *record[1:_ROW_ID], *tail) for record in records]
        progress.raise_if_cancelled()
        with turns.turn(len(rows)):
            newest = newest_row()
            created += insert_many(_INSERT, rows, _ON_CONFLICT)
            index_rows_after(newest)
            recorder.added(newest, Counter(row[0] for row in rows))
        done += len(rows)
        progress.report(current=done, total=spool.count, succeeded=created)
    return created


def update_streams(
    spool: Spool,
    group_ids: Sequence[int],
    *,
    turns: WriteTurns,
    progress: Progress,
    now: datetime,
    recorder: ChangeRecorder,
    returning: Collection[int] = (),
) -> int:
    """Update streams whose lines changed; returns how many of them really differ.

    The others (blanks moved, attributes in another order) only get their new mark: ``updated_at`` stays (20 §3.6).
    Streams of ``returning`` had been missing: that they are back says more than what else is new about them.
    """
    at = db_time(now)
    group_names = _GroupNames()
    differing = done = 0
    for records in _in_turn_sizes(spool.chunks(), turns):
        progress.raise_if_cancelled()
        stored = _stored(records)
        updates: dict[tuple[int, ...], list[tuple[Any, ...]]] = {}
        marks: list[tuple[int, bytes, int]] = []
        renamed: list[int] = []
        notes: list[Note] = []
        for record in records:
            row_id = record[_ROW_ID]
            values = (group_ids[record[0]], *record[1:_IDENTITY])
            if row_id not in stored:
                continue
            before, identity = stored[row_id]
            differ = _differences(before, _comparable(values))
            if not differ:
                marks.append((record[_MARK], record[_IDENTITY], row_id))
                continue
            columns = (*differ, _IDENTITY) if identity != record[_IDENTITY] else differ
            rows = updates.setdefault(columns, [])
            rows.append(
                (
                    *(record[_IDENTITY] if column == _IDENTITY else values[column] for column in columns),
                    record[_MARK],
                    at,
                    row_id,
                )
            )
            differing += 1
            if before[_NAME] != values[_NAME]:
                renamed.append(row_id)
            if row_id not in returning:
                notes += _notes(row_id, before, values, group_names)
        with turns.turn(len(records)):
            if renamed:
                unindex_rows(renamed)
            for columns, rows in updates.items():
                execute_many(_update(columns), rows)
            if renamed:
                index_rows(renamed)
            if marks:
                execute_many("UPDATE m3u_app_stream SET content_mark = %s, stream_hash = %s WHERE id = %s", marks)
            if notes:
                recorder.changed(notes)
        done += len(records)
        progress.report(current=done, total=spool.count)
    return differing


def mark_returned(row_ids: Sequence[int], turns: WriteTurns, recorder: ChangeRecorder) -> None:
    """Streams that were missing are back: everything about them was kept, only the mark goes (20 §3.9)."""
    for chunk in id_chunks(row_ids):
        with turns.turn(len(chunk)):
            execute_in("UPDATE m3u_app_stream SET is_stale = %s, last_seen = NULL WHERE id IN ({ids})", [False], chunk)
            recorder.returned(chunk)


def mark_missing(
    row_ids: Sequence[int],
    turns: WriteTurns,
    last_seen: datetime,
    recorder: ChangeRecorder,
    unwanted: Collection[int] = (),
) -> None:
    """Streams that are not imported any more; ``last_seen`` is the last refresh that did contain them.

    The provider still has those of ``unwanted``: the operator's filters drop them, so they are no change of the provider's.
    """
    for chunk in id_chunks(row_ids):
        with turns.turn(len(chunk)):
            execute_in(
                "UPDATE m3u_app_stream SET is_stale = %s, last_seen = %s WHERE id IN ({ids})",
                [True, db_time(last_seen)],
                chunk,
            )
            gone = [row_id for row_id in chunk if row_id not in unwanted]
            if gone:
                recorder.removed(gone)


def id_chunks(row_ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(row_ids), ID_CHUNK):
        yield list(row_ids[start : start + ID_CHUNK])


def _in_turn_sizes(chunks: Iterable[list[Record]], turns: WriteTurns) -> Iterator[list[Record]]:
    """Put the spool's chunks together to what one transaction may carry now."""
    waiting: list[Record] = []
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= turns.size:
            size = turns.size
            yield waiting[:size]
            waiting = waiting[size:]
    if waiting:
        yield waiting


def _stored(records: Sequence[Record]) -> dict[int, tuple[tuple[Any, ...], bytes]]:
    """Row id → what is stored, comparable, and its identity."""
    ids = [record[_ROW_ID] for record in records]
    rows = read_rows_in(_SELECT, ids)
    return {row[0]: (_comparable(row[2:]), row[1]) for row in rows}


def _differences(before: tuple[Any, ...], after: tuple[Any, ...]) -> tuple[int, ...]:
    """Positions of the columns that differ."""
    if before == after:
        return ()
    return tuple(position for position, (old, new) in enumerate(zip(before, after, strict=True)) if old != new)


@lru_cache(maxsize=256)
def _update(columns: tuple[int, ...]) -> str:
    """The statement that writes these columns and no index of any other: most streams change in one or two."""
    names = ["stream_hash" if column == _IDENTITY else _COLUMNS[column] for column in columns]
    assignments = "".join(f"{name} = %s, " for name in names)
    return f"UPDATE m3u_app_stream SET {assignments}content_mark = %s, updated_at = %s WHERE id = %s"  # noqa: S608


class _GroupNames:
    """Names of groups by id, asked for one at a time and remembered: few streams change their group."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def __getitem__(self, group_id: int) -> str:
        if group_id not in self._names:
            found = list(read_rows("SELECT name FROM m3u_app_streamgroup WHERE id = %s", [group_id]))
            self._names[group_id] = str(found[0][0]) if found else ""
        return self._names[group_id]


def _notes(row_id: int, before: Sequence[Any], values: Sequence[Any], groups: _GroupNames) -> Iterator[Note]:
    """What is new about a stream that stayed the same one."""
    group_id, name = values[0], values[_NAME]
    if before[_NAME] != name:
        yield StreamChangeKind.RENAMED, group_id, row_id, name, before[_NAME], ""
    if before[0] != group_id and before[0]:
        yield StreamChangeKind.MOVED, group_id, row_id, name, groups[before[0]], groups[group_id]
    if before[_URL] == values[_URL] and before[_PROVIDER_ID] == values[_PROVIDER_ID]:
        return
    old_id, new_id = (found[_PROVIDER_ID] or split_address(found[_URL]).number for found in (before, values))
    if old_id != new_id and old_id and new_id:
        yield StreamChangeKind.NEW_ID, group_id, row_id, name, old_id, new_id
    elif before[_URL] != values[_URL] and not (old_id and old_id == values[_PROVIDER_ID]):
        yield StreamChangeKind.NEW_URL, group_id, row_id, name, before[_URL], values[_URL]


def _comparable(values: Sequence[Any]) -> tuple[Any, ...]:
    """Channel numbers come back from the database as numbers and from the provider as text."""
    number = values[_NUMBER]
    if number is None:
        return tuple(values)
    return (*values[:_NUMBER], f"{float(number):.4f}", *values[_NUMBER + 1 :])
