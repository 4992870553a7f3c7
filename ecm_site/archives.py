"""Opens playlists and guides however they are packed: plain, gz, xz or zip, told by their first bytes (20 §3.1, 30 §4.1).

Everything streams: memory stays flat whatever the archive claims. Unpacking stops at a size and at a ratio, so that a
small file cannot become an endless one.
"""

import io
import itertools
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ecm_site.conf import get_settings
from ecm_site.unpacking import GZIP_MAGIC, PIECE, XZ_MAGIC, UnpackError, gunzip, unxz

RATIO_FLOOR = 64 * 1_048_576  # bytes; below this size no ratio is suspicious
MAX_RATIO = 200  # text of this kind packs 10 to 60 times, a bomb a thousand times and more
SNIFF_BYTES = 8_192
ZIP_DIRECTORY_BYTES = 8 * 1_048_576  # more than about 100,000 members; zipfile would hold them all in memory
ZIP_SNIFFED_MEMBERS = 200
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_UNSUPPORTED = {
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"BZh": "a bzip2 file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"\x04\x22\x4d\x18": "an LZ4 file",
}

Sniff = Callable[[bytes], bool]


class ArchiveError(Exception):
    """The content cannot be had; ``str()`` is a sentence for the operator.

    ``kind``: ``truncated`` (cut off), ``damaged``, ``encrypted``, ``bomb`` (ratio), ``too_large``, ``no_member``,
    ``unsupported``. ``bytes_out`` = how many good bytes had been unpacked before.
    """

    def __init__(self, kind: str, message: str, bytes_out: int = 0) -> None:
        super().__init__(message)
        self.kind = kind
        self.bytes_out = bytes_out


class Content(io.BufferedReader):
    """Unpacked content.

    ``form`` says what it was packed in (``plain``, ``gzip``, ``zip+gzip`` …), ``member`` its name inside a zip. With
    ``keep_readable``, ``damage`` holds the error at which it ended early, once that point was reached.
    """

    def __init__(self, source: "_Source", form: str, member: str) -> None:
        super().__init__(source, PIECE)
        self._source = source
        self.form = form
        self.member = member

    @property
    def damage(self) -> ArchiveError | None:
        return self._source.damage

    @property
    def bytes_out(self) -> int:
        """Bytes unpacked so far; some of them may still wait in the buffer."""
        return self._source.bytes_out

    @property
    def bytes_in(self) -> int:
        """Bytes read so far from the file as it lies on disk: with its size, a measure of progress."""
        return self._source.bytes_in()


@contextmanager
def open_content(
    path: Path,
    *,
    wanted: tuple[str, ...],
    sniff: Sniff,
    max_bytes: int | None = None,
    max_ratio: int = MAX_RATIO,
    keep_readable: bool = False,
) -> Iterator[Content]:
    """Open the file at ``path`` unpacked, as a binary stream.

    ``wanted`` are the endings of the right member of a zip (``(".m3u", ".m3u8")``); without such a member, the first one
    whose first 8 KB satisfy ``sniff`` is taken. A gz inside a gz, xz or zip is unpacked once more. ``max_bytes`` None =
    the setting ``extracted_max_megabytes``.

    Raises :class:`ArchiveError` here or while reading. With ``keep_readable`` a cut or damaged archive does not raise:
    the stream ends after the last good byte and ``damage`` tells why. Bombs and oversize raise all the same.
    """
    limit = get_settings().extracted_max_megabytes * 1_048_576 if max_bytes is None else max_bytes
    with path.open("rb") as file:
        size = path.stat().st_size
        head = file.read(SNIFF_BYTES)
        file.seek(0)
        forms: list[str] = []
        member = ""
        if head.startswith(ZIP_MAGICS):
            with _in_words("zip"):
                archive = _zip_of(file)
                info = _pick_member(archive, wanted, sniff)
            member, size = info.filename, min(info.compress_size, size)
            pieces = _member_pieces(archive, info)
            forms.append("zip")
        else:
            pieces = _file_pieces(file)
        for _layer in range(2):
            head, pieces = _peeked(pieces)
            if head.startswith(XZ_MAGIC) and "xz" not in forms:
                forms.append("xz")
                pieces = _unpack(unxz(pieces), "xz")
            elif head.startswith(GZIP_MAGIC):
                forms.append("gzip")
                pieces = _unpack(gunzip(pieces), "gz")
            else:
                _refuse_unsupported(head)
                break
        source = _Source(pieces, file, size, max_bytes=limit, max_ratio=max_ratio, keep_readable=keep_readable)
        with Content(source, "+".join(forms) or "plain", member) as content:
            yield content


