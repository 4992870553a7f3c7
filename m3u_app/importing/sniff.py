"""Tells a playlist from everything else by its first bytes (20 §2.4)."""

import re

from m3u_app.importing.blocks import BlockReader
from m3u_app.importing.directives import looks_playable
from m3u_app.importing.encoding import decode_lines

SNIFF_SIZE = 32 * 1024

EMPTY = "The playlist is empty: the address answered with nothing in it."
WEB_PAGE = "Got a web page instead of a playlist, probably a login or block page."
NOT_A_PLAYLIST = "This is not a playlist: no #EXTM3U, no #EXTINF and no stream address at its beginning."

# Possessive and atomic: a page of nothing but comments or blanks must not make the match go back and forth for hours.
_HTML = re.compile(
    r"(?>\s+|<!--(?>.*?-->)|<\?xml[^>]*+>)*+<(?:!doctype\s+html|html|head|body|script|meta|title|center|h1)\b", re.I | re.S
)
_PLAYLIST_LINE = re.compile(r"#EXTM3U|#EXTINF:", re.IGNORECASE)


def problem_with(start: bytes, charset: str = "") -> str:
    """Return the sentence that says why ``start`` (up to SNIFF_SIZE bytes) begins no playlist, or "" when it does."""
    text = _text(start, charset)
    if not text.strip():
        return EMPTY
    if _HTML.match(text):
        return WEB_PAGE
    if any(_PLAYLIST_LINE.match(line) or looks_playable(line) for line in map(str.strip, text.split("\n"))):
        return ""
    return NOT_A_PLAYLIST


def looks_like_playlist(start: bytes) -> bool:
    """True when ``start`` begins a playlist."""
    return not problem_with(start)


class _Once:
    """The sample as a stream."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int, /) -> bytes:
        data, self._data = self._data[:size], self._data[size:]
        return data


def _text(start: bytes, charset: str) -> str:
    blocks = BlockReader(_Once(start[:SNIFF_SIZE]), charset)
    parts = list(blocks)
    return "".join(decode_lines(part, blocks.encodings) for part in parts).replace("\ufeff", "")
