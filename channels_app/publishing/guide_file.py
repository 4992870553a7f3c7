"""A gzip file whose parts can be read alone.

The published guide is one ordinary gzip stream, sent to players as it lies on disk. At the border of every channel the
compressor starts afresh (a "full flush"), so the programmes of one channel can be unpacked without the rest. Variants of
the guide are put together from these blocks instead of from the database.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LEVEL = 3  # a third faster than 4 for 5 % more bytes; guides of a million programmes are packed on small machines
READ_BYTES = 262_144


class Block(NamedTuple):
    """Where one channel's programmes lie: bytes from ``offset`` on, ``length`` packed."""

    offset: int
    length: int
    id_attribute: str  # the escaped output id these programmes carry


class GuideWriter:
    """Writes blocks. Use as a context manager; the file is complete and on disk when it is left without an exception."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        self._digest = hashlib.blake2b(digest_size=16)
        begin = self._packer.flush(zlib.Z_FULL_FLUSH)  # the file header, so that the first block is readable alone too
        self._file.write(begin)
        self._offset = len(begin)
        self.size = 0
        self.programmes = 0

    def write(self, data: bytes, id_attribute: str = "") -> Block:
        """Append ``data`` as a block of its own."""
        packed = self._packer.compress(data) + self._packer.flush(zlib.Z_FULL_FLUSH)
        self._file.write(packed)
        self._digest.update(data)
        block = Block(self._offset, len(packed), id_attribute)
        self._offset += len(packed)
        self.size += len(data)
        self.programmes += data.count(b"<programme start=")
        return block

    @property
    def digest(self) -> str:
        """Fingerprint of the unpacked content so far."""
        return self._digest.hexdigest()

    @property
    def packed_size(self) -> int:
        return self._offset

    def __enter__(self) -> "GuideWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                end = self._packer.flush()
                self._file.write(end)
                self._offset += len(end)
                self._file.flush()
                os.fsync(self._file.fileno())
        finally:
            self._file.close()


class BlockReader:
    """Reads single blocks of a file that :class:`GuideWriter` made."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")

    def read(self, block: Block) -> bytes:
        self._file.seek(block.offset)
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(self._file.read(block.length))

    def close(self) -> None:
        self._file.close()


def unpacked(path: Path) -> Iterator[bytes]:
    """The whole content, in pieces, for players that do not understand gzip."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    with path.open("rb") as file:
        while packed := file.read(READ_BYTES):
            data = packed
            while data:
                yield unpacker.decompress(data, READ_BYTES * 4)
                data = unpacker.unconsumed_tail
    rest = unpacker.flush()
    if rest:
        yield rest
