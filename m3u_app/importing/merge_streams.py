"""The second half of a refresh: carry what was read into the database, a short transaction at a time.

Every transaction leaves whole data behind. A run that is killed in the middle has merely done less; the next one finds
what it wrote by its marks and goes on.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from m3u_app.changes.record import ChangeRecorder
from m3u_app.importing.compare_streams import COLUMNS, ROW_ID, Comparison, StreamUpdate, update_statement
from m3u_app.importing.spool import Record, Spool
from m3u_app.raw_sql import db_time, execute_in, execute_many, insert_many
from m3u_app.search_index import index_rows, index_rows_after, newest_row, unindex_rows
from m3u_app.write_turns import WriteTurns
from tasks_app.progress import Progress

_INSERT = (
    f"INSERT INTO m3u_app_stream ({', '.join(COLUMNS)}, stream_hash, content_mark, account_id, is_custom, is_stale,"
    " first_seen, updated_at)"
)
_ON_CONFLICT = " ON CONFLICT DO NOTHING"  # cannot be; should it, the stored one stays and is not counted
ID_CHUNK = 500
READ_AHEAD = 8000
"""Changed streams that are compared in one go; that takes about as long as a pause, and others can write meanwhile."""


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
    for records in _portions(spool.chunks(), lambda: turns.size):
        rows = [(group_ids[record[0]], *record[1:ROW_ID], *tail) for record in records]
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
    only_differing: bool = False,
) -> int:
    """Update streams whose lines changed; returns how many of them really differ.

    The others (blanks moved, attributes in another order) only get their new mark, or with ``only_differing`` nothing.
    Streams of ``returning`` had been missing.
    """
    comparison = Comparison(group_ids, db_time(now), returning)
    differing = done = 0
    for records in _portions(spool.chunks(), lambda: READ_AHEAD):
        changes = comparison.of(records)
        if only_differing:
            changes = [change for change in changes if change.columns]
        start = 0
        while start < len(changes):
            progress.raise_if_cancelled()
            part = changes[start : start + turns.size]
            with turns.turn(len(part)):
                _write(part, recorder)
            start += len(part)
            progress.report(current=done + start, total=spool.count)
        done += len(records)
        differing += sum(bool(change.columns) for change in changes)
    return differing


def _write(changes: Sequence[StreamUpdate], recorder: ChangeRecorder) -> None:
    updates: dict[tuple[int, ...], list[tuple[Any, ...]]] = {}
    for change in changes:
        updates.setdefault(change.columns, []).append(change.values)
    renamed = [change.row_id for change in changes if change.is_renamed]
    if renamed:
        unindex_rows(renamed)
    for columns, rows in updates.items():
        execute_many(update_statement(columns), rows)
    if renamed:
        index_rows(renamed)
    notes = [note for change in changes for note in change.notes]
    if notes:
        recorder.changed(notes)


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


def _portions(chunks: Iterable[list[Record]], size: Callable[[], int]) -> Iterator[list[Record]]:
    """Put the spool's chunks together to portions of ``size()`` records, asked anew for each; the last may be smaller."""
    waiting: list[Record] = []
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= size():
            portion, waiting = waiting[: size()], waiting[size() :]
            yield portion
    if waiting:
        yield waiting
