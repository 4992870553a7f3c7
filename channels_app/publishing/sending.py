"""Answers with published files: ETag, gzip, HEAD, streaming in pieces."""

import hashlib
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from channels_app.publishing.generation import GuideFile, Template
from channels_app.publishing.guide_file import unpacked
from channels_app.publishing.playlist_text import BASE

PIECE = 131_072
PACK_UP_TO = 32 * 1_048_576  # bytes; larger texts go out unpacked rather than through memory
PACKED_MEMORY = 16 * 1_048_576
PACK_LEVEL = 4

_packed: OrderedDict[str, bytes] = OrderedDict()
_packed_lock = threading.Lock()


@dataclass(frozen=True)
class _Answer:
    etag: str
    size: int
    content_type: str
    file_name: str
    encoding: str = ""


def send_template(
    request: HttpRequest, folder: Path, template: Template, *, base: str, head: str = "", content_type: str, file_name: str
) -> HttpResponseBase:
    """Answer with a stored text, ``base`` in place of its placeholders and ``head`` before it.

    The packed form is kept in memory only, since ``base`` may hold an output token; just the most recent ones.
    Raises ``FileNotFoundError`` when the generation was cleared away meanwhile.
    """
    path = folder / template.file
    path.stat()  # now: once the answer has begun it is too late to notice
    begin, address = head.encode(), base.encode()
    fingerprint = hashlib.blake2b(begin + b"\0" + address, digest_size=8).hexdigest()
    etag = f"{template.digest}-{fingerprint}"
    size = len(begin) + template.size + template.bases * (len(address) - len(BASE))
    if accepts_gzip(request) and size <= PACK_UP_TO:
        body = _packed_text(etag, lambda: _filled(path, begin, address))
        answer = _Answer(f"{etag}-gz", len(body), content_type, file_name, encoding="gzip")
        return _respond(request, answer, lambda: iter([body]))
    return _respond(request, _Answer(etag, size, content_type, file_name), lambda: _filled(path, begin, address))


def send_guide(request: HttpRequest, folder: Path, guide: GuideFile, *, as_gz: bool) -> HttpResponseBase:
    """Answer with the XMLTV guide: as a .gz file, packed for transport, or unpacked on the way. Raises as above."""
    path = folder / guide.file
    path.stat()
    if as_gz:
        answer = _Answer(f"{guide.digest}-file", guide.packed_size, "application/gzip", "guide.xml.gz")
        return _respond(request, answer, lambda: _file_pieces(path))
    xml = "application/xml; charset=utf-8"
    if accepts_gzip(request):
        answer = _Answer(f"{guide.digest}-gz", guide.packed_size, xml, "guide.xml", encoding="gzip")
        return _respond(request, answer, lambda: _file_pieces(path))
    return _respond(request, _Answer(guide.digest, guide.size, xml, "guide.xml"), lambda: unpacked(path))


def accepts_gzip(request: HttpRequest) -> bool:
    """Whether the client asked for gzip, as curl, browsers and most players do."""
    for part in request.headers.get("Accept-Encoding", "").lower().split(","):
        name, _, quality = part.partition(";")
        if name.strip() in ("gzip", "x-gzip", "*"):
            value = quality.strip().removeprefix("q=").strip()
            return not value or value.strip("0.") != ""
    return False


def _respond(request: HttpRequest, answer: _Answer, pieces: Callable[[], Iterator[bytes]]) -> HttpResponseBase:
    response: HttpResponseBase
    quoted = f'"{answer.etag}"'
    if _is_known(request, quoted):
        response = HttpResponse(status=304)
        del response["Content-Type"]
    else:
        response = HttpResponse() if request.method == "HEAD" else StreamingHttpResponse(pieces())
        response["Content-Type"] = answer.content_type
        response["Content-Length"] = str(answer.size)
        response["Content-Disposition"] = f'attachment; filename="{answer.file_name}"'
        if answer.encoding:
            response["Content-Encoding"] = answer.encoding
    response["ETag"] = quoted
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = "private, no-cache"  # keep it, but ask before using it again
    return response


def _is_known(request: HttpRequest, quoted: str) -> bool:
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
    return quoted in known or "*" in known


def _file_pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(PIECE):
            yield data


def _filled(path: Path, begin: bytes, address: bytes) -> Iterator[bytes]:
    placeholder = BASE.encode()
    if begin:
        yield begin
    for data in _file_pieces(path):
        yield data.replace(placeholder, address)


def _packed_text(key: str, pieces: Callable[[], Iterator[bytes]]) -> bytes:
    """The packed text from memory; one builder at a time, since packing takes a tenth of a second."""
    with _packed_lock:
        body = _packed.get(key)
        if body is None:
            packer = zlib.compressobj(PACK_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
            body = b"".join([*map(packer.compress, pieces()), packer.flush()])
            _packed[key] = body
            while sum(map(len, _packed.values())) > PACKED_MEMORY and len(_packed) > 1:
                _packed.popitem(last=False)
        _packed.move_to_end(key)
        return body
