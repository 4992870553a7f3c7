"""Uploaded playlists are stored safely and go away with what needed them (20 §1.5, §24 trap 41)."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecm_site.conf import save_settings
from m3u_app.store_upload import (
    PENDING_DIR,
    UploadRefused,
    delete_upload,
    display_name,
    find_pending,
    is_upload,
    keep_upload,
    receive_upload,
    safe_file_name,
)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("my list.m3u", "my_list.m3u"),
        ("../../etc/passwd.m3u", "passwd.m3u"),
        ("..\\..\\windows\\x.m3u8", "x.m3u8"),
        ("/abs/olute.gz", "olute.gz"),
        ("...m3u", "m3u"),
        ("Télé\x00.m3u", "Tele_.m3u"),
        ("", "playlist.m3u"),
        ("日本", "playlist.m3u"),
        ("a;rm -rf $(x)`y`.zip", "a_rm_-rf___x__y_.zip"),
    ],
)
def test_a_name_becomes_safe(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


def test_a_long_name_keeps_its_ending() -> None:
    name = safe_file_name("x" * 400 + ".m3u8")
    assert len(name) <= 100
    assert name.endswith(".m3u8")


@pytest.mark.parametrize("name", ["list.exe", "list", "list.m3u.sh", ".m3u/x"])
def test_other_endings_are_refused(name: str) -> None:
    with pytest.raises(UploadRefused, match="m3u"):
        receive_upload(name, [b"x"])


@pytest.mark.parametrize("name", ["a.m3u", "a.M3U8", "a.m3u.gz", "a.xz", "a.zip", "a.txt"])
def test_playlists_and_archives_are_taken(name: str, settings: Any) -> None:
    upload = receive_upload(name, [b"#EXTM3U\n", b"x"])
    assert upload.path.read_bytes() == b"#EXTM3U\nx"
    assert (upload.name, upload.size) == (name, 9)
    assert upload.path.stat().st_mode & 0o077 == 0
    path, size = keep_upload(str(upload.path))
    assert size == 9
    assert Path(path).parent == settings.UPLOAD_DIR
    assert re.fullmatch(r"[0-9a-f]{8}_a\.[\w.]+", Path(path).name)
    assert display_name(path) == name
    assert delete_upload(path)
    assert not Path(path).exists()


def test_the_size_limit_stops_the_stream_and_leaves_nothing(settings: Any) -> None:
    save_settings(fetch_max_megabytes=1)
    produced = 0

    def endless() -> Iterator[bytes]:
        nonlocal produced
        while True:
            produced += 1
            yield b"x" * 100_000

    try:
        with pytest.raises(UploadRefused, match="1 MB"):
            receive_upload("big.m3u", endless())
    finally:
        save_settings(fetch_max_megabytes=1024)
    assert produced < 15
    assert not list((settings.UPLOAD_DIR / PENDING_DIR).glob("*big.m3u"))


def test_an_empty_file_is_refused_and_leaves_nothing(settings: Any) -> None:
    with pytest.raises(UploadRefused, match="empty"):
        receive_upload("nothing.m3u", [])
    assert not list((settings.UPLOAD_DIR / PENDING_DIR).glob("*nothing.m3u"))


def test_a_token_brings_a_pending_upload_back_and_only_that() -> None:
    upload = receive_upload("a.m3u", [b"x"])
    found = find_pending(upload.token)
    assert found is not None
    assert found.path == upload.path
    assert find_pending(upload.token + "x") is None
    assert find_pending("../../secret.key") is None
    upload.path.unlink()
    assert find_pending(upload.token) is None


def test_unclaimed_uploads_go_after_a_day(settings: Any) -> None:
    old = receive_upload("old.m3u", [b"x"])
    os.utime(old.path, (time.time() - 25 * 3600,) * 2)
    new = receive_upload("new.m3u", [b"x"])
    assert not old.path.exists()
    assert new.path.exists()


def test_only_our_own_uploads_are_ever_deleted(tmp_path: Path, settings: Any) -> None:
    outside = tmp_path / "list.m3u"
    outside.write_text("x")
    sneaky = f"{settings.UPLOAD_DIR}/../settings.json"
    assert not delete_upload(str(outside))
    assert not is_upload(sneaky)
    assert not is_upload("")
    assert not is_upload(f"{settings.UPLOAD_DIR}/{PENDING_DIR}/x.m3u")
    assert outside.exists()
