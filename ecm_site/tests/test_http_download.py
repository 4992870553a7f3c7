"""A download is whole or absent, bounded, and can be stopped."""

import errno
import gzip
import time
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from ecm_site.fetching import downloads
from ecm_site.http import FetchError, FetchPolicy, FetchStopped, download
from ecm_site.tests.http_server import Call, serving

PLAYLIST = b"#EXTM3U\n" + b"".join(b"#EXTINF:-1,Channel %d\nhttp://h/%d\n" % (n, n) for n in range(20_000))
POLICY = FetchPolicy()


def partial_files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.endswith(".part")]


def test_a_download_tells_what_it_got(tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "list.m3u"
    progress: list[tuple[int, int | None]] = []
    with serving(
        list=lambda call: call.answer(
            PLAYLIST,
            Content_Type="audio/x-mpegurl; charset=ISO-8859-1",
            ETag='"abc"',
            Last_Modified="Sat, 01 Nov 2025 10:00:00 GMT",
        )
    ) as server:
        got = download(server.url("/list"), target, policy=POLICY, on_progress=lambda *step: progress.append(step))
    assert target.read_bytes() == PLAYLIST
    assert (got.path, got.size, got.status, got.not_modified) == (target, len(PLAYLIST), 200, False)
    assert (got.content_type, got.charset) == ("audio/x-mpegurl", "iso-8859-1")
    assert (got.etag, got.last_modified) == ('"abc"', "Sat, 01 Nov 2025 10:00:00 GMT")
    assert progress[-1] == (len(PLAYLIST), len(PLAYLIST))
    assert partial_files(target.parent) == []


def test_a_cut_download_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "list.m3u"
    target.write_bytes(b"old")
    with serving(list=lambda call: call.answer(PLAYLIST, length=len(PLAYLIST) + 1)) as server:
        with pytest.raises(FetchError, match="broke off before everything had arrived") as caught:
            download(server.url("/list"), target, policy=POLICY)
    assert caught.value.kind == "interrupted"
    assert target.read_bytes() == b"old"
    assert partial_files(tmp_path) == []


def cut_chunked(call: Call) -> None:
    call.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")


def test_a_chunked_body_without_its_end_is_interrupted(tmp_path: Path) -> None:
    with serving(list=cut_chunked) as server, pytest.raises(FetchError) as caught:
        download(server.url("/list"), tmp_path / "x", policy=POLICY)
    assert caught.value.kind == "interrupted"


def test_a_packed_body_without_its_end_is_interrupted(tmp_path: Path) -> None:
    packed = gzip.compress(PLAYLIST)[:-20]
    with serving(list=lambda call: call.answer(packed, Content_Encoding="gzip")) as server, pytest.raises(FetchError) as caught:
        download(server.url("/list"), tmp_path / "x", policy=POLICY)
    assert caught.value.kind == "interrupted"
    assert not (tmp_path / "x").exists()


def test_a_damaged_packed_body_is_an_error(tmp_path: Path) -> None:
    with serving(list=lambda call: call.answer(PLAYLIST, Content_Encoding="gzip")) as server:
        with pytest.raises(FetchError, match="damaged"):
            download(server.url("/list"), tmp_path / "x", policy=POLICY)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(PLAYLIST)),
        ("x-gzip", gzip.compress(PLAYLIST) + b"junk"),
        ("deflate", zlib.compress(PLAYLIST)),
        ("deflate", zlib.compress(PLAYLIST)[2:-4]),  # without the zlib header, as some servers send it
        ("identity", PLAYLIST),
    ],
)
def test_content_encoding_is_undone(tmp_path: Path, encoding: str, body: bytes) -> None:
    with serving(list=lambda call: call.answer(body, Content_Encoding=encoding)) as server:
        download(server.url("/list"), tmp_path / "x", policy=POLICY)
    assert (tmp_path / "x").read_bytes() == PLAYLIST


def test_an_encoding_nobody_asked_for_is_refused(tmp_path: Path) -> None:
    with serving(list=lambda call: call.answer(b"?", Content_Encoding="br")) as server:
        with pytest.raises(FetchError, match="packed its answer with br"):
            download(server.url("/list"), tmp_path / "x", policy=POLICY)


def test_an_announced_size_beyond_the_limit_is_refused_at_once(tmp_path: Path) -> None:
    with serving(list=lambda call: call.answer(b"x", length=5_000_000)) as server, pytest.raises(FetchError) as caught:
        download(server.url("/list"), tmp_path / "x", policy=FetchPolicy(max_bytes=2_000_000))
    assert caught.value.kind == "too_large"
    assert "limit" in str(caught.value)


def endless(call: Call) -> None:
    call.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        call.send(b"x" * 65_536)


def test_an_endless_body_is_cut_at_the_limit(tmp_path: Path) -> None:
    with serving(list=endless) as server, pytest.raises(FetchError) as caught:
        download(server.url("/list"), tmp_path / "x", policy=FetchPolicy(max_bytes=3_000_000))
    assert caught.value.kind == "too_large"
    assert list(tmp_path.iterdir()) == []


def test_a_packed_bomb_is_stopped_by_its_ratio(tmp_path: Path) -> None:
    packed = gzip.compress(b"\0" * 40_000_000)
    with serving(list=lambda call: call.answer(packed, Content_Encoding="gzip")) as server:
        with pytest.raises(FetchError, match="looks like an attack") as caught:
            download(server.url("/list"), tmp_path / "x", policy=POLICY)
    assert caught.value.kind == "too_large"
    assert list(tmp_path.iterdir()) == []


