"""Playlists and transport streams are read right, hostile ones too."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.preview.errors import PreviewRefused
from channels_app.preview.hls_playlist import MasterPlaylist, MediaPlaylist, OneAddress, Span, read_playlist
from channels_app.preview.transport_stream import PACKET, Codecs, codecs_of, start_of

BASE = "http://acme.example/a/list.m3u8?token=x"


def media(*lines: str) -> MediaPlaylist:
    found = read_playlist("\n".join(["#EXTM3U", "#EXT-X-TARGETDURATION:6", *lines]), BASE)
    assert isinstance(found, MediaPlaylist)
    return found


def test_segments_numbers_ranges_and_gaps() -> None:
    found = media(
        "#EXT-X-MEDIA-SEQUENCE:41", "#EXTINF:5.5,Title", "#EXT-X-BYTERANGE:100@20", "a.ts",
        "#EXTINF:6,", "#EXT-X-BYTERANGE:50", "a.ts", "#EXT-X-GAP", "#EXTINF:6,", "gone.ts", "#EXTINF:6,", "/b.ts?x=1",
    )  # fmt: skip
    assert [segment.number for segment in found.segments] == [41, 42, 44]
    assert [segment.span for segment in found.segments] == [Span(20, 100), Span(120, 50), None]
    assert [segment.url for segment in found.segments] == [
        "http://acme.example/a/a.ts", "http://acme.example/a/a.ts", "http://acme.example/b.ts?x=1",
    ]  # fmt: skip
    assert (found.segments[0].seconds, found.is_finished) == (5.5, False)


def test_keys_and_maps_count_until_the_next_one() -> None:
    found = media(
        '#EXT-X-MAP:URI="init.mp4",BYTERANGE="10@5"', '#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x01', "#EXTINF:1,", "a",
        "#EXT-X-KEY:METHOD=NONE", "#EXTINF:1,", "b", "#EXT-X-ENDLIST",
    )  # fmt: skip
    first, second = found.segments
    assert first.init == second.init == ("http://acme.example/a/init.mp4", Span(5, 10))
    assert first.key is not None
    assert (first.key.url, first.key.iv) == ("http://acme.example/a/k", b"\0" * 15 + b"\1")
    assert second.key is None
    assert found.is_finished


def test_the_best_rendition_that_fits() -> None:
    text = (
        '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en, us",URI="en.m3u8"\n'
        "#EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=3840x2160\n4k\n"
        '#EXT-X-STREAM-INF:BANDWIDTH=5,CODECS="avc1,mp4a",RESOLUTION=1920x1080,AUDIO="a"\nhd\n'
        "#EXT-X-STREAM-INF:BANDWIDTH=2\nsd\n"
    )
    assert read_playlist(text, BASE) == MasterPlaylist("http://acme.example/a/hd", "http://acme.example/a/en.m3u8")
    assert read_playlist("#EXTM3U\n#EXTINF:-1,A\nx.ts\n", BASE) == OneAddress("http://acme.example/a/x.ts")


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(PreviewRefused, match="not an address"):
        media("#EXTINF:1,", "http://[bad")


@given(st.lists(st.sampled_from(
    ["#EXTM3U", "#EXTINF:nan,", "#EXTINF:1e999,", "#EXT-X-TARGETDURATION:-5", "#EXT-X-TARGETDURATION:9" + "9" * 400,
     "#EXT-X-MEDIA-SEQUENCE:" + "9" * 30, "#EXT-X-MEDIA-SEQUENCE:²", "#EXT-X-BYTERANGE:1@99999999999999999999", "http://[bad",
     "#EXT-X-KEY:METHOD=AES-128,URI=\"\"", "#EXT-X-MAP:", "#EXT-X-STREAM-INF:RESOLUTION=x", "a.ts", "\0", "#EXT-X-GAP"]
)))  # fmt: skip
def test_any_playlist_is_read_or_refused(lines: list[str]) -> None:
    try:
        found: Any = read_playlist("\n".join(lines), BASE)
    except PreviewRefused:
        return
    if isinstance(found, MediaPlaylist):
        assert 1 <= found.target_seconds <= 60
        assert all(0 <= segment.seconds <= 3600 for segment in found.segments)


@given(st.binary(max_size=PACKET * 6))
def test_any_bytes_are_looked_at(data: bytes) -> None:
    start_of(data)
    codecs_of(data)
    framed = b"".join(b"\x47\x40\x00\x10" + data[place : place + 184].ljust(184, b"\xff") for place in range(0, len(data), 184))
    codecs_of(framed)


def section(pid: int, body: bytes) -> bytes:
    packet = bytes([0x47, 0x40 | pid >> 8, pid & 0xFF, 0x10, 0]) + body
    return packet.ljust(PACKET, b"\xff")


def table(identity: int, content: bytes) -> bytes:
    return bytes([identity, 0xB0, len(content) + 9]) + b"\0\1\xc1\0\0" + content + b"\0" * 4


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        (b"\x1b\xe1\x00\xf0\x00\x0f\xe1\x01\xf0\x00", Codecs("h264", "aac")),
        (b"\x24\xe1\x00\xf0\x00\x06\xe1\x01\xf0\x03\x6a\x01\x00", Codecs("h265", "ac3")),
        (b"\x02\xe1\x00\xf0\x00\x06\xe1\x01\xf0\x03\x59\x01\x00\x87\xe1\x02\xf0\x00", Codecs("mpeg2", "eac3")),
        (b"\x06\xe1\x01\xf0\x06\x05\x04DTS2", Codecs("", "dts")),
        (b"", Codecs("", "")),
    ],
)
def test_tracks_are_found_in_the_programme_table(tracks: bytes, expected: Codecs) -> None:
    data = section(0, table(0, b"\0\1\xf0\x00")) + section(0x1000, table(2, b"\xe1\x00\xf0\x00" + tracks))
    assert codecs_of(data) == expected
    assert codecs_of(data[:PACKET]) is None
