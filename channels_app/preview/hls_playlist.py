"""Reads HLS playlists (RFC 8216): the little that a preview needs. Pure functions, hostile input."""

import re
from dataclasses import dataclass, field
from urllib.parse import urljoin

from channels_app.preview.errors import PreviewRefused

MOST_SEGMENTS = 20_000
_ATTRIBUTE = re.compile(r'([A-Z0-9-]{1,40})=("[^"\r\n]*"|[^",\s][^,]*)')
_RANGE = re.compile(r"(\d{1,15})(?:@(\d{1,15}))?")
_SHOWN_HEIGHT = 1080  # a preview needs no more


@dataclass(frozen=True)
class Span:
    """Part of a file: ``length`` bytes from ``start``."""

    start: int
    length: int


@dataclass(frozen=True)
class Key:
    """How segments are encrypted (AES-128). ``iv`` None = the segment's number."""

    url: str
    iv: bytes | None


@dataclass(frozen=True)
class Segment:
    number: int
    url: str
    seconds: float
    span: Span | None = None
    key: Key | None = None
    init: tuple[str, Span | None] | None = None


@dataclass(frozen=True)
class MediaPlaylist:
    segments: tuple[Segment, ...]
    target_seconds: float
    is_finished: bool


@dataclass(frozen=True)
class MasterPlaylist:
    """``video`` is the rendition to play; ``audio`` the address of its sound where that comes on its own, else ""."""

    video: str
    audio: str


@dataclass(frozen=True)
class OneAddress:
    """A playlist of an IPTV player with a single entry: the stream itself is elsewhere."""

    url: str


def _joined(base: str, address: str) -> str:
    """``address`` seen from ``base``. Raises :class:`PreviewRefused` for what is no address at all."""
    try:
        return urljoin(base, address)
    except ValueError:
        raise PreviewRefused(502, "The playlist of the source names something that is not an address.") from None


def read_playlist(text: str, base: str) -> MediaPlaylist | MasterPlaylist | OneAddress:
    """Understand ``text``, which came from ``base``. Raises :class:`PreviewRefused` (502)."""
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    if any(line.startswith("#EXT-X-STREAM-INF") for line in lines):
        return _master(lines, base)
    if any(line.startswith("#EXT-X-TARGETDURATION") for line in lines):
        return _Media(base).read(lines)
    addresses = [line for line in lines if not line.startswith("#")]
    if len(addresses) == 1:
        return OneAddress(_joined(base, addresses[0]))
    raise PreviewRefused(502, f"The address leads to a playlist with {len(addresses):,} entries, not to one stream.")


def _attributes(line: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(line.partition(":")[2])}


def _number(text: str, default: float = 0.0) -> float:
    try:
        value = float(text)
    except ValueError:
        return default
    return value if 0 <= value < 1e9 else default


def _master(lines: list[str], base: str) -> MasterPlaylist:
    sounds: dict[str, list[dict[str, str]]] = {}
    variants: list[tuple[dict[str, str], str]] = []
    waiting: dict[str, str] | None = None
    for line in lines:
        if line.startswith("#EXT-X-MEDIA:"):
            found = _attributes(line)
            if found.get("TYPE") == "AUDIO":
                sounds.setdefault(found.get("GROUP-ID", ""), []).append(found)
        elif line.startswith("#EXT-X-STREAM-INF"):
            waiting = _attributes(line)
        elif not line.startswith("#") and waiting is not None:
            variants.append((waiting, line))
            waiting = None
    if not variants:
        raise PreviewRefused(502, "The HLS playlist of the source names no stream.")

    def worth(item: tuple[dict[str, str], str]) -> tuple[bool, float]:
        height = _number(item[0].get("RESOLUTION", "").lower().partition("x")[2])
        return height <= _SHOWN_HEIGHT, _number(item[0].get("BANDWIDTH", ""))

    chosen, address = max(variants, key=worth)
    group = [sound for sound in sounds.get(chosen.get("AUDIO", ""), []) if sound.get("URI")]
    group.sort(key=lambda sound: sound.get("DEFAULT") != "YES")
    muxed = any(not sound.get("URI") for sound in sounds.get(chosen.get("AUDIO", ""), []))
    return MasterPlaylist(_joined(base, address), _joined(base, group[0]["URI"]) if group and not muxed else "")


@dataclass
class _Media:
    """Goes through the lines of a media playlist."""

    base: str
    seconds: float = 0.0
    span: Span | None = None
    key: Key | None = None
    init: tuple[str, Span | None] | None = None
    is_gap: bool = False
    target: float = 6.0
    number: int = 0
    finished: bool = False
    ends: int = 0  # where the last span of a file ended
    found: list[Segment] = field(default_factory=list)

    def read(self, lines: list[str]) -> MediaPlaylist:
        for line in lines:
            if line.startswith("#"):
                self._tag(line)
            elif len(self.found) < MOST_SEGMENTS:
                self._segment(line)
        return MediaPlaylist(tuple(self.found), min(max(self.target, 1.0), 60.0), self.finished)

    def _segment(self, address: str) -> None:
        if not self.is_gap:
            self.found.append(Segment(self.number, _joined(self.base, address), self.seconds, self.span, self.key, self.init))
        self.number += 1
        self.seconds, self.span, self.is_gap = 0.0, None, False

    def _tag(self, line: str) -> None:
        name, _, value = line.partition(":")
        match name:
            case "#EXTINF":
                self.seconds = min(_number(value.partition(",")[0]), 3600.0)
            case "#EXT-X-TARGETDURATION":
                self.target = _number(value, self.target)
            case "#EXT-X-MEDIA-SEQUENCE":
                self.number = int(_number(value)) if not value.isdecimal() or len(value) > 18 else int(value)
            case "#EXT-X-BYTERANGE":
                self.span = self._span(value)
            case "#EXT-X-KEY":
                self.key = self._key(_attributes(line))
            case "#EXT-X-MAP":
                found = _attributes(line)
                self.init = (_joined(self.base, found.get("URI", "")), self._span(found.get("BYTERANGE", ""), alone=True))
            case "#EXT-X-GAP":
                self.is_gap = True
            case "#EXT-X-ENDLIST":
                self.finished = True

    def _span(self, text: str, *, alone: bool = False) -> Span | None:
        match = _RANGE.fullmatch(text.strip())
        if match is None:
            return None
        start = int(match[2]) if match[2] else (0 if alone else self.ends)
        if not alone:
            self.ends = start + int(match[1])
        return Span(start, int(match[1]))

    def _key(self, found: dict[str, str]) -> Key | None:
        method = found.get("METHOD", "NONE")
        if method == "NONE":
            return None
        if method != "AES-128" or found.get("KEYFORMAT", "identity") != "identity" or not found.get("URI"):
            raise PreviewRefused(502, "This stream is copy-protected (DRM): only the provider's own player shows it.")
        written = found.get("IV", "")
        iv = None
        if re.fullmatch(r"0[xX][0-9a-fA-F]{1,32}", written):
            iv = int(written, 16).to_bytes(16, "big")
        return Key(_joined(self.base, found["URI"]), iv)
