"""Bytes to lines (20 §3.1): encodings, byte order marks, line ends, NULs, long lines, any block boundary."""

import io
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3u_app.importing.blocks import LINE_LIMIT, BlockReader
from m3u_app.importing.read_playlist import PlaylistReader
from m3u_app.importing.sniff import EMPTY, NOT_A_PLAYLIST, WEB_PAGE, problem_with
from m3u_app.tests.reading import read

TEXT = '#EXTM3U\n#EXTINF:-1 group-title="Actualités",Télé Ü 央视\nhttp://h/1\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_encodings_are_told_by_their_marks(encoding: str) -> None:
    entry = read(TEXT.encode(encoding)).only
    assert (entry.name, entry.group) == ("Télé Ü 央视", "Actualités")


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [("utf-16-be", "utf-16be"), ("utf-16-le", "UTF-16LE"), ("utf-16-le", "utf-16"), ("utf-8", "utf-16")],
)
def test_utf_16_without_a_mark_is_read_when_the_server_declares_it(encoding: str, charset: str) -> None:
    assert read(TEXT.encode(encoding), charset=charset).only.name == "Télé Ü 央视"


def test_the_declared_charset_is_used_when_the_bytes_are_no_utf_8() -> None:
    data = "#EXTINF:-1,Первый канал\nhttp://h/1\n".encode("windows-1251")
    assert read(data, charset="windows-1251").only.name == "Первый канал"
    assert read("#EXTINF:-1,Первый\nhttp://h/1\n".encode(), charset="windows-1251").only.name == "Первый"


@pytest.mark.parametrize(
    "charset", ["", "hex", "zip", "idna", "utf-7", "cp037", "undefined", "no-such", "rot13", "x\0y", "unicode_escape"]
)
def test_useless_charsets_fall_back_to_windows_1252(charset: str) -> None:
    assert read("#EXTINF:-1,Télé – €\nhttp://h/1\n".encode("cp1252"), charset=charset).only.name == "Télé – €"


def test_bytes_that_windows_1252_leaves_undefined_do_no_harm() -> None:
    assert read(b"#EXTINF:-1,\xe9\x81\nhttp://h/1\n").only.name == "é\x81"


def test_one_bad_line_does_not_spoil_the_names_of_a_utf_8_file() -> None:
    data = "#EXTINF:-1,Größe\nhttp://h/1\n#EXTINF:-1,Señal\nhttp://h/2\n".encode() + b"#EXTINF:-1,T\xe9l\xe9\nhttp://h/3\n"
    assert [entry.name for entry in read(data).entries] == ["Größe", "Señal", "Télé"]


def test_a_late_bad_byte_falls_back_for_its_line_only() -> None:
    plain = b"".join(b"#EXTINF:-1,Name\nhttp://h/%d\n" % number for number in range(20_000))
    entries = read(plain + b'#EXTINF:-1 tvg-name="\xc3\xbc",T\xe9l\xe9\nhttp://h/x\n').entries
    assert len(entries) == 20_001
    assert entries[-1].name == "Télé"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", " \t\r\n"])
def test_every_kind_of_line_end(end: str) -> None:
    reading = read(end.join(["#EXTM3U", "#EXTINF:-1,A", "http://h/1", "#EXTINF:-1,B", "http://h/2"]))
    assert [(entry.name, entry.url) for entry in reading.entries] == [("A", "http://h/1"), ("B", "http://h/2")]


def test_lines_are_trimmed_and_nuls_skipped() -> None:
    entry = read(b"\0 \t#EXT\0INF:-1,A\0 B  \n\t http://h/\x001 \0\n").only
    assert (entry.name, entry.url) == ("A B", "http://h/1")


def test_a_byte_order_mark_in_the_middle_of_glued_files_is_removed() -> None:
    reading = read(b"#EXTINF:-1,A\nhttp://h/1\n\xef\xbb\xbf#EXTM3U\n\xef\xbb\xbf#EXTINF:-1,B\nhttp://h/2\n")
    assert [entry.name for entry in reading.entries] == ["A", "B"]


def test_a_line_longer_than_64_kb_is_dropped_and_its_neighbours_stay() -> None:
    long = b"x" * (LINE_LIMIT + 1)
    data = b"#EXTINF:-1,A\nhttp://h/1\n#EXTINF:-1," + long + b"\nhttp://h/2\n#EXTINF:-1,B\nhttp://h/3\n#" + long
    data += b"\n#EXTINF:-1,C\nhttp://h/" + long + b"\nhttp://h/4\n#EXTINF:-1,D\nhttp://h/5\n"
    reading = read(data)
    assert [entry.name for entry in reading.entries] == ["A", "B", "D"]
    assert reading.dropped == {"long_line": 2, "stray_url": 2}
    assert reading.reader.report.lines_skipped == 1
    assert reading.seen == len(reading.entries) + sum(reading.dropped.values())


def test_a_line_of_exactly_64_kb_is_kept() -> None:
    name = "n" * (LINE_LIMIT - len("#EXTINF:-1,"))
    assert read(f"#EXTINF:-1,{name}\nhttp://h/1\n").only.name == name[:512]


