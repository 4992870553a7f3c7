"""Tags, attributes and entities of a guide, read forgivingly (30 §4.2)."""

import re
from collections.abc import Callable
from html.entities import html5
from typing import Final

MAX_REMEMBERED: Final = 20_000

# A name is looked for at its first letter only: else a long run of letters without "=" is gone through once per letter.
_ATTRIBUTE = re.compile(r"(?<![^\s=<>\"'/])([^\s=<>\"'/]++)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'<>]+))")
_WELL_FORMED = re.compile(r"(?:\s+[^\s=<>\"'/]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?")
_START_TAG = re.compile(r"((?:[^<>\"']|\"[^\"]*\"|'[^']*')*+)>")
_ENTITY = re.compile(r"&(?:#([0-9]{1,8})|#[xX]([0-9a-fA-F]{1,7})|([A-Za-z][A-Za-z0-9]{0,31}));")
_WINDOWS_1252: Final = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}

OnOddity = Callable[[str, str], None]
"""Told the kind of finding and the text."""


def start_tag(block: str) -> tuple[str, int] | None:
    """The attributes of a start tag and where its content begins, given the text behind its name; None if unreadable.

    A ``>`` inside quotes does not end the tag; where the quotes do not add up, the first ``>`` does.
    """
    match = _START_TAG.match(block)
    if match is not None and "<" not in match.group(1):
        return match.group(1), match.end()
    end = block.find(">")
    if end < 0 or "<" in block[:end]:
        return None
    return block[:end], end + 1


def attributes(text: str) -> dict[str, str]:
    """Attributes of a tag, undecoded; prefixes of names fall away, the first of equal names wins."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        found.setdefault(name.rpartition(":")[2], double or single or bare)
    return found


def is_well_formed(attribute_text: str) -> bool:
    """False when quotes do not add up, usually because a ``>`` in a value ended the tag too early."""
    return _WELL_FORMED.fullmatch(attribute_text) is not None


def end_of_tags(content: str, begin: int, end: int) -> int:
    """Where to stop looking for tags in ``content[begin:end]``: behind the last ``>`` and the text that follows it.

    What comes later are only tags that never end, and every one of them would be searched to the end of the element.
    """
    cut = content.find("<", max(content.rfind(">", begin, end), begin), end)
    return end if cut < 0 else cut


class Decoder:
    """Turns entities into characters. What is not an entity stays as it is, and is reported."""

    def __init__(self, on_oddity: OnOddity) -> None:
        self._on_oddity = on_oddity

    def __call__(self, text: str) -> str:
        """Decode ``text``, which contains a ``&`` (callers look first: most texts do not)."""
        decoded, count = _ENTITY.subn(self._character, text)
        if text.count("&") != count:
            self._on_oddity("bare_ampersand", text)
        return decoded

    def _character(self, match: re.Match[str]) -> str:
        decimal, hexadecimal, name = match.groups()
        if name:
            character = html5.get(f"{name};")
            if character is None:
                self._on_oddity("unknown_entity", match.group())
                return match.group()
            return character
        code = int(decimal) if decimal else int(hexadecimal, 16)
        if code in _WINDOWS_1252:
            return _WINDOWS_1252[code]
        forbidden = code < 32 and code not in (9, 10, 13)
        if forbidden or code > 0x10FFFF or 0xD800 <= code < 0xE000 or code in (0xFFFE, 0xFFFF):
            self._on_oddity("control_character", match.group())
            return ""
        return chr(code)
