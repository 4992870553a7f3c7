"""Reads a CSV file into rows that know the line of the file on which they begin (10 §20.1).

A line is a comment when its first visible characters are ``#`` and a space, or ``#`` alone; comments and blank lines count
only outside of quoted cells, which may hold both.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels_app.lineup_csv.cells import COLUMNS, REQUIRED, unguard

LARGEST_FILE = 32 * 1024 * 1024
MOST_ROWS = 100_000
_LONGEST_CELL = 2 * 1024 * 1024  # a thousand stream addresses fit
_DELIMITERS = ",;\t"
csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))


class FileRefused(Exception):
    """The file as a whole cannot be used; the message says what to do."""


@dataclass(frozen=True)
class SheetRow:
    """``cells`` by column name, trimmed and without formula guards; columns that the file does not have are missing."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class LineProblem:
    """All that is wrong with one row."""

    line: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        return f"Line {self.line:,}: {' '.join(self.problems)}"


@dataclass
class Sheet:
    columns: tuple[str, ...] = ()
    rows: list[SheetRow] = field(default_factory=list)
    problems: list[LineProblem] = field(default_factory=list)


def read_sheet(data: bytes) -> Sheet:
    """Read a whole file. Raises :class:`FileRefused` for one that is no CSV text or has no column ``name``.

    A file without any row, or with the header only, gives an empty sheet.
    """
    if len(data) > LARGEST_FILE:
        raise FileRefused(f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB. Split it into several files.")
    text = _decoded(data)
    lines = _Lines(text)
    header = _header(lines)
    if header is None:
        return Sheet()
    names, delimiter = header
    sheet = Sheet(tuple(name for name in COLUMNS if name in names))
    for line, cells in _records(lines, delimiter):
        if isinstance(cells, str):
            sheet.problems.append(LineProblem(line, (cells,)))
        elif any(cell.strip() for cell in cells):
            if len(sheet.rows) >= MOST_ROWS:
                raise FileRefused(f"The file has more than {MOST_ROWS:,} rows. Split it into several files.")
            found = {name: unguard(cells[place].strip()) for name, place in names.items() if place < len(cells)}
            sheet.rows.append(SheetRow(line, {name: found.get(name, "") for name in names}))
    return sheet


class _Lines:
    """The lines of the text for :mod:`csv`; between two records comments and blank lines are left out."""

    def __init__(self, text: str) -> None:
        self._lines = iter(io.StringIO(text, newline=""))
        self.number = 0
        self.starts_at = 0
        self.between_records = True
        self.ended_inside = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        for line in self._lines:
            self.number += 1
            if not self.between_records:
                return line
            if not _is_left_out(line):
                self.between_records = False
                self.starts_at = self.number
                return line
        self.ended_inside = not self.between_records
        raise StopIteration


def _is_left_out(line: str) -> bool:
    visible = line.strip()
    return not visible or visible == "#" or visible.startswith(("# ", "#\t", "#\u00a0"))


def _header(lines: _Lines) -> tuple[dict[str, int], str] | None:
    """Column places by name, and the delimiter: European spreadsheets write semicolons."""
    first = next(lines, None)
    if first is None:
        return None
    lines.between_records = True
    for delimiter in _DELIMITERS:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        places: dict[str, int] = {}
        for place, cell in enumerate(cells):
            name = cell.strip().casefold()
            if name in COLUMNS:
                places.setdefault(name, place)
        if REQUIRED in places:
            return places, delimiter
    raise FileRefused(
        f"The file has no column “name”. Its first row must name the columns; these are known: {', '.join(COLUMNS)}."
    )


def _records(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Line and cells of every record, or a sentence instead of the cells where they cannot be read."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.between_records = True
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield lines.starts_at, "A cell of this row is too long. Is a quotation mark missing?"
            continue
        if lines.ended_inside:
            yield lines.starts_at, "A quoted cell begins here and never ends. Add the closing quotation mark."
            return
        yield lines.starts_at, cells


def _decoded(data: bytes) -> str:
    if data.startswith(b"PK\x03\x04"):
        raise FileRefused("This is a spreadsheet workbook. Save it as “CSV UTF-8” in your spreadsheet, then import that file.")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, name = "utf-16", "UTF-16"
    else:
        encoding, name = "utf-8-sig", "UTF-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileRefused(
            f"This file is not {name} text (line {line:,} cannot be read). In your spreadsheet choose “CSV UTF-8” when saving."
        ) from error
