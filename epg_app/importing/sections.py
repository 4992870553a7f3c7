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
        ends = _Ends(text)
        begin = search_from = 0
        while (match := _START.search(text, search_from)) is not None:
            start, kind = match.start(), match.group()
            end = ends.of(kind, match.end())
            if end is None and not final and len(text) - start <= MAX_SECTION:
                out.append(text[begin:start])
                return "".join(out), text[start:]
            out.append(text[begin:start])
            if end is None or (kind == "<![CDATA[" and ends.swallows_a_programme(match.end(), end)):
                self._note("open_section", text, start)
                begin = search_from = match.end()  # only its start is taken out; what follows is read as usual
            else:
                out.append(self._replacement(kind, text, start, end))
                begin = search_from = end
        out.append(text[begin:])
        return "".join(out), ""

    def _replacement(self, kind: str, text: str, start: int, end: int) -> str:
        if kind == "<![CDATA[":
            return escape(text[start + len(kind) : end - len("]]>")], quote=False)
        if kind == "<!DOCTYPE" and "<!ENTITY" in text[start:end]:
            self._note("own_entities", text[:end], start)
        return "\n" * text.count("\n", start, end)

    def _note(self, kind: str, text: str, at: int) -> None:
        self._findings.note(kind, line=lambda: self._line + text.count("\n", 0, at), sample=text[at : at + 200])


class _Ends:
    """Finds where sections of one text end. Asked for ever later places, it searches no stretch of the text twice."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[str, int] = {}

    def of(self, kind: str, begin: int) -> int | None:
        """Position behind the end of a section whose content starts at ``begin``; None when it does not end."""
        if kind == "<!DOCTYPE":
            return self._of_doctype(begin)
        mark = _ENDS[kind]
        end = self._next(mark, begin)
        return None if end is None else end + len(mark)

    def swallows_a_programme(self, begin: int, end: int) -> bool:
        """Whether a programme ends in between: then that end belongs to another section."""
        closing = self._next("</programme", begin)
        return closing is not None and closing < end

    def _next(self, mark: str, begin: int) -> int | None:
        found = self._found.get(mark)
        if found is None or 0 <= found < begin:
            found = self._found[mark] = self._text.find(mark, begin)
        return None if found < 0 else found

    def _of_doctype(self, begin: int) -> int | None:
        close = self._next(">", begin)
        subset = self._text.find("[", begin, begin + 2000 if close is None else close)
        if subset >= 0:
            bracket = self._next("]", subset)
            close = None if bracket is None else self._next(">", bracket)
        return None if close is None else close + 1
