"""Puts the programmes of one channel into order: missing ends, doubles, overlaps (30 §4.6)."""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeGuard

from epg_app.importing.programme_reader import Content
from epg_app.importing.spool import SpooledRow

NEXT_WITHIN: Final = 12 * 3600  # seconds; a later programme says nothing about when this one ends
ASSUMED_LENGTH: Final = 3600
VERY_LONG: Final = 48 * 3600
SILENT_OVERLAP: Final = 60
_DESCRIPTION: Final = 2
_TITLE: Final = 0
_LENGTH: Final = 8

Note = Callable[[str, str], None]
"""Told the kind of finding and a text that names the programme."""


class TidyRow(NamedTuple):
    """A programme with its final times, in seconds since 1970."""

    start: int
    stop: int
    content: Content
    stop_is_derived: bool


def tidy(rows: list[SpooledRow], note: Note) -> list[TidyRow]:
    """The programmes of one channel, sorted, none starting with another, none running into the next; gaps stay gaps.

    ``rows`` come in file order and are sorted in place.
    """
    rows.sort(key=_start)
    return _without_overlaps(_with_stops(_without_doubles(rows, note), note), note)


def is_tidy(rows: list[SpooledRow]) -> TypeGuard[list[tuple[int, int, Content]]]:
    """Sort ``rows`` in place and say whether :func:`tidy` would leave them as they are: true of nearly every channel."""
    rows.sort(key=_start)
    end = None
    for start, stop, _content in rows:
        if stop is None or stop <= start or stop - start > VERY_LONG or (end is not None and start < end):
            return False
        end = stop
    return True


def _start(row: SpooledRow) -> int:
    return row[0]


def _without_doubles(rows: list[SpooledRow], note: Note) -> list[SpooledRow]:
    """Drop programmes without duration, then keep one of those that start together."""
    kept: list[SpooledRow] = []
    last_start = None
    for row in rows:
        start = row[0]
        if row[1] == start:
            note("stop_is_start", row[2][_TITLE])
            continue
        if start == last_start:
            note("same_start", row[2][_TITLE])
            kept[-1] = _better(kept[-1], row)
            continue
        kept.append(row)
        last_start = start
    return kept


def _better(earlier: SpooledRow, later: SpooledRow) -> SpooledRow:
    """Equal titles: the longer description, then the one that knows its end. Different ones: the later in the file."""
    if earlier[2][_TITLE] != later[2][_TITLE]:
        return later
    lengths = len(earlier[2][_DESCRIPTION]), len(later[2][_DESCRIPTION])
    if lengths[0] != lengths[1]:
        return earlier if lengths[0] > lengths[1] else later
    return later if earlier[1] is None and later[1] is not None else earlier


def _with_stops(rows: list[SpooledRow], note: Note) -> list[TidyRow]:
    """Derive ends that are missing or lie before the start."""
    done: list[TidyRow] = []
    for index, (start, stop, content) in enumerate(rows):
        if stop is not None and stop > start:
            done.append(TidyRow(start, stop, content, False))
            continue
        note("stop_derived", content[_TITLE])
        following = rows[index + 1][0] if index + 1 < len(rows) else None
        if following is not None and following - start <= NEXT_WITHIN:
            derived = following
        else:
            derived = start + (content[_LENGTH] * 60 or ASSUMED_LENGTH)
        done.append(TidyRow(start, derived, content, True))
    return done


def _without_overlaps(rows: list[TidyRow], note: Note) -> list[TidyRow]:
    """Cut a programme where the next one starts."""
    for index, row in enumerate(rows):
        if row.stop - row.start > VERY_LONG:
            note("very_long", row.content[_TITLE])
        following = rows[index + 1].start if index + 1 < len(rows) else None
        if following is not None and row.stop > following:
            if row.stop - following > SILENT_OVERLAP:
                note("overlap", row.content[_TITLE])
            rows[index] = row._replace(stop=following)
    return rows