def test_an_endless_line_needs_no_more_memory_than_a_block() -> None:
    class Endless(io.RawIOBase):
        left = 200

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            return b"x" * size if self.left > 0 else b""

    tracemalloc.start()
    try:
        blocks = list(BlockReader(Endless()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [len(block) for block in blocks] == [LINE_LIMIT + 2]
    assert peak < 4_000_000


@pytest.mark.parametrize("block_size", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blocks_hold_whole_lines_wherever_the_chunks_end(block_size: int, end: str) -> None:
    text = end.join(["#EXTM3U", "#EXTINF:-1,Ä", "http://h/1", "", "#EXTINF:-1,B", "http://h/2", ""])

    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 1, block_size))

    blocks = list(BlockReader(Trickle(text.encode()), block_size=block_size))
    assert b"".join(blocks) == text.replace("\r\n", "\n").replace("\r", "\n").encode()
    assert all(block.endswith(b"\n") for block in blocks)


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        (b"", EMPTY),
        (b" \r\n\0\xef\xbb\xbf", EMPTY),
        (b"<!DOCTYPE html><html><body>login</body></html>", WEB_PAGE),
        (b"\xef\xbb\xbf\n  <html>", WEB_PAGE),
        (b"<!-- hello --><HTML>#EXTM3U http://h/1</HTML>", WEB_PAGE),
        (b'{"user_info": {"auth": 0}}', NOT_A_PLAYLIST),
        (b"<?xml version='1.0'?>\n<!-- a --> <!-- b -->\n<!DOCTYPE html>", WEB_PAGE),
        (b"<?xml version='1.0'?><tv/>", NOT_A_PLAYLIST),
        (b"<!---->" * 4000 + b"x", NOT_A_PLAYLIST),  # these three took hours once
        (b" <!-- -->" * 3000 + b"<tv/>", NOT_A_PLAYLIST),
        (b" " * 30_000 + b"x", NOT_A_PLAYLIST),
        (b"some prose\nmore prose", NOT_A_PLAYLIST),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), NOT_A_PLAYLIST),
        (b"#EXTM3U", ""),
        (b"\n\n#extinf:-1,a", ""),
        (b"rtmp://h/1", ""),
        ("#EXTM3U\n".encode("utf-16"), ""),
    ],
)
def test_what_is_no_playlist_is_told_apart_by_its_beginning(start: bytes, problem: str) -> None:
    assert problem_with(start) == problem


LINES = st.one_of(
    st.sampled_from(
        [
            b"#EXTM3U",
            b'#EXTM3U catchup="append" url-tvg="http://e"',
            b"#EXTINF:-1,A",
            b'#EXTINF:-1 tvg-id="a" group-title="G",B',
            b"#extinf:0 tvg-name='x,C",
            b"#EXTGRP:News",
            b"#EXTVLCOPT:http-user-agent=x",
            b"#EXTHTTP:{}",
            b"http://h/1",
            b"rtmp://h/2|User-Agent=a",
            b"/file",
            b"",
            b"\xff\xfe",
            b"\xef\xbb\xbf",
            b"#",
        ]
    ),
    st.binary(max_size=40),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=30), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_any_lines_give_counts_that_add_up(lines: list[bytes], end: bytes) -> None:
    reading = read(end.join(lines))
    assert reading.seen == len(reading.entries) + sum(reading.dropped.values())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["", "utf-16", "latin-1", "shift_jis", "iso-2022-jp"]))
def test_any_bytes_are_survived(data: bytes, charset: str) -> None:
    reading = read(data, charset=charset)
    assert reading.seen == len(reading.entries) + sum(reading.dropped.values())
    problem_with(data, charset)
    for entry in reading.entries:
        assert entry.name
        assert entry.group
        entry.name.encode()  # nothing that a database could not store


ATTRIBUTES = st.lists(
    st.tuples(
        st.sampled_from(["tvg-id", "TVG-Name", "group-title", "x.y", "tvg-logo"]),
        st.text(st.characters(exclude_characters='"\n\r', exclude_categories=["Cs"]), max_size=12),
    ),
    max_size=5,
)


@settings(max_examples=300, deadline=None)
@given(ATTRIBUTES, st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=20), st.booleans())
def test_the_fast_path_gives_what_the_exact_one_gives(attributes: list[tuple[str, str]], title: str, spaced: bool) -> None:
    text = "".join(f' {key}="{value}"' for key, value in attributes)
    raw = f"#EXTINF:-1{text}{' ' if spaced else ''},{title}\nhttp://h/1\n".encode()
    reader = PlaylistReader(lambda: io.BytesIO(b"#EXTINF:-1,first\nhttp://h/0\n"))
    for _ in reader.batches():
        pass
    reader._raws = [raw]
    fast = reader.parse(raw)
    exact = reader.parse(raw.replace(b"#EXTINF", b"#ExtInf"))
    if exact is not None and not exact.name.startswith("Stream"):
        assert fast == exact