def test_an_unchanged_file_is_not_loaded_again(tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.write_bytes(b"kept")
    with serving(list=lambda call: call.answer(status="304 Not Modified")) as server:
        got = download(server.url("/list"), target, policy=POLICY, etag='"a"', last_modified="yesterday")
        assert (server.calls[0].headers["if-none-match"], server.calls[0].headers["if-modified-since"]) == ('"a"', "yesterday")
    assert (got.not_modified, got.size, got.etag, got.last_modified) == (True, 4, '"a"', "yesterday")
    assert target.read_bytes() == b"kept"


def test_conditions_are_not_sent_when_the_file_is_gone(tmp_path: Path) -> None:
    with serving(list=lambda call: call.answer(b"new")) as server:
        got = download(server.url("/list"), tmp_path / "x", policy=POLICY, etag='"a"', last_modified="yesterday")
        assert "if-none-match" not in server.calls[0].headers
        assert "if-modified-since" not in server.calls[0].headers
    assert not got.not_modified
    assert got.etag == ""


def trickle(call: Call) -> None:
    call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    for _ in range(600):
        call.send(b"x")
        time.sleep(0.05)


def silent(call: Call) -> None:
    call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nstart")
    time.sleep(20)


def mute(call: Call) -> None:
    time.sleep(20)


@pytest.mark.parametrize("behaviour", [trickle, silent, mute])
def test_a_cancel_is_noticed_while_the_server_keeps_us_waiting(tmp_path: Path, behaviour) -> None:  # type: ignore[no-untyped-def]
    with serving(list=behaviour) as server:
        started = time.monotonic()
        asked = 0.0

        def should_stop() -> bool:
            nonlocal asked
            if not asked and time.monotonic() - started > 0.5:
                asked = time.monotonic()
            return bool(asked)

        with pytest.raises(FetchStopped):
            download(server.url("/list"), tmp_path / "x", policy=POLICY, should_stop=should_stop)
        assert time.monotonic() - asked < 10  # the server would keep us for 20 s and more
    assert list(tmp_path.iterdir()) == []


class Interrupted(Exception):
    pass


def test_should_stop_may_raise_an_exception_of_its_own(tmp_path: Path) -> None:
    def should_stop() -> bool:
        raise Interrupted

    with serving(list=silent) as server, pytest.raises(Interrupted):
        download(server.url("/list"), tmp_path / "x", policy=POLICY, should_stop=should_stop)


def test_a_silent_server_is_a_timeout_in_words(tmp_path: Path) -> None:
    with serving(list=silent) as server, pytest.raises(FetchError, match="sent nothing for 1 s") as caught:
        download(server.url("/list"), tmp_path / "x", policy=FetchPolicy(read_timeout=1))
    assert caught.value.kind == "timeout"


def test_a_trickling_server_meets_the_total_deadline(tmp_path: Path) -> None:
    with serving(list=trickle) as server, pytest.raises(FetchError, match="not finished in 1 s") as caught:
        download(server.url("/list"), tmp_path / "x", policy=FetchPolicy(total_timeout=1))
    assert caught.value.kind == "timeout"


def test_a_full_disk_says_what_is_free_and_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: SimpleNamespace(free=1_048_576))
    with serving(list=lambda call: call.answer(PLAYLIST)) as server, pytest.raises(FetchError) as caught:
        download(server.url("/list"), tmp_path / "x", policy=POLICY)
    assert (caught.value.kind, caught.value.free, caught.value.needed) == ("disk_full", 1_048_576, len(PLAYLIST))
    assert "1.0 MB are free" in str(caught.value)


def test_a_disk_that_fills_up_while_writing_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(downloads.os, "fsync", no_room)
    (tmp_path / "x").write_bytes(b"old")
    with serving(list=lambda call: call.answer(PLAYLIST)) as server, pytest.raises(FetchError, match="The disk is full"):
        download(server.url("/list"), tmp_path / "x", policy=POLICY)
    assert (tmp_path / "x").read_bytes() == b"old"
    assert partial_files(tmp_path) == []


def test_the_start_can_be_refused_before_the_rest_is_loaded(tmp_path: Path) -> None:
    def refuse(start: bytes) -> None:
        assert len(start) == 65_536
        raise Interrupted

    with serving(list=endless) as server, pytest.raises(Interrupted):
        download(server.url("/list"), tmp_path / "x", policy=POLICY, check_start=refuse)
    assert list(tmp_path.iterdir()) == []


def test_a_short_body_is_checked_too(tmp_path: Path) -> None:
    seen: list[bytes] = []
    with serving(list=lambda call: call.answer(b"<html>")) as server:
        download(server.url("/list"), tmp_path / "x", policy=POLICY, check_start=seen.append)
    assert seen == [b"<html>"]


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    import os

    old, fresh, other = tmp_path / ".x.abc.part", tmp_path / ".x.def.part", tmp_path / ".y.abc.part"
    for path in (old, fresh, other):
        path.write_bytes(b"half")
    for path in (old, other):
        os.utime(path, (time.time() - 7200,) * 2)
    with serving(list=lambda call: call.answer(b"new")) as server:
        download(server.url("/list"), tmp_path / "x", policy=POLICY)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".x.def.part", ".y.abc.part", "x"]
