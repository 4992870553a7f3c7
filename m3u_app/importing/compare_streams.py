"""Finds out what is new about stored streams whose lines changed. Reads the database and writes nothing: no lock is held."""

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from m3u_app.changes.models import StreamChangeKind
from m3u_app.changes.record import Note
from m3u_app.importing.addresses import split_address
from m3u_app.importing.scan_source import PROVIDER_COLUMNS
from m3u_app.importing.spool import Record
from m3u_app.raw_sql import read_rows, read_rows_in

COLUMNS = ("group_id", *PROVIDER_COLUMNS)
IDENTITY, MARK, ROW_ID = len(COLUMNS), len(COLUMNS) + 1, len(COLUMNS) + 2
"""Where identity, mark and row id stand in a spooled record; the columns are in front of them."""

_NAME = COLUMNS.index("name")
_NUMBER = COLUMNS.index("stream_chno")
_URL = COLUMNS.index("url")
_PROVIDER_ID = COLUMNS.index("provider_stream_id")
_PLAIN = [f"{name} + 0" if name.startswith(("is_", "needs_")) else name for name in PROVIDER_COLUMNS]  # 0/1, not bool
_SELECT = f"SELECT id, stream_hash, group_id, {', '.join(_PLAIN)} FROM m3u_app_stream WHERE id IN ({{ids}})"  # noqa: S608
_READ_AT_ONCE = 1000


class StreamUpdate(NamedTuple):
    """What to write into one row: ``values`` for :func:`update_statement` of ``columns``."""

    row_id: int
    columns: tuple[int, ...]
    """Positions of the columns that differ. None: only blanks moved, or attributes came in another order."""
    values: tuple[Any, ...]
    is_renamed: bool = False
    notes: tuple[Note, ...] = ()


class Comparison:
    """Compares spooled records with the rows they belong to."""

    def __init__(self, group_ids: Sequence[int], at: Any, returning: Collection[int] = ()) -> None:
        """``group_ids``: row ids of the planned groups. ``at``: the moment, as the database stores it.

        Streams of ``returning`` had been missing: that they are back says more than what else is new about them.
        """
        self._group_ids = group_ids
        self._at = at
        self._returning = returning
        self._group_names = _GroupNames()

    def of(self, records: Sequence[Record]) -> list[StreamUpdate]:
        """Return what there is to write, in the order of ``records``; those whose row has gone are left out."""
        updates = []
        for start in range(0, len(records), _READ_AT_ONCE):
            part = records[start : start + _READ_AT_ONCE]
            stored = {row[0]: row for row in read_rows_in(_SELECT, [record[ROW_ID] for record in part])}
            updates += [self._update(record, stored[record[ROW_ID]]) for record in part if record[ROW_ID] in stored]
        return updates

    def _update(self, record: Record, stored: tuple[Any, ...]) -> StreamUpdate:
        row_id, mark, identity = record[ROW_ID], record[MARK], record[IDENTITY]
        before, values = stored[2:], (self._group_ids[record[0]], *record[1:IDENTITY])
        differ = tuple(
            position
            for position, (old, new) in enumerate(zip(before, values, strict=True))
            if old != new and (position != _NUMBER or _number(old) != _number(new))
        )
        if not differ:
            return StreamUpdate(row_id, (), (mark, identity, row_id))
        written = [values[position] for position in differ]
        columns = differ
        if stored[1] != identity:
            columns = (*differ, IDENTITY)
            written.append(identity)
        notes = () if row_id in self._returning else tuple(_notes(row_id, before, values, self._group_names))
        return StreamUpdate(row_id, columns, (*written, mark, self._at, row_id), _NAME in differ, notes)


@lru_cache(maxsize=256)
def update_statement(columns: tuple[int, ...]) -> str:
    """The statement that writes these columns and no index of any other: most streams change in one or two.

    Where none differs ``updated_at`` stays (20 §3.6).
    """
    if not columns:
        return "UPDATE m3u_app_stream SET content_mark = %s, stream_hash = %s WHERE id = %s"
    names = ["stream_hash" if column == IDENTITY else COLUMNS[column] for column in columns]
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


def _number(value: Any) -> str | None:
    """Channel numbers come back from the database as numbers and from the provider as text."""
    return None if value is None else f"{float(value):.4f}"