def head_of(data: bytes, limit: int = 65_536) -> bytes:
    """Unpack what the first bytes of a file hold (gz, xz, the first member of a zip); plain data comes back as it is.

    Never raises: of what cannot be unpacked it gives what came before. For "Test", which does not load the whole file.
    """
    for _layer in range(2):
        if data.startswith(GZIP_MAGIC):
            data = _first_bytes(gunzip(iter([data])), limit)
        elif data.startswith(XZ_MAGIC):
            data = _first_bytes(unxz(iter([data])), limit)
        elif data.startswith(ZIP_MAGICS[0]) and len(data) > 30:
            begin = 30 + int.from_bytes(data[26:28], "little") + int.from_bytes(data[28:30], "little")
            data = data[begin:] if data[8:10] == b"\0\0" else _first_bytes(_raw_deflate(data[begin:]), limit)
        else:
            break
    return data[:limit]


def _raw_deflate(data: bytes) -> Iterator[bytes]:
    try:
        yield zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, PIECE)
    except zlib.error as error:
        raise UnpackError(truncated=False) from error


def _first_bytes(pieces: Iterator[bytes], limit: int) -> bytes:
    collected = b""
    try:
        while len(collected) < limit:
            piece = next(pieces, None)
            if piece is None:
                break
            collected += piece
    except UnpackError:
        pass  # the start of a file always ends in the middle
    return collected


