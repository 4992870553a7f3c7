"""Reads bodies: counts bytes, undoes Content-Encoding, and stops what grows without end."""

import re
from collections.abc import Iterator

import httpx

from ecm_site.fetching.errors import FetchError, server_name, too_large
from ecm_site.unpacking import UnpackError, gunzip, inflate

RATIO_FLOOR = 16 * 1_048_576  # below this size no expansion is suspicious
_CHARSET = re.compile(r"(?i)charset\s*=\s*[\"']?([A-Za-z0-9_.:-]+)")


def content_type(response: httpx.Response) -> str:
    """The bare media type in lower case, e.g. ``audio/x-mpegurl``."""
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


def charset(response: httpx.Response) -> str:
    """The charset the server declares, or the empty text."""
    found = _CHARSET.search(response.headers.get("content-type", ""))
    return found.group(1).lower() if found else ""


def announced_size(response: httpx.Response) -> int:
    """Content-Length in bytes as sent (before decoding); 0 when unknown."""
    value = response.headers.get("content-length", "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0


def encodings(response: httpx.Response) -> list[str]:
    """The Content-Encodings in the order they were applied, without ``identity``."""
    parts = [part.strip().lower() for part in response.headers.get("content-encoding", "").split(",")]
    return [part for part in parts if part and part not in ("identity", "none", "utf-8")]


class BodyReader:
    """Iterates over the decoded body. ``received`` counts the bytes that came over the wire.

    Raises :class:`FetchError`: ``too_large`` beyond ``max_bytes`` or an unpacked/packed ratio beyond ``max_ratio``,
    ``interrupted`` for a body that ends early or cannot be unpacked.
    """

    def __init__(self, response: httpx.Response, *, max_bytes: int, max_ratio: int) -> None:
        self._response = response
        self._max_bytes = max_bytes
        self._max_ratio = max_ratio
        self.received = 0
        self.produced = 0
        announced = announced_size(response)
        if announced > max_bytes:
            raise too_large(response.request.url, max_bytes)
        applied = encodings(response)
        unknown = [name for name in applied if name not in ("gzip", "x-gzip", "deflate")]
        if unknown or len(applied) > 1:
            how = ", ".join(applied)[:60]
            raise FetchError(
                "interrupted",
                f"The server {server_name(response.request.url)} packed its answer with {how}, which was not asked for.",
            )
        self._encoding = applied[0] if applied else ""

    def __iter__(self) -> Iterator[bytes]:
        source = self._wire()
        for piece in self._unpacked(source) if self._encoding else source:
            self.produced += len(piece)
            if self.produced > self._max_bytes:
                raise too_large(self._response.request.url, self._max_bytes)
            if self.produced > RATIO_FLOOR and self.produced > self.received * self._max_ratio:
                raise FetchError(
                    "too_large",
                    f"The server {server_name(self._response.request.url)} sends data that unpacks to more than"
                    f" {self._max_ratio} times its size; that looks like an attack and was stopped.",
                )
            yield piece

    def _wire(self) -> Iterator[bytes]:
        for chunk in self._response.iter_raw():
            self.received += len(chunk)
            if self.received > self._max_bytes:
                raise too_large(self._response.request.url, self._max_bytes)
            if chunk:
                yield chunk

    def _unpacked(self, source: Iterator[bytes]) -> Iterator[bytes]:
        name = server_name(self._response.request.url)
        try:
            yield from inflate(source) if self._encoding == "deflate" else gunzip(source)
        except UnpackError as error:
            if error.truncated:
                message = f"The server {name} broke off before everything had arrived. Try again."
            else:
                message = f"What the server {name} sends is damaged and cannot be unpacked."
            raise FetchError("interrupted", message) from error


def read_start(response: httpx.Response, size: int) -> bytes:
    """The first ``size`` decoded bytes of an error answer; what cannot be decoded is left out."""
    collected = bytearray()
    for piece in BodyReader(response, max_bytes=1 << 40, max_ratio=1 << 20):
        collected += piece
        if len(collected) >= size:
            break
    return bytes(collected[:size])
