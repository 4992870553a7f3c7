"""Takes comments, CDATA, instructions and the document type out of the running text of a guide (30 §4.2)."""

import re
from html import escape
from typing import Final

from epg_app.importing.findings import Findings

MAX_SECTION: Final = 4 * 1_048_576  # characters; a longer one counts as never closed
LONGEST_TAG_START: Final = 64  # characters; a tag name with its prefix fits

_START = re.compile(r"<!--|<!\[CDATA\[|<!DOCTYPE|<\?")
_MAYBE_START = re.compile(r"<[!?]").search  # faster than two searches for two characters
_ENDS: Final = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>"}


class SectionRemover:
    """Feed it text piece by piece. CDATA becomes ordinary escaped text, line breaks of removed sections stay.

    One pass, linear also for hostile text: an end that is not found once is not looked for again.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._held = ""
        self._line = 1

    def feed(self, text: str, *, final: bool = False) -> str:
        """What is ready of all text so far. The rest waits: a section that has not ended, or the start of a tag."""
        text = self._held + text
        self._held = ""
        if _MAYBE_START(text):
            ready, self._held = self._without_sections(text, final)
        else:
            ready = text
        if not final and not self._held:
            last = ready.rfind("<", max(0, len(ready) - LONGEST_TAG_START))
            if last >= 0:
                ready, self._held = ready[:last], ready[last:]
        self._line += ready.count("\n")
        return ready

    def _without_sections(self, text: str, final: bool) -> tuple[str, str]:
        out: list[str] = []
        endless: set[str] = set()  # kinds of sections that do not end in the rest of this text
        begin = search_from = 0
        while (match := _START.search(text, search_from)) is not None:
            start, kind = match.start(), match.group()
            end = -1 if kind in endless else _end_of(text, match)
            if end >= 0:
                out.append(text[begin:start])
                out.append(self._replacement(kind, text, start, end))
                begin = search_from = end
            elif final or len(text) - start > MAX_SECTION:
                endless.add(kind)
                out.append(text[begin:start])
                self._findings.note("open_section", line=self._line_at(out), sample=text[start : start + 200])
                begin = search_from = match.end()
            else:
                out.append(text[begin:start])
                return "".join(out), text[start:]
        out.append(text[begin:])
        return "".join(out), ""

    def _replacement(self, kind: str, text: str, start: int, end: int) -> str:
        if kind == "<![CDATA[":
            return escape(text[start + len(kind) : end - len("]]>")], quote=False)
        if kind == "<!DOCTYPE" and "<!ENTITY" in text[start:end]:
            line = self._line + text.count("\n", 0, start)
            self._findings.note("own_entities", line=line, sample=text[start : min(end, start + 200)])
        return "\n" * text.count("\n", start, end)

    def _line_at(self, out: list[str]) -> int:
        return self._line + sum(part.count("\n") for part in out)


def _end_of(text: str, start: re.Match[str]) -> int:
    """Where the section that begins at ``start`` ends; -1 when it does not."""
    kind = start.group()
    if kind == "<!DOCTYPE":
        return _end_of_doctype(text, start.end())
    mark = _ENDS[kind]
    end = text.find(mark, start.end())
    if end < 0:
        return -1
    if kind == "<![CDATA[" and text.find("</programme", start.end(), end) >= 0:
        return -1  # that end belongs to another section: this one was never closed
    return end + len(mark)


def _end_of_doctype(text: str, begin: int) -> int:
    close = text.find(">", begin)
    subset = text.find("[", begin, close) if close >= 0 else text.find("[", begin)
    if subset >= 0:
        bracket = text.find("]", subset)
        close = text.find(">", bracket) if bracket >= 0 else -1
    return close + 1 if close >= 0 else -1
