"""Pictures for tests, good and hostile, and a server that hands them out."""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from PIL import Image

from ecm_site.tests.http_server import Answer, Server, serving
from m3u_app.models import Account

SCRIPTED_SVG = (
    b'<?xml version="1.0"?><!-- hi --><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    b' onload="alert(1)" width="10" height="10"><script>alert(2)</script><style>@import url(http://evil.example/x)</style>'
    b'<a xlink:href="javascript:alert(3)"><rect width="1"/></a><image href="http://evil.example/spy.png"/>'
    b'<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><script>alert(4)</script></body></foreignObject>'
    b'<rect id="kept" width="9" height="9" fill="url(#g)" style="background:url(\'http://evil.example/\')"/>'
    b'<set attributeName="href" to="javascript:alert(5)"/></svg>'
)


def png(width: int = 60, height: int = 40, colour: str = "#3366cc") -> bytes:
    return picture("PNG", width, height, colour)


def picture(form: str, width: int = 60, height: int = 40, colour: str = "#3366cc") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, form)
    return file.getvalue()


def bomb_png(side: int = 30_000) -> bytes:
    """A few kilobytes that would unpack to gigabytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000)) + chunk(b"IEND", b"")


def sends(data: bytes, content_type: str = "image/png", status: str = "200 OK") -> Answer:
    return lambda call: call.answer(data, status, Content_Type=content_type)


@pytest.fixture
def own_folder(tmp_path: Any, settings: Any) -> None:
    """Uploads and small copies of this test go to a place of their own."""
    settings.UPLOAD_DIR = tmp_path / "uploads"
    settings.CONFIG_DIR = tmp_path / "data"
    (tmp_path / "data").mkdir()
    cache.clear()


@pytest.fixture
def pictures(db: None, own_folder: None) -> Iterator[Server]:
    """A server on this machine that an operator entered as a source, with nothing but ``/good.png`` yet."""
    with serving() as server:
        server.routes["/good.png"] = sends(png())
        Account.objects.create(name="Local", server_url=server.url("/list.m3u"))
        yield server
