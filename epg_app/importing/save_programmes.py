"""Exchanges the programmes of entries for those of a new guide (30 §3.1 step 5).

All programmes of an entry change together, a few entries per transaction: whoever reads sees each entry whole, old or
new, and no other writer waits long. Rows that stay the same are not touched, so a daily refresh writes about one day in
seven.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from epg_app.importing.airing_rules import Note, is_tidy, tidy
from epg_app.importing.programme_reader import Content
from epg_app.importing.spool import Spool
from epg_app.importing.window import TimeTexts, Window
from epg_app.raw_sql import fetch_all, id_list, insert_rows, plain_columns
from m3u_app.raw_sql import execute
from m3u_app.write_turns import WriteTurns
from tasks_app.progress import Progress

ROWS_PREPARED: Final = 12_000  # worked out in one go, which leaves the lock to others for as long
ROWS_WRITTEN: Final = 4_000  # in one transaction, about 30 ms
ENTRIES_WRITTEN: Final = 500

_COLUMNS: Final = (
    "entry_id",
    "start",
    "stop",
    "title",
    "sub_title",
    "description",
    "categories",
    "season",
    "episode",
    "icon_url",
    "extra",
    "stop_is_derived",
)
_INSERT: Final = f"INSERT INTO epg_app_programme ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})"  # noqa: S608
_SELECT: Final = (
    f"SELECT id, {plain_columns(_COLUMNS)} FROM epg_app_programme"  # noqa: S608
    " WHERE entry_id IN (SELECT value FROM json_each(%s))"
)

Row = tuple[Any, ...]


@dataclass
class SavedProgrammes:
    """Counts of one exchange: rows in place afterwards, rows that had to be written, rows outside the window."""

    stored: int = 0
    written: int = 0
    deleted: int = 0
    outside: int = 0


@dataclass
class _Batch:
    """What one transaction does."""

    entries: list[int] = field(default_factory=list)
    rows: int = 0
    inserts: list[Row] = field(default_factory=list)
    deletes: list[int] = field(default_factory=list)


class ProgrammeSaver:
    """Saves the programmes of one import. ``window`` None = keep everything.

    ``over_before``: stored programmes that ended by then (seconds since 1970) stay although the import does not have them.
    """

    def __init__(
        self,
        spool: Spool,
        window: Window | None,
        note: Note,
        progress: Progress,
        turns: WriteTurns,
        *,
        over_before: int | None = None,
    ) -> None:
        self._spool = spool
        self._window = window
        self._note = note
        self._progress = progress
        self._turns = turns
        self._texts = TimeTexts()
        self._over_before = "" if over_before is None else self._texts[over_before]
        self.saved = SavedProgrammes()

    def save(self, entries: dict[int, str]) -> SavedProgrammes:
        """Exchange the programmes of ``entries`` (database id → tvg-id). A cancel stops between transactions."""
        done = 0
        for rows_by_entry in self._prepared(entries):
            for batch in self._batches(rows_by_entry):
                self._progress.raise_if_cancelled()
                self._write(batch)
                done += len(batch.entries)
                self._progress.report(current=done, total=len(entries), item=f"{self.saved.stored:,} programmes")
        return self.saved

    def _prepared(self, entries: dict[int, str]) -> Iterator[dict[int, list[Row]]]:
        portion: dict[int, list[Row]] = {}
        rows = 0
        for entry_id in sorted(entries):  # in the order of the index
            portion[entry_id] = self._rows(entry_id, entries[entry_id])
            rows += len(portion[entry_id])
            if rows >= ROWS_PREPARED or len(portion) >= ENTRIES_WRITTEN:
                yield portion
                portion, rows = {}, 0
        if portion:
            yield portion

    def _rows(self, entry_id: int, tvg_id: str) -> list[Row]:
        text = self._texts
        rows = self._spool.rows_of(tvg_id)
        if is_tidy(rows):
            kept = rows if self._keeps_all(rows) else [row for row in rows if self._keeps(row[0], row[1])]
            self.saved.outside += len(rows) - len(kept)
            return [(entry_id, text[start], text[stop], *content[:8], 0) for start, stop, content in kept]
        tidied = tidy(rows, lambda kind, title: self._note(kind, f"{tvg_id}: {title}"))
        inside = [row for row in tidied if self._keeps(row.start, row.stop)]
        self.saved.outside += len(tidied) - len(inside)
        return [(entry_id, text[start], text[stop], *content[:8], int(derived)) for start, stop, content, derived in inside]

    def _keeps(self, start: int, stop: int) -> bool:
        window = self._window
        return window is None or (stop > window.start and start < window.stop)

    def _keeps_all(self, rows: list[tuple[int, int, Content]]) -> bool:
        """Whether the window keeps all of these rows, which are in order: true when it keeps the first and the last."""
        return not rows or (self._keeps(*rows[0][:2]) and self._keeps(*rows[-1][:2]))

    def _batches(self, rows_by_entry: dict[int, list[Row]]) -> Iterator[_Batch]:
        existing: dict[int, list[Row]] = {}
        for row in fetch_all(_SELECT, [id_list(rows_by_entry)]):
            existing.setdefault(row[1], []).append(row)
        batch = _Batch()
        for entry_id, rows in rows_by_entry.items():
            batch.entries.append(entry_id)
            batch.rows += len(rows)
            if entry_id in existing:
                _compare(existing[entry_id], rows, batch, over_before=self._over_before)
            else:
                batch.inserts += rows
            if len(batch.inserts) + len(batch.deletes) >= ROWS_WRITTEN:
                yield batch
                batch = _Batch()
        if batch.entries:
            yield batch

    def _write(self, batch: _Batch) -> None:
        with self._turns.turn():
            if batch.deletes:
                sql = "DELETE FROM epg_app_programme WHERE id IN (SELECT value FROM json_each(%s))"
                execute(sql, [id_list(batch.deletes)])
            if batch.inserts:
                insert_rows("epg_app_programme", _COLUMNS, batch.inserts)
            execute(
                "UPDATE epg_app_guideentry SET programmes_loaded = 1"
                " WHERE NOT programmes_loaded AND id IN (SELECT value FROM json_each(%s))",
                [id_list(batch.entries)],
            )
        self.saved.stored += batch.rows
        self.saved.written += len(batch.inserts)
        self.saved.deleted += len(batch.deletes)


def _compare(existing: list[Row], rows: list[Row], batch: _Batch, *, over_before: str = "") -> None:
    """Note what must go and what must come so that the entry has exactly ``rows``, beside what ended before ``over_before``."""
    by_start: dict[str, Row] = {}
    for old in existing:
        double = by_start.setdefault(old[2], old)
        if double is not old:
            batch.deletes.append(old[0])
    for row in rows:
        known = by_start.get(row[1])
        if known is not None and known[1:] == row:
            del by_start[row[1]]
        else:
            batch.inserts.append(row)
    batch.deletes += [old[0] for old in by_start.values() if old[3] > over_before]
