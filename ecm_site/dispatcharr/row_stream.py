"""Reads long lists out of an answer row by row, so that only one row at a time exists as Python objects.

Fifty thousand rows decoded at once take ten times the room of their text.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from ecm_site.dispatcharr.errors import AnsweredElse
from ecm_site.dispatcharr.harmless import TooMuch, harmless, has_odd_letters, no_number, parsed

PIECE: Final = 1_048_576  # bytes decoded at once
ROW_MAX: Final = 8 * 1_048_576  # letters of one row; each further piece reads it again from its start
_BLANKS = re.compile(r"[\s,]*")
_BYTE_ORDER = b"\xef\xbb\xbf"


def is_list(body: bytes) -> bool:
    """Whether the JSON in ``body`` is an array."""
    return body[:64].removeprefix(_BYTE_ORDER).lstrip()[:1] == b"["


def rows_in(body: bytes, *, what: str, key: str = "") -> Iterator[dict[str, Any]]:
    """The objects of the array that ``body`` is, or that its member ``key`` is. Raises :class:`AnsweredElse`."""
    body = body.removeprefix(_BYTE_ORDER)
    start = _start(body, key)
    if start is None:
        yield from _decoded_at_once(body, key, what)
        return
    text = _Window(body, start)
    odd = has_odd_letters(body)
    decode = json.JSONDecoder(parse_constant=no_number).raw_decode
    while True:
        text.skip_blanks()
        if text.next_is("]"):
            return
        row = text.take(decode)
        if not isinstance(row, dict):
            raise _no_list(what)
        yield harmless(row, odd=odd)


class _Window:
    """The part of the text that is being looked at; more is decoded as it is needed."""

    def __init__(self, body: bytes, start: int) -> None:
        self._body = body
        self._from = start
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._text = ""
        self._at = 0

    def skip_blanks(self) -> None:
        while True:
            found = _BLANKS.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text) or not self._more():
                return

    def next_is(self, sign: str) -> bool:
        return self._text.startswith(sign, self._at)

    def take(self, decode: Any) -> Any:
        while True:
            try:
                value, self._at = decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if len(self._text) - self._at > ROW_MAX:
                    raise AnsweredElse(f"Dispatcharr sends a row of more than {ROW_MAX // 1_048_576} MB.") from error
                if not self._more():
                    raise AnsweredElse("Dispatcharr's answer broke off, or is not JSON. Try again.") from error
            else:
                return value

    def _more(self) -> bool:
        if self._from >= len(self._body):
            return False
        piece = self._body[self._from : self._from + PIECE]
        self._from += len(piece)
        try:
            more = self._decoder.decode(piece, self._from >= len(self._body))
        except UnicodeDecodeError as error:
            raise AnsweredElse("Dispatcharr's answer is not written in UTF-8. Does something in between change it?") from error
        self._text = self._text[self._at :] + more
        self._at = 0
        return True


def _start(body: bytes, key: str) -> int | None:
    """Where the array's first row begins; None when it is not where it usually is."""
    pattern = rb'\s*\{\s*"%s"\s*:\s*\[' % re.escape(key.encode()) if key else rb"\s*\["
    found = re.compile(pattern).match(body)
    return found.end() if found else None


def _decoded_at_once(body: bytes, key: str, what: str) -> Iterator[dict[str, Any]]:
    try:
        data = parsed(body)
    except TooMuch as error:
        raise AnsweredElse(f"What Dispatcharr sends when asked to {what} {error}.") from error
    except (ValueError, RecursionError) as error:
        raise _no_list(what) from error
    found = data.get(key) if key and isinstance(data, dict) else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise _no_list(what)
    yield from found


def _no_list(what: str) -> AnsweredElse:
    return AnsweredElse(f"Dispatcharr did not answer with a list when asked to {what}. Is its version supported?")
