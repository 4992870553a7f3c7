"""Cuts the text of a guide into its channel and programme elements (30 §4.2, §4.4).

Why not an XML parser: real guides are broken, and a parser stops at the first bare ``&``, cut end or stray byte, so a
second, recovering parser would have to take over, with other rules. Cutting at the two kinds of start tags needs no
recovery, skips what no channel uses at the price of a text search, and is faster (docs/performance.md). Whatever stands
outside the two elements is ignored: root, junk that proxies inject, unknown elements. Nothing is ever expanded or
fetched: entities that a document type declares have no meaning here.

The tests hold it to what ElementTree makes of the same document wherever that can be read at all.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from epg_app.importing.findings import Findings
from epg_app.importing.sections import SectionRemover

MAX_ELEMENT: Final = 8 * 1_048_576  # characters of one element; a programme has a few hundred
HEAD: Final = 65_536  # characters in which namespace prefixes are looked for
MAX_PREFIXES: Final = 16  # each costs a search through the whole guide; real ones declare one or two

PROGRAMME: Final = "<programme"
CHANNEL: Final = "<channel"

_PREFIX = re.compile(r"\sxmlns:([\w.-]{1,40})\s*=")
_ROOT = re.compile(r"<tv[\s>/]")


@dataclass
class Piece:
    """Elements that stood together. ``programmes`` holds the text behind each ``<programme``, ``channels`` behind each
    ``<channel``, both up to the end tag and beyond it to the next start tag."""

    line: int
    """Line of the file at which the piece begins."""
    text: str
    programmes: list[str]
    channels: list[str] = field(default_factory=list)

    def line_of_programme(self, index: int) -> int:
        before = self.text.find(PROGRAMME)
        return self.line + self.text.count("\n", 0, before) + sum(part.count("\n") for part in self.programmes[:index])

    def line_of_channel(self, block: str) -> int:
        return self.line + self.text.count("\n", 0, max(0, self.text.find(block)))


class Cutter:
    """Iterate over it to get the pieces of a guide, whose clean text comes in ``texts`` of any size."""

    def __init__(self, texts: Iterator[str], findings: Findings) -> None:
        self._texts = texts
        self._findings = findings
        self._sections = SectionRemover(findings)
        self._prefixes: list[str] = []
        self._line = 1

    def __iter__(self) -> Iterator[Piece]:
        head = self._read_head()
        rooted = _ROOT.search(self._without_prefixes(head)) is not None
        waiting = ""
        for text in chain([head], self._texts):
            waiting += self._without_prefixes(self._sections.feed(text))
            cut = waiting.rfind(PROGRAMME)
            cut = max(cut, waiting.rfind(CHANNEL, max(cut, 0)))
            if cut > 0:
                yield self._piece(waiting[:cut])
                waiting = waiting[cut:]
            if len(waiting) > MAX_ELEMENT:
                self._findings.note("oversized", line=self._line, sample=waiting[:300])
                self._line += waiting.count("\n")
                waiting = ""  # the rest of it counts as text between elements and is ignored
        waiting += self._without_prefixes(self._sections.feed("", final=True))
        if rooted and "</tv" not in waiting:
            end = self._line + waiting.count("\n")
            self._findings.note("cut", line=end, sample=waiting[-200:])
        if waiting:
            yield self._piece(waiting)

    def _read_head(self) -> str:
        head = ""
        for text in self._texts:
            head += text
            if len(head) >= HEAD:
                break
        self._prefixes = list(dict.fromkeys(_PREFIX.findall(head[:HEAD])))[:MAX_PREFIXES]
        return head

    def _without_prefixes(self, text: str) -> str:
        for prefix in self._prefixes:
            text = text.replace(f"<{prefix}:", "<").replace(f"</{prefix}:", "</")
        return text

    def _piece(self, text: str) -> Piece:
        before, *programmes = text.split(PROGRAMME)
        channels: list[str] = []
        if CHANNEL in text:
            channels = _channels(before)
            for index, part in enumerate(programmes):
                if CHANNEL not in part:
                    continue
                end = part.find("</programme")
                begin = part.find(CHANNEL, max(end, 0))
                if begin >= 0:
                    channels += _channels(part[begin:])
                    programmes[index] = part[:begin]
        piece = Piece(self._line, text, programmes, channels)
        self._line += text.count("\n")
        return piece


def _channels(text: str) -> list[str]:
    return [block for block in text.split(CHANNEL)[1:] if block[:1] in " \t\n/>"]
