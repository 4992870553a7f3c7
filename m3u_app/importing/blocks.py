"""Cuts a byte stream into blocks of whole, clean lines with flat memory (20 §3.1).

A block ends at a line end, where possible right before an ``#EXTINF``. Its lines end in LF; NUL bytes are gone; UTF-16
and UTF-32 have become UTF-8. A line longer than LINE_LIMIT is cut to LINE_LIMIT + 1 bytes, which tells it apart.
"""

import codecs
from collections.abc import Iterator
from typing import Protocol

from m3u_app.importing.encoding import SAMPLE_SIZE, UTF8, bom_of, choose_encoding, fallback_order, is_wide, usable_charset

LINE_LIMIT = 64 * 1024
BLOCK_SIZE = 256 * 1024


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class BlockReader:
    """Reads ``stream`` to its end; ``charset`` is what the server declared.

    ``encodings`` (the order to try lines in) is right once the first block has come.
    """

    def __init__(self, stream: Readable, charset: str = "", *, block_size: int = BLOCK_SIZE) -> None:
        self.encodings = fallback_order(UTF8)
        self.bytes_read = 0
        self._stream = stream
        self._charset = usable_charset(charset) if charset else ""
        self._block_size = block_size

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        inside_long_line = False
        for chunk in self._clean_chunks():
            data = chunk
            if inside_long_line:  # its beginning waits in ``rest``; throw away everything up to its end
                end = data.find(b"\n")
                if end < 0:
                    continue
                data = data[end:]
                inside_long_line = False
            data = rest + data if rest else data
            cut = data.rfind(b"\n#EXTINF:") + 1 or data.rfind(b"\n") + 1
            block, rest = data[:cut], data[cut:]
            if len(rest) > self._block_size:  # an #EXTINF that no other follows for long: do not wait for one
                cut = rest.rfind(b"\n") + 1
                block, rest = block + rest[:cut], rest[cut:]
            if len(rest) > LINE_LIMIT and b"\n" not in rest:
                rest = rest[: LINE_LIMIT + 1]
                inside_long_line = True
            if block:
                yield _cut_long_lines(block)
        if rest:
            yield _cut_long_lines(rest if rest.endswith(b"\n") else rest + b"\n")

    def _clean_chunks(self) -> Iterator[bytes]:
        """Yield the stream without NULs and with LF as the only line end."""
        held_cr = b""
        for chunk in self._narrow_chunks():
            data = held_cr + chunk
            held_cr = b""
            if b"\0" in data:
                data = data.replace(b"\0", b"")
            if b"\r" in data:
                if data.endswith(b"\r"):  # its LF may be the first byte of the next chunk
                    data, held_cr = data[:-1], b"\r"
                data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            if data:
                yield data

    def _narrow_chunks(self) -> Iterator[bytes]:
        """Decide on the encoding, drop the byte order mark, turn wide encodings into UTF-8."""
        sample = self._read_up_to(SAMPLE_SIZE)
        encoding, length = bom_of(sample)
        if not encoding and is_wide(self._charset) and b"\0" in sample:  # ASCII in two or four bytes shows by its NULs
            encoding = self._charset
        if not is_wide(encoding):
            self.encodings = fallback_order(encoding or choose_encoding(sample, self._charset), self._charset)
            yield sample[length:]
            while chunk := self._read():
                yield chunk
            return
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        chunk = sample[length:]
        while chunk:
            yield decoder.decode(chunk).encode(UTF8, "replace")
            chunk = self._read()
        yield decoder.decode(b"", final=True).encode(UTF8, "replace")

    def _read(self) -> bytes:
        chunk = self._stream.read(self._block_size)
        self.bytes_read += len(chunk)
        return chunk

    def _read_up_to(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size > 0 and (chunk := self._stream.read(size)):
            parts.append(chunk)
            size -= len(chunk)
        data = b"".join(parts)
        self.bytes_read += len(data)
        return data


def _cut_long_lines(block: bytes) -> bytes:
    if len(block) <= LINE_LIMIT or not _has_long_line(block):
        return block
    return b"\n".join(line[: LINE_LIMIT + 1] for line in block.split(b"\n"))


def _has_long_line(block: bytes) -> bool:
    """Hop from line end to line end in steps of LINE_LIMIT: a gap without one is a long line."""
    start = 0
    while len(block) - start > LINE_LIMIT:
        end = block.rfind(b"\n", start, start + LINE_LIMIT + 1)
        if end < 0:
            return True
        start = end + 1
    return False
