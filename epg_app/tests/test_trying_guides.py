"""The Test button of a guide source: its first 64 KB, and what they are, in words (30 §2)."""

import gzip
import lzma
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from epg_app.models import GuideSource, SourceType
from epg_app.source_values import SourceRefused, SourceValues
from epg_app.tests.fake_guide_server import GuideServer, guide_server
from epg_app.tests.samples import HTMX, guide_of, make_source
from epg_app.try_source import try_source
from tasks_app.models import JournalEntry, TaskRun

pytestmark = pytest.mark.django_db

ADD = "/guide/add/"


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    settings.CONFIG_DIR = tmp_path
    settings.UPLOAD_DIR = tmp_path / "uploads"


@pytest.fixture
def server() -> Iterator[GuideServer]:
    with guide_server() as server:
        yield server


def zipped(data: bytes, name: str = "guide.xml") -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return packed.getvalue()


def facts_of(data: bytes, server: GuideServer, **values: Any) -> dict[str, str]:
    server.body = data
    report = try_source(SourceValues(name="", url=server.url, **values))
    assert report.ok, report.message
    return dict(report.facts)


GUIDE = guide_of({"a": ["One", "Two"], "b": ["Three"]}).encode()


def test_a_guide_is_recognised_with_its_channels(server: GuideServer) -> None:
    facts = facts_of(GUIDE, server)
    assert facts["Format"] == "XMLTV"
    assert facts["Channels"] == "2: Name a, Name b"
    assert facts["Programmes"].startswith("3, the earliest on 20")
    assert "bytes" in facts["Size"] or "KB" in facts["Size"]


@pytest.mark.parametrize(("pack", "words"), [(gzip.compress, "gz"), (lzma.compress, "xz"), (zipped, "zip")])
def test_packed_guides_say_how(server: GuideServer, pack: Any, words: str) -> None:
    facts = facts_of(pack(GUIDE), server)
    assert facts["Format"] == f"XMLTV, packed as {words}"
    assert facts["Channels"].startswith("2")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_of_a_large_guide_only_the_beginning_is_loaded(server: GuideServer, pack: Any) -> None:
    large = guide_of({f"c{number:06}": () for number in range(20_000)}).encode()
    facts = facts_of(pack(large), server)
    shown = int(facts["Channels so far"].split(":")[0].replace(",", ""))
    assert 100 < shown < 2_000
    assert facts["Channels so far"].endswith(", …")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><head><title>Please sign in</title></head><body>", "web page “Please sign in”"),
        (b"#EXTM3U\n#EXTINF:-1,One\nhttp://x/1\n", "no XMLTV guide. It begins with “#EXTM3U"),
        (b"7z\xbc\xaf\x27\x1c" + b"\0" * 200, "7-Zip"),
        (b"\x00\x01\x02 \xff\xfe nonsense", "no XMLTV guide"),
        (b"<?xml version='1.0'?><tv></tv>", "not a single channel"),
    ],
)
def test_what_is_no_guide_is_told_in_words(server: GuideServer, data: bytes, words: str) -> None:
    server.body = data
    report = try_source(SourceValues(name="", url=server.url))
    assert not report.ok
    assert words in report.message


@pytest.mark.parametrize("status", [404, 403, 500])
def test_answers_that_are_errors_are_told_in_words(server: GuideServer, status: int) -> None:
    server.body, server.status = b"no", status
    report = try_source(SourceValues(name="", url=server.url))
    assert not report.ok
    assert report.message


def test_a_login_is_sent_and_the_stored_one_is_used_when_none_is_typed(server: GuideServer) -> None:
    server.body = GUIDE
    source = make_source(url=server.url, username="alice", password="s3cret-pass")
    try_source(SourceValues(name="Guide", url=None, username="alice", password=None), source)
    assert server.requests[-1]["authorization"].startswith("Basic ")


def test_only_where_the_guide_is_matters() -> None:
    with pytest.raises(SourceRefused) as refused:
        try_source(SourceValues(name="", url="", priority=-4, refresh_interval=9999))
    assert set(refused.value.errors) == {"url"}
    with pytest.raises(SourceRefused) as refused:
        try_source(SourceValues(name="", url="ftp://x/guide.xml"))
    assert set(refused.value.errors) == {"url"}


def test_a_file_is_looked_at_as_well(tmp_path: Path) -> None:
    (tmp_path / "guide.xml").write_bytes(GUIDE)
    report = try_source(SourceValues(name="", source_type=SourceType.XMLTV_FILE, file_path="guide.xml"))
    assert report.ok
    assert dict(report.facts)["Channels"].startswith("2")


def test_the_button_answers_a_part_for_htmx_and_a_page_without_scripts(admin_client: Client, server: GuideServer) -> None:
    server.body = GUIDE
    typed = {"source_type": "xmltv", "url": server.url, "test": "1", "priority": "x", "name": ""}
    part = admin_client.post(ADD, typed, headers=HTMX)
    assert (part.status_code, "<form" in part.content.decode()) == (200, False)
    assert "This is an XMLTV guide." in part.content.decode()
    page = admin_client.post(ADD, typed).content.decode()
    assert "<html" in page
    assert "This is an XMLTV guide." in page
    assert server.url in page, "what was typed is still there"
    assert not GuideSource.objects.exists()
    assert not TaskRun.objects.exists()
    assert not JournalEntry.objects.filter(category="epg").exists()


def test_hostile_names_are_escaped_and_secrets_masked(admin_client: Client, server: GuideServer) -> None:
    server.body = guide_of({"a": ["x"]}).replace("Name a", "&lt;script&gt;alert(1)&lt;/script&gt;").encode()
    url = server.url + "?username=alice&amp;password=s3cret-pass"
    part = admin_client.post(ADD, {"source_type": "xmltv", "url": url, "test": "1"}, headers=HTMX).content.decode()
    assert "<script>" not in part
    assert "&lt;script&gt;" in part
    server.body, server.status = b"no", 404
    part = admin_client.post(ADD, {"source_type": "xmltv", "url": url, "test": "1"}, headers=HTMX).content.decode()
    assert "s3cret-pass" not in part


def test_an_upload_that_was_only_looked_at_is_not_kept(admin_client: Client, tmp_path: Path) -> None:
    file = SimpleUploadedFile("guide.xml", GUIDE)
    part = admin_client.post(ADD, {"source_type": "xmltv_file", "guide_file": file, "test": "1"}, headers=HTMX)
    assert "This is an XMLTV guide." in part.content.decode()
    assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []
    page = admin_client.post(ADD, {"source_type": "xmltv_file", "guide_file": SimpleUploadedFile("g.xml", GUIDE), "test": "1"})
    assert "Kept file" in page.content.decode(), "a page without scripts cannot keep the file itself"


def test_a_wrong_box_is_named(admin_client: Client) -> None:
    part = admin_client.post(ADD, {"source_type": "xmltv", "url": "", "test": "1"}, headers=HTMX).content.decode()
    assert "Correct this, then test again." in part
    assert "Address of the guide" in part
