"""Unpacks gz, deflate and xz piece by piece. The callers count and stop; here nothing is larger than one piece."""

import lzma
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import Protocol

PIECE = 131_072
PADDING_MAX = 1_048_576  # bytes of zeros between or behind parts
GZIP_MAGIC = b"\x1f\x8b"
XZ_MAGIC = b"\xfd7zXZ\x00"
XZ_MEMORY = 256 * 1_048_576  # bytes; the largest preset of the xz tool needs 65 MB to unpack


class UnpackError(Exception):
    """The packed data is damaged, or with ``truncated`` its end is missing. All good bytes were yielded before."""

    def __init__(self, truncated: bool) -> None:
        super().__init__("cut off" if truncated else "damaged")
        self.truncated = truncated


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def step(self, data: bytes) -> tuple[bytes, bytes]: ...


class _Zlib:
    def __init__(self, window_bits: int) -> None:
        self._inner = zlib.decompressobj(window_bits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def step(self, data: bytes) -> tuple[bytes, bytes]:
        """Unpack at most one piece of ``data``; give it and the input that is left."""
        return self._inner.decompress(data, PIECE), self._inner.unconsumed_tail


class _Xz:
    def __init__(self) -> None:
        self._inner = lzma.LZMADecompressor(lzma.FORMAT_XZ, XZ_MEMORY)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def step(self, data: bytes) -> tuple[bytes, bytes]:
        return self._inner.decompress(data, PIECE), b""  # it keeps unused input itself


def gunzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip; several members are one content. Raises :class:`UnpackError`."""
    return _unpacked(pieces, lambda _start: _Zlib(zlib.MAX_WBITS | 16), GZIP_MAGIC)


def unxz(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack xz; several streams are one content. Raises :class:`UnpackError`."""
    return _unpacked(pieces, lambda _start: _Xz(), XZ_MAGIC)


def inflate(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack the HTTP encoding ``deflate``: zlib by the standard, headerless by habit of some servers."""
    return _unpacked(pieces, _deflate_decoder, b"")


def _deflate_decoder(start: bytes) -> _Zlib:
    has_header = len(start) >= 2 and start[0] & 0x0F == 8 and (start[0] << 8 | start[1]) % 31 == 0
    return _Zlib(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)


def _unpacked(pieces: Iterator[bytes], make: Callable[[bytes], _Decoder], magic: bytes) -> Iterator[bytes]:
    try:
        rest = yield from _one_part(pieces, make, b"")
        while magic:  # another part may follow; padding and junk behind the last part are ignored, as the tools do
            start = _next_start(pieces, rest, len(magic))
            if not start.startswith(magic):
                break
            rest = yield from _one_part(pieces, make, start)
    except (zlib.error, lzma.LZMAError) as error:
        raise UnpackError(truncated=False) from error


def _one_part(pieces: Iterator[bytes], make: Callable[[bytes], _Decoder], data: bytes) -> Generator[bytes, None, bytes]:
    """Unpack until the decoder sees its end; return the input behind it."""
    while len(data) < 2:
        more = next(pieces, None)
        if more is None:
            if data:
                raise UnpackError(truncated=True)
            return b""
        data += more
    decoder = make(data)
    while True:
        piece, data = decoder.step(data)
        if piece:
            yield piece
        if decoder.eof:
            return decoder.unused_data
        if data or len(piece) == PIECE:
            continue
        more = next(pieces, None)
        if more is not None:
            data = more
        elif not piece:
            raise UnpackError(truncated=True)


def _next_start(pieces: Iterator[bytes], rest: bytes, size: int) -> bytes:
    rest = rest.lstrip(b"\0")
    padding = 0
    while len(rest) < size and padding < PADDING_MAX:  # else a bomb could hide in what is thrown away
        more = next(pieces, None)
        if more is None:
            break
        rest = (rest + more).lstrip(b"\0")
        padding += len(more)
    return rest