class _Source(io.RawIOBase):
    """Turns pieces into a file and watches the bounds."""

    def __init__(
        self, pieces: Iterator[bytes], file: BinaryIO, size: int, *, max_bytes: int, max_ratio: int, keep_readable: bool
    ) -> None:
        super().__init__()
        self._pieces = pieces
        self._file = file
        self._size = max(size, 1)
        self._max_bytes = max_bytes
        self._max_ratio = max_ratio
        self._keep_readable = keep_readable
        self._waiting = memoryview(b"")
        self.bytes_out = 0
        self.damage: ArchiveError | None = None

    def readable(self) -> bool:
        return True

    def bytes_in(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._waiting:
            self._waiting = memoryview(self._next_piece())
        count = min(len(buffer), len(self._waiting))
        buffer[:count] = self._waiting[:count]
        self._waiting = self._waiting[count:]
        return count

    def _next_piece(self) -> bytes:
        if self.damage is not None:
            return self._after_damage(self.damage)
        try:
            piece = next(self._pieces, b"")
        except ArchiveError as error:
            error.bytes_out = self.bytes_out
            self.damage = error
            return self._after_damage(error)
        self.bytes_out += len(piece)
        if self.bytes_out > self._max_bytes:
            raise ArchiveError(
                "too_large",
                f"The unpacked file is larger than {self._max_bytes / 1_048_576:,.0f} MB, the limit in Settings.",
                self.bytes_out,
            )
        if self.bytes_out > RATIO_FLOOR and self.bytes_out > self._size * self._max_ratio:
            raise ArchiveError(
                "bomb",
                f"The file unpacks to more than {self._max_ratio} times its size. That looks like an attack; it was not read.",
                self.bytes_out,
            )
        return piece

    def _after_damage(self, error: ArchiveError) -> bytes:
        if self._keep_readable and error.kind in ("truncated", "damaged"):
            return b""
        raise error


def _file_pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def _member_pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with _in_words("zip"), archive.open(info) as member:
        while piece := member.read(PIECE):
            yield piece


def _unpack(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    with _in_words(name):
        yield from pieces


def _peeked(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, and the pieces as if nobody had looked. Damage behind readable bytes is raised when reached."""
    head = b""
    try:
        while len(head) < len(XZ_MAGIC):
            piece = next(pieces, b"")
            if not piece:
                break
            head += piece
    except ArchiveError as error:
        return head, itertools.chain([head] if head else [], _raising(error))
    return head, itertools.chain([head] if head else [], pieces)


def _raising(error: ArchiveError) -> Iterator[bytes]:
    yield from ()
    raise error


class _in_words:  # noqa: N801 - used like a function
    """Turns what the unpackers raise into :class:`ArchiveError`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, UnpackError) and error.truncated:
            raise ArchiveError("truncated", f"The {self._name} file is cut off: its end is missing.") from error
        if isinstance(error, EOFError):
            raise ArchiveError("truncated", f"The {self._name} file is cut off: its end is missing.") from error
        # ValueError and NotImplementedError: zipfile met nonsense in a header that was damaged or made by hand.
        if isinstance(error, UnpackError | zlib.error | zipfile.BadZipFile | ValueError | NotImplementedError | RuntimeError):
            raise ArchiveError("damaged", f"The {self._name} file is damaged and cannot be unpacked.") from error


def _zip_of(file: BinaryIO) -> zipfile.ZipFile:
    if _directory_size(file) > ZIP_DIRECTORY_BYTES:
        raise ArchiveError("bomb", "The zip file lists an absurd number of files; it was not read.")
    return zipfile.ZipFile(file)


def _directory_size(file: BinaryIO) -> int:
    """Bytes of the central directory, read before zipfile loads it all."""
    file.seek(0, io.SEEK_END)
    file.seek(max(0, file.tell() - 66_000))
    tail = file.read()
    file.seek(0)
    record = tail.rfind(b"PK\x05\x06")
    size = int.from_bytes(tail[record + 12 : record + 16], "little") if record >= 0 else 0
    wide = tail.rfind(b"PK\x06\x06")
    return max(size if size != 0xFFFFFFFF else 0, int.from_bytes(tail[wide + 40 : wide + 48], "little") if wide >= 0 else 0)


def _pick_member(archive: zipfile.ZipFile, wanted: tuple[str, ...], sniff: Sniff) -> zipfile.ZipInfo:
    files = [info for info in archive.infolist() if not info.is_dir() and not _is_fork(info.filename)]
    endings = (*wanted, *(f"{ending}.gz" for ending in wanted))
    for info in files:
        if info.filename.lower().endswith(endings):
            return _readable(info)
    for info in files[:ZIP_SNIFFED_MEMBERS]:
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            continue
        with archive.open(info) as member:
            head = member.read(SNIFF_BYTES)
        if sniff(head_of(head, SNIFF_BYTES)):
            return info
    if files and all(info.flag_bits & 1 for info in files):
        return _readable(files[0])
    kinds = " or ".join(wanted)
    raise ArchiveError("no_member", f"The zip file contains no {kinds} file.")


def _is_fork(name: str) -> bool:
    """macOS adds a shadow of every file."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith("._")


def _readable(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    if info.flag_bits & 1:
        raise ArchiveError("encrypted", "The zip file is locked with a password. Unlock it, then use it again.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveError("unsupported", "The zip file uses an uncommon packing method. Pack it again, or use gz or xz.")
    return info


def _refuse_unsupported(head: bytes) -> None:
    for magic, name in _UNSUPPORTED.items():
        if head.startswith(magic):
            raise ArchiveError("unsupported", f"This is {name}. Pack it as gz, xz or zip, or use the file unpacked.")
