"""Packed playlists and guides come out whole, or as an error an operator understands."""

import gzip
import io
import lzma
import random
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecm_site.archives import ArchiveError, head_of, open_content

PLAYLIST = b"#EXTM3U\n" + b"".join(b"#EXTINF:-1,Channel %d\nhttp://h/%d\n" % (n, n) for n in range(5000))
WANTED = (".m3u", ".m3u8")


def sniff(head: bytes) -> bool:
    return head.startswith(b"#EXTM3U")


def store(folder: Path, data: bytes, name: str = "list.bin") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def read(path: Path, **options: object) -> bytes:
    with open_content(path, wanted=WANTED, sniff=sniff, **options) as content:  # type: ignore[arg-type]
        return content.read()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


FORMS = {
    "plain": PLAYLIST,
    "gzip": gzip.compress(PLAYLIST),
    "xz": lzma.compress(PLAYLIST),
    "gzip+gzip": gzip.compress(gzip.compress(PLAYLIST)),
    "xz+gzip": lzma.compress(gzip.compress(PLAYLIST)),
    "zip": zipped({"readme.txt": b"hello", "Some Folder/TV.M3U": PLAYLIST}),
    "zip+gzip": zipped({"tv.m3u.gz": gzip.compress(PLAYLIST)}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_packing_gives_the_same_content_whatever_the_file_is_called(tmp_path: Path, form: str) -> None:
    with open_content(store(tmp_path, FORMS[form], "guide.xml.gz"), wanted=WANTED, sniff=sniff) as content:
        assert content.read() == PLAYLIST
        assert content.form == form


def test_content_can_be_read_by_lines(tmp_path: Path) -> None:
    with open_content(store(tmp_path, FORMS["gzip"]), wanted=WANTED, sniff=sniff) as content:
        assert sum(1 for _ in content) == 10_001


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_several_parts_in_a_row_and_padding_are_one_content(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    data = pack(b"#EXTM3U\n") + b"\0\0\0\0" + pack(b"one\n") + b"\0" * 300_000
    assert read(store(tmp_path, data)) == b"#EXTM3U\none\n"


def test_junk_behind_a_gz_is_ignored(tmp_path: Path) -> None:
    assert read(store(tmp_path, gzip.compress(b"#EXTM3U\n") + b"junk \x1f tail")) == b"#EXTM3U\n"


def test_an_empty_file_is_empty_content(tmp_path: Path) -> None:
    assert read(store(tmp_path, b"")) == b""
    assert read(store(tmp_path, gzip.compress(b""))) == b""


@pytest.mark.parametrize("form", ["gzip", "xz"])
def test_a_cut_file_is_an_error_that_says_so(tmp_path: Path, form: str) -> None:
    cut = FORMS[form][: len(FORMS[form]) * 2 // 3]
    with pytest.raises(ArchiveError, match="cut off") as caught:
        read(store(tmp_path, cut))
    assert caught.value.kind == "truncated"
    assert 0 < caught.value.bytes_out < len(PLAYLIST)


@pytest.mark.parametrize("form", ["gzip", "xz"])
def test_keep_readable_gives_all_good_bytes_of_a_cut_file(tmp_path: Path, form: str) -> None:
    data = FORMS[form]
    path = store(tmp_path, data[: len(data) * 2 // 3])
    with open_content(path, wanted=WANTED, sniff=sniff, keep_readable=True) as content:
        got = content.read()
        assert content.damage is not None
        assert content.damage.bytes_out == content.bytes_out == len(got)
    assert PLAYLIST.startswith(got)
    assert len(got) > len(PLAYLIST) // 4


def test_keep_readable_also_saves_what_comes_before_the_damage_in_a_tiny_file(tmp_path: Path) -> None:
    whole = gzip.compress(b"#EXTM3U\n#EXTINF:-1,A\nhttp://a/\n", 0)
    path = store(tmp_path, whole[:-12])
    with open_content(path, wanted=WANTED, sniff=sniff, keep_readable=True) as content:
        assert content.read().startswith(b"#EXTM3U")
        assert content.damage is not None


def test_a_wrong_checksum_is_damage(tmp_path: Path) -> None:
    data = bytearray(FORMS["gzip"])
    data[-6] ^= 0xFF
    with pytest.raises(ArchiveError) as caught:
        read(store(tmp_path, bytes(data)))
    assert caught.value.kind == "damaged"


def test_a_zip_takes_the_first_member_with_the_wanted_ending(tmp_path: Path) -> None:
    data = zipped({"__MACOSX/._a.m3u": b"fork", "x/._a.m3u": b"fork", "z.txt": PLAYLIST, "a.m3u8": b"#EXTM3U\nfirst"})
    with open_content(store(tmp_path, data), wanted=WANTED, sniff=sniff) as content:
        assert content.read() == b"#EXTM3U\nfirst"
        assert content.member == "a.m3u8"


def test_a_zip_without_the_ending_is_searched_by_content(tmp_path: Path) -> None:
    data = zipped({"a.txt": b"notes", "list": b"#EXTM3U\nfound", "b": PLAYLIST}, zipfile.ZIP_STORED)
    assert read(store(tmp_path, data)) == b"#EXTM3U\nfound"


def test_a_zip_without_a_playlist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"contains no \.m3u or \.m3u8 file") as caught:
        read(store(tmp_path, zipped({"a.txt": b"notes"})))
    assert caught.value.kind == "no_member"


def test_a_locked_zip_is_named(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.m3u": PLAYLIST}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    with pytest.raises(ArchiveError, match="password") as caught:
        read(store(tmp_path, bytes(data)))
    assert caught.value.kind == "encrypted"


def test_an_uncommon_packing_inside_a_zip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError) as caught:
        read(store(tmp_path, zipped({"a.m3u": PLAYLIST}, zipfile.ZIP_BZIP2)))
    assert caught.value.kind == "unsupported"


def test_a_cut_zip_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="zip file is damaged"):
        read(store(tmp_path, FORMS["zip"][:-30]))


def test_a_zip_with_a_directory_beyond_reason_is_not_loaded(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.m3u": PLAYLIST}))
    end = data.rindex(b"PK\x05\x06")
    data[end + 12 : end + 16] = (60_000_000).to_bytes(4, "little")
    with pytest.raises(ArchiveError) as caught:
        read(store(tmp_path, bytes(data)))
    assert caught.value.kind == "bomb"


@pytest.mark.parametrize(
    ("start", "name"), [(b"7z\xbc\xaf\x27\x1c", "7-Zip"), (b"Rar!\x1a\x07\x01", "RAR"), (b"BZh9", "bzip2")]
)
def test_other_archives_are_named(tmp_path: Path, start: bytes, name: str) -> None:
    with pytest.raises(ArchiveError, match=name):
        read(store(tmp_path, start + b"0" * 100))


def bomb(packer: str) -> bytes:
    zeros = b"\0" * 1_048_576
    if packer == "xz":
        xz = lzma.LZMACompressor()
        return b"".join(xz.compress(zeros) for _ in range(90)) + xz.flush()
    if packer == "zip":
        return zipped({"a.m3u": zeros * 90})
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb") as file:
        for _ in range(90):
            file.write(zeros)
    return target.getvalue() if packer == "gzip" else gzip.compress(target.getvalue())


def swallow(path: Path, keep: bool) -> None:
    with open_content(path, wanted=WANTED, sniff=sniff, keep_readable=keep) as content:
        while content.read(65_536):
            pass


def test_endless_padding_behind_a_packed_part_is_not_read(tmp_path: Path) -> None:
    with open_content(store(tmp_path, gzip.compress(b"#EXTM3U\n") + b"\0" * 9_000_000), wanted=WANTED, sniff=sniff) as content:
        assert content.read() == b"#EXTM3U\n"
        assert content.bytes_in < 3_000_000


@pytest.mark.parametrize("packer", ["gzip", "xz", "zip", "gzip in gzip"])
@pytest.mark.parametrize("keep", [False, True])
def test_a_bomb_is_stopped_early_and_in_flat_memory(tmp_path: Path, packer: str, keep: bool) -> None:
    path = store(tmp_path, bomb(packer))
    tracemalloc.start()
    with pytest.raises(ArchiveError) as caught:
        swallow(path, keep)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.kind == "bomb"
    assert caught.value.bytes_out < 80 * 1_048_576
    assert peak < 12 * 1_048_576  # xz alone keeps a dictionary of 8 MB


def test_the_size_limit_holds_for_plain_files_too(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="limit in Settings") as caught:
        read(store(tmp_path, b"x" * 3_000_000), max_bytes=2_000_000)
    assert caught.value.kind == "too_large"


def test_bytes_in_grows_to_the_size_on_disk(tmp_path: Path) -> None:
    path = store(tmp_path, gzip.compress(random.Random(1).randbytes(2_000_000)))
    with open_content(path, wanted=WANTED, sniff=sniff) as content:
        content.read(1)
        assert 0 < content.bytes_in < path.stat().st_size
        content.read()
        assert content.bytes_in == path.stat().st_size


@pytest.mark.parametrize("form", FORMS)
def test_head_of_unpacks_the_start_of_a_cut_download(form: str) -> None:
    start = head_of(FORMS[form][:3_000])
    assert start.startswith(b"#EXTM3U" if form != "zip" else b"hello")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from(
        [b"", b"\x1f\x8b", b"\x1f\x8b\x08", b"\xfd7zXZ\x00", b"PK\x03\x04", b"PK\x05\x06", b"PK\x05\x06" + b"\0" * 18]
    ),
    rest=st.binary(max_size=300),
    keep=st.booleans(),
)
def test_hostile_bytes_give_content_or_an_archive_error(tmp_path: Path, start: bytes, rest: bytes, keep: bool) -> None:
    head_of(start + rest)
    with suppress(ArchiveError):  # nothing else may come out
        read(store(tmp_path, start + rest), keep_readable=keep)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.sampled_from(["gzip", "xz", "zip", "zip+gzip", "gzip+gzip"]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.floats(0.01, 1),
)
def test_flipped_and_cut_archives_never_crash(tmp_path: Path, form: str, changes: list[tuple[float, int]], cut: float) -> None:
    data = bytearray(FORMS[form])
    for where, value in changes:
        data[min(len(data) - 1, int(where * len(data)))] = value
    path = store(tmp_path, bytes(data[: int(len(data) * cut)]))
    with suppress(ArchiveError), open_content(path, wanted=WANTED, sniff=sniff) as content:
        assert content.read() is not None
