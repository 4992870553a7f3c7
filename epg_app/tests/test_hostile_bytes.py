"""Whatever arrives, reading ends with a guide or with a sentence (30 §4.1, §4.7)."""

import contextlib
import gzip
import io
import lzma
import random
import tempfile
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epg_app.importing.choices import ReadingChoices
from epg_app.importing.errors import GuideError
from epg_app.importing.findings import Findings
from epg_app.importing.guide_file import read_guide
from epg_app.importing.guide_reader import Feed, GuideReader
from epg_app.importing.spool import Spool
from epg_app.tests.reading import channel, programme, read, tv
from tasks_app.progress import NoProgress

GUIDE = tv(channel(), programme(inside="<title>Good</title>"))


def read_file(path: Path) -> tuple[Feed, Findings]:
    findings = Findings()
    with Spool(path.parent) as spool:
        feed = read_guide(path, ReadingChoices(), None, spool=spool, findings=findings, progress=NoProgress())
    return feed, findings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "guide.bin"


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        GUIDE.encode(),
        gzip.compress(GUIDE.encode()),
        lzma.compress(GUIDE.encode()),
        gzip.compress(gzip.compress(GUIDE.encode())),
        zipped(readme__txt=b"hello", guide=GUIDE.encode()),
        zipped(a__txt=b"<html>", b__xml=GUIDE.encode()),
        zipped(guide__xml__gz=gzip.compress(GUIDE.encode())),
    ],
    ids=["plain", "gz", "xz", "gz in gz", "zip without ending", "zip", "gz in zip"],
)
def test_a_guide_is_recognised_by_its_bytes_whatever_its_name(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    assert read_file(file)[0].programmes == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<!doctype html><title>Login", "web page “"),
        (b"<html><head><title>Login &amp; more</title></head>", "web page “Login"),
        (gzip.compress(b"<!DOCTYPE html><html><body>Blocked</body></html>", mtime=0), "web page"),
        (b"#EXTM3U\n#EXTINF:-1,A\nhttp://x/", "No channels were found"),
        (b'{"error": "no"}', "No channels were found"),
        (b"<tv></tv>", "No channels were found"),
        (zipped(readme__txt=b"hello"), "contains no"),
        (b"PK\x03\x04rubbish", "damaged"),
    ],
)
def test_what_is_no_guide_is_refused_in_words(file: Path, data: bytes, words: str) -> None:
    file.write_bytes(data)
    with pytest.raises(GuideError, match=words):
        read_file(file)


def test_a_web_page_in_front_of_a_guide_does_not_hide_it(file: Path) -> None:
    file.write_bytes(b"<html><body>You are being tracked</body></html>" + GUIDE.encode())
    assert read_file(file)[0].programmes == 1


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_cut_archive_is_read_as_far_as_it_goes(file: Path, pack: object) -> None:
    noise = random.Random(1)
    programmes = [
        programme(f"202503{day:02}{hour:02}0000", inside=f"<title>{noise.randbytes(40).hex()}</title>")
        for day in range(1, 29)
        for hour in range(24)
    ]
    data = pack(tv(channel(), *programmes).encode())  # type: ignore[operator]
    file.write_bytes(data[: len(data) * 3 // 4])
    feed, findings = read_file(file)
    assert 200 < feed.programmes < len(programmes)
    assert findings.count("archive") == 1
    assert findings.damaged_line is not None


def test_a_small_file_that_unpacks_without_end_is_refused(file: Path) -> None:
    with gzip.open(file, "wb", compresslevel=9) as packed:
        packed.write(b"<tv>")
        for _ in range(100):
            packed.write(b" " * 1_048_576)
    with pytest.raises(GuideError, match="times its size"):
        read_file(file)


@given(st.binary(max_size=3000))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_end_in_a_guide_or_a_sentence(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as handle:
        handle.write(data)
        handle.flush()
        with contextlib.suppress(GuideError):
            read_file(Path(handle.name))


_markup = st.lists(
    st.sampled_from(
        ["<", ">", "</", "/>", "<programme", " start=", '"', "'", " channel=", "20250301200000", "<channel id=", "a", "&", ";",
         "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "<!DOCTYPE", "[", "]", "</programme>", "<title>", "</title>", "</tv>",
         "<credits>", "<actor>", "<rating>", "<icon src=", "<episode-num", "&#", "\x00", "é", "\n", "<tv xmlns:x='y'>", "x:"]
    ),
    max_size=60,
).map("".join)  # fmt: skip


@given(_markup)
@settings(max_examples=500, deadline=None)
def test_any_markup_ends_in_a_guide(markup: str) -> None:
    read(markup)


class _Pieces(io.RawIOBase):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size, self._at = data, size, 0

    def read(self, size: int = -1) -> bytes:
        piece = self._data[self._at : self._at + min(self._size, size if size > 0 else self._size)]
        self._at += len(piece)
        return piece


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_the_size_of_the_pieces_that_arrive_does_not_matter(size: int) -> None:
    document = tv(channel("é"), *(programme(f"2025030{day}200000", inside="<title>Été – x</title>") for day in range(1, 9)))
    findings = Findings()
    with Spool(Path(tempfile.gettempdir())) as spool:
        stream = _Pieces(document.encode(), size)
        feed = GuideReader(ReadingChoices(), None, spool, findings).read(stream, lambda feed: None)  # type: ignore[arg-type]
    assert feed.programmes == 8


class _Endless(io.RawIOBase):
    """A guide of any length that is never in memory as a whole."""

    def __init__(self, programmes: int, channels: int) -> None:
        self._parts = self._make(programmes, channels)
        self._rest = b""

    def _make(self, programmes: int, channels: int) -> Iterator[bytes]:
        yield b"<tv>"
        for number in range(programmes):
            day, minute = divmod(number // channels * 30, 1440)
            start = f"2025{1 + day // 28:02}{1 + day % 28:02}{minute // 60:02}{minute % 60:02}00 +0000"
            text = f"<title>Number {number}</title><desc>{'words ' * 40}</desc>"
            yield programme(start, inside=text, tvg_id=f"c{number % channels}").encode()
        yield b"</tv>"

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size:
            part = b"".join(piece for _, piece in zip(range(500), self._parts, strict=False))
            if not part:
                break
            self._rest += part
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def _peak(programmes: int) -> int:
    findings = Findings()
    tracemalloc.start()
    with Spool(Path(tempfile.gettempdir())) as spool:
        stream = _Endless(programmes, 50)
        feed = GuideReader(ReadingChoices(), None, spool, findings).read(stream, lambda feed: None)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert feed.programmes == programmes
    return peak


def test_memory_does_not_grow_with_the_guide() -> None:
    assert _peak(24_000) < _peak(12_000) * 1.3
