"""Keeps the programmes of an import grouped by channel without keeping them in memory (30 §4.7, §24 feeds).

Guides come ordered by channel, by time, or with a channel split into many blocks. Rows are collected in memory, and now
and then everything collected goes to a temporary file, channel by channel, with the place noted. Reading a channel back
joins its blocks in file order.
"""

import marshal
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

from epg_app.importing.programme_reader import Content

SpooledRow = tuple[int, int | None, Content]
"""Start and stop in seconds since 1970 (None = no usable stop), and the content."""

FLUSH_ROWS: Final = 10_000
FLUSH_CHARACTERS: Final = 16 * 1_048_576
MAX_CHANNEL_BYTES: Final = 24 * 1_048_576  # of one channel; a week takes about 100 KB
MAX_CHANNEL_ROWS: Final = 20_000  # of one channel: a month of two-minute programmes. One transaction writes them all


class Spool:
    """A context manager; the file vanishes with it, and with the process however that ends."""

    def __init__(self, folder: Path) -> None:
        self.waiting: dict[str, list[SpooledRow]] = {}
        """For the hot loop: append rows here, then call :meth:`settle`."""
        self._folder = folder
        self._blocks: dict[str, array[int]] = {}  # channel → offset, length, offset, length …
        self._sizes: dict[str, tuple[int, int]] = {}  # bytes and rows
        self._end = 0
        self._rows = 0
        self._characters = 0

    def __enter__(self) -> "Spool":
        # Unlinked from the start where the system can do that, so a killed process leaves nothing behind.
        self._file = tempfile.TemporaryFile(dir=self._folder, prefix="guide-spool-")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def settle(self, rows: int, characters: int) -> int:
        """Say how much was appended since the last call; writes to the file when enough has come together.

        Returns how many rows were dropped because their channel has more than any channel can have.
        """
        self._rows += rows
        self._characters += characters
        if self._rows < FLUSH_ROWS and self._characters < FLUSH_CHARACTERS:
            return 0
        return self._flush()

    def finish(self) -> int:
        """Call after the last row; returns dropped rows like :meth:`settle`."""
        return self._flush()

    def channels(self) -> list[str]:
        return list(self._blocks)

    def rows_of(self, channel: str) -> list[SpooledRow]:
        """All rows of a channel in file order."""
        rows: list[SpooledRow] = []
        for offset, length in _pairs(self._blocks.get(channel)):
            self._file.seek(offset)
            # Our own file, written moments ago by this process and readable by nobody else: marshal is safe and fastest.
            rows += marshal.loads(self._file.read(length))  # noqa: S302
        return rows

    def _flush(self) -> int:
        dropped = 0
        self._file.seek(self._end)
        for channel, rows in self.waiting.items():
            data = marshal.dumps(rows)
            size, count = self._sizes.get(channel, (0, 0))
            if size + len(data) > MAX_CHANNEL_BYTES or count + len(rows) > MAX_CHANNEL_ROWS:
                dropped += len(rows)
                continue
            self._sizes[channel] = size + len(data), count + len(rows)
            self._file.write(data)
            self._blocks.setdefault(channel, array("q")).extend((self._end, len(data)))
            self._end += len(data)
        self.waiting.clear()
        self._rows = self._characters = 0
        return dropped


def _pairs(numbers: "array[int] | None") -> Iterator[tuple[int, int]]:
    if numbers:
        yield from zip(numbers[::2], numbers[1::2], strict=True)
