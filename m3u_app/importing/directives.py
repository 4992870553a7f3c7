"""Lines between ``#EXTINF`` and the address, and the address line itself (20 §3.4, §3.5)."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from m3u_app.importing.fields import one_line

_PLAYABLE = re.compile(r"(https?|rtmps?|rtsp|rtp|udp|srt|mmsh?)://(?=[^\s/?#|])", re.IGNORECASE)
_VLC_HEADERS = {
    "http-user-agent": "User-Agent",
    "http-referrer": "Referer",
    "http-origin": "Origin",
    "http-cookie": "Cookie",
}
_DRM_PROPERTIES = ("inputstream.adaptive.license_type", "inputstream.adaptive.license_key")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TEXT_LIMIT = 4096  # of one header or option


@dataclass
class Details:
    """What the lines around an entry add to it."""

    group: str = ""
    logo: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    vlc_opts: list[str] = field(default_factory=list)
    kodi_props: list[str] = field(default_factory=list)
    needs_drm: bool = False

    def extras(self) -> dict[str, Any]:
        parts = {"headers": self.headers, "vlc_opts": self.vlc_opts, "kodi_props": self.kodi_props}
        return {key: value for key, value in parts.items() if value}


def apply_directive(line: str, details: Details) -> None:
    """Take in one ``#…`` line; comments and unknown directives change nothing."""
    keyword, colon, value = line.partition(":")
    value = value.strip()
    if not colon or not value or len(value) > _TEXT_LIMIT:
        return
    match keyword.strip().upper():
        case "#EXTGRP":
            details.group = details.group or one_line(value)
        case "#EXTVLCOPT":
            details.vlc_opts.append(value)
            name, _, content = value.partition("=")
            header = _VLC_HEADERS.get(name.strip().lower())
            if header:
                set_header(details.headers, header, content)
        case "#KODIPROP":
            details.kodi_props.append(value)
            name, _, content = value.partition("=")
            if name.strip().lower() in _DRM_PROPERTIES and content.strip():
                details.needs_drm = True
        case "#EXTHTTP":
            _merge_json_headers(value, details.headers)
        case "#EXTIMG" | "#EXTALBUMARTURL":
            details.logo = details.logo or value


def set_header(headers: dict[str, str], name: str, value: str) -> None:
    """Set a request header; one of the same name in other case is replaced. What no request could carry is ignored."""
    name, value = name.strip(), one_line(value)
    if not value or len(value) > _TEXT_LIMIT or not value.isprintable() or not _HEADER_NAME.fullmatch(name):
        return
    for known in [known for known in headers if known.lower() == name.lower()]:
        del headers[known]
    headers[name] = value


def split_url(line: str, headers: dict[str, str]) -> str:
    """Return the address of an address line, or "" when it cannot be played; headers after ``|`` go into ``headers``.

    The scheme becomes lower-case, ``udp://@host`` loses its ``@`` (publishing puts it back for multicast).
    """
    url, _, options = line.partition("|")
    url = url.strip()
    match = _PLAYABLE.match(url)
    if match is None:
        return ""
    for option in options.split("&") if options else ():
        name, equals, value = option.partition("=")
        if equals:
            set_header(headers, unquote(name), unquote(value))
    scheme = match[1].lower()
    rest = url[len(match[1]) :]
    if scheme == "udp" and rest.startswith("://@"):
        rest = "://" + rest[4:]
    return scheme + rest


def looks_playable(line: str) -> bool:
    """True for a line that begins like an address this product can play."""
    return _PLAYABLE.match(line) is not None


def _merge_json_headers(text: str, headers: dict[str, str]) -> None:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(values, dict):
        for name, value in values.items():
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                set_header(headers, name, str(value))
