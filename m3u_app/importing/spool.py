"""Keeps new and changed streams in a temporary file until the whole source is read and judged: memory stays flat."""

import errno
import marshal
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

CHUNK = 500

Record = tuple[Any, ...]
"""Plain values only: texts, bytes, numbers, None."""


class SpoolFull(OSError):
    """The disk has no room for the spool file. ``str()`` is a sentence for the operator."""


class Spool:
    """A list of records on disk, written once from front to end and then read. Use as a context manager."""

    def __init__(self) -> None:
        folder = Path(settings.TEMP_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        # Without a name: it vanishes with the process, even one that is killed.
        self._file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._waiting: list[Record] = []
        self.count = 0

    def add(self, record: Record) -> None:
        self._waiting.append(record)
        self.count += 1
        if len(self._waiting) >= CHUNK:
            self._write()

    def chunks(self) -> Iterator[list[Record]]:
        """Yield the records in order, CHUNK at a time."""
        self._write()
        self._file.flush()
        self._file.seek(0)
        while True:
            try:
                chunk: list[Record] = marshal.load(self._file)  # noqa: S302 - our own file, without a name
            except EOFError:
                return
            yield chunk

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self._file.close()
        except OSError as error:  # closing flushes; on a full disk that fails a second time
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise

    def _write(self) -> None:
        if not self._waiting:
            return
        try:
            marshal.dump(self._waiting, self._file)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            free = shutil.disk_usage(settings.TEMP_DIR).free
            raise SpoolFull(
                f"The disk is full: {free / 1_048_576:,.1f} MB are free in {settings.TEMP_DIR}. Nothing was changed."
                " Make room, then refresh again."
            ) from error
        self._waiting = []
