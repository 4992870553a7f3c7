"""Reads a long JSON list object by object, in flat memory: a panel's stream list may have 100 MB."""

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

CHUNK_BYTES = 256 * 1024
MAX_RECORD_CHARS = 1_000_000
"""One record longer than this is not a stream entry; reading on would only fill memory."""
MAX_INT_DIGITS = 30
MAX_DOCUMENT_KEYS = 100
Record = tuple[str, dict[str, Any]]
"""The text of one object and what it means."""
_WHITESPACE = " \t\r\n\x00"


class JsonDamaged(Exception):
    """The text is no JSON, or it breaks off. ``excerpt`` is its beginning, for the operator."""

    def __init__(self, message: str, excerpt: str = "") -> None:
        super().__init__(message)
        self.excerpt = excerpt


class JsonIsNoList(Exception):
    """The answer is something else than a list; ``document`` is what it is (an error object, a text, null)."""

    def __init__(self, document: object) -> None:
        super().__init__(f"The answer is {type(document).__name__}, not a list")
        self.document = document


def iter_records(file: BinaryIO, *, chunk_bytes: int = CHUNK_BYTES) -> Iterator[dict[str, Any]]:
    """As :func:`iter_records_with_text`, without the text."""
    return (record for _, record in iter_records_with_text(file, chunk_bytes=chunk_bytes))


def iter_records_with_text(file: BinaryIO, *, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Record]:
    """Yield the objects of the JSON list in ``file``; members that are no objects are passed over.

    Each comes with the text it was decoded from: cheap to compare with what came the last time. A list that PHP wrote as
    an object with numeric keys (``{"0": {…}, "3": {…}}``) is read as a list too. Bytes that are no UTF-8 become
    replacement characters. Raises :class:`JsonIsNoList` for another document and :class:`JsonDamaged` for text that is no
    JSON or breaks off; what was yielded before then must not be trusted to be complete.
    """
    reader = _Reader(file, chunk_bytes)
    opening = reader.peek()
    if opening == "[":
        yield from _list_members(reader)
    elif opening == "{":
        yield from _object_members(reader)
    elif not opening:
        raise JsonDamaged("The answer is empty")
    else:
        raise JsonIsNoList(reader.value())


def load_document(data: bytes) -> object:
    """Decode a short JSON answer. Raises :class:`JsonDamaged` with an excerpt when it is none."""
    text = data.decode("utf-8-sig", errors="replace").strip(_WHITESPACE)
    if not text:
        raise JsonDamaged("The answer is empty")
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise JsonDamaged("The answer is not JSON", text[:300]) from error


def _list_members(reader: "_Reader") -> Iterator[Record]:
    reader.skip()
    if reader.peek() == "]":
        return
    while True:
        value = reader.value()
        if isinstance(value, dict):
            yield reader.value_text, value
        if not reader.separator("]"):
            return


def _object_members(reader: "_Reader") -> Iterator[Record]:
    reader.skip()
    if reader.peek() == "}":
        raise JsonIsNoList({})
    collected: dict[str, Any] = {}
    while True:
        key = reader.value()
        if not isinstance(key, str) or reader.peek() != ":":
            raise reader.damaged()
        reader.skip()
        value = reader.value()
        if key.isdecimal() and isinstance(value, dict):
            yield reader.value_text, value
        elif len(collected) < MAX_DOCUMENT_KEYS:
            collected[key] = value
        if not reader.separator("}"):
            break
    if collected:
        raise JsonIsNoList(collected)


def _safe_int(digits: str) -> int | str:
    """Python refuses to convert thousands of digits; such a "number" stays text and costs only its own record."""
    return int(digits) if len(digits) <= MAX_INT_DIGITS else digits


_DECODER = json.JSONDecoder(parse_int=_safe_int, strict=False)


class _Reader:
    """A window over the text that grows at its end and forgets its beginning."""

    def __init__(self, file: BinaryIO, chunk_bytes: int) -> None:
        self._file = file
        self._chunk_bytes = chunk_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._text = ""
        self._position = 0
        self._at_end = False
        self.value_text = ""
        """What the last value was decoded from."""

    def peek(self) -> str:
        """The next character that is no white space, without taking it; empty at the end."""
        while True:
            while self._position < len(self._text):
                if self._text[self._position] not in _WHITESPACE:
                    return self._text[self._position]
                self._position += 1
            if not self._more():
                return ""

    def skip(self) -> None:
        self._position += 1

    def separator(self, closing: str) -> bool:
        """Take a comma and say that another member follows, or take ``closing`` and say that none does."""
        found = self.peek()
        if found not in (",", closing) or not found:
            raise self.damaged()
        self.skip()
        return found == ","

    def value(self) -> object:
        """Decode the next value, reading on as long as it is incomplete."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._position)
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError) or len(self._text) - self._position > MAX_RECORD_CHARS:
                    raise self.damaged() from error
                if not self._more():
                    raise self.damaged() from error
                continue
            if end == len(self._text) and self._more():
                continue  # a number may go on in the next chunk
            self.value_text = self._text[self._position : end]
            self._position = end
            return value

    def damaged(self) -> JsonDamaged:
        excerpt = self._text[self._position : self._position + 300]
        if not self.peek():
            return JsonDamaged("The answer breaks off", excerpt)
        return JsonDamaged("The answer is not valid JSON", excerpt)

    def _more(self) -> bool:
        if self._at_end:
            return False
        data = self._file.read(self._chunk_bytes)
        self._at_end = not data
        new = self._decoder.decode(data, final=self._at_end)
        self._text = self._text[self._position :] + new
        self._position = 0
        return bool(new) or not self._at_end
