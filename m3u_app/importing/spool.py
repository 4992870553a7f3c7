"""Keeps new and changed streams in a temporary file until the whole source is read and judged: memory stays flat."""

import errno
import marshal
import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

_FULL = (errno.ENOSPC, errno.EDQUOT)
_LENGTH = struct.Struct("<Q")

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
        self.count = 0

    def extend(self, records: list[Record]) -> None:
        """Write ``records`` as one chunk; raises :class:`SpoolFull`."""
        self.count += len(records)
        data = marshal.dumps(records)
        try:
            self._file.write(_LENGTH.pack(len(data)))  # marshal.load asks the file for every single value: far slower
            self._file.write(data)
        except OSError as error:
            raise _in_words(error) from error

    def chunks(self) -> Iterator[list[Record]]:
        """Yield the records in order, in the portions in which they came."""
        try:
            self._file.flush()
        except OSError as error:
            raise _in_words(error) from error
        self._file.seek(0)
        while length := self._file.read(_LENGTH.size):
            chunk: list[Record] = marshal.loads(self._file.read(*_LENGTH.unpack(length)))  # noqa: S302 - our own, nameless file
            yield chunk

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self._file.close()
        except OSError as error:  # closing flushes; on a full disk that fails a second time
            if error.errno not in _FULL:
                raise


def _in_words(error: OSError) -> OSError:
    if error.errno not in _FULL:
        return error
    free = shutil.disk_usage(settings.TEMP_DIR).free
    return SpoolFull(
        f"The disk is full: {free / 1_048_576:,.1f} MB are free in {settings.TEMP_DIR}. Nothing was changed."
        " Make room, then refresh again."
    )
