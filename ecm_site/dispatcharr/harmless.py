"""JSON of strangers: read only if it fits into memory, with everything made harmless that no database and no page can take."""

import json
import re
from math import isfinite
from typing import Any, Final

DEPTH_MAX: Final = 64
"""Levels of lists and objects; what is deeper is cut off. Rows have five or so, and Python's own limit is soon reached."""
ROOM_MAX: Final = 768 * 1_048_576
"""Bytes that an answer may need once it is read. A hundred thousand channels need 400 MB."""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_NUL = rb"\u0000"
_MOST = 2**63 - 1


class TooMuch(ValueError):
    """The answer would need more than ``ROOM_MAX``. ``str()`` is a part of a sentence."""


def parsed(body: bytes) -> Any:
    """JSON with numbers that are none or too large as null, halves of letters as question marks, and no NULs in texts.

    Raises ``ValueError`` (:class:`TooMuch` before anything is read) and ``RecursionError``.
    """
    if _room(body) > ROOM_MAX:
        raise TooMuch(f"holds more than ECM can hold in {ROOM_MAX // 1_048_576} MB of memory")
    return harmless(json.loads(body.decode("utf-8-sig"), parse_constant=no_number), odd=has_odd_letters(body))


def harmless(value: Any, *, odd: bool) -> Any:
    """``value`` as :func:`parsed` gives it. ``odd``: letters have to be looked at as well.

    Raises ``RecursionError``, though for nothing that has just been read.
    """
    holder = [value]
    _tame(holder)
    if not odd:
        return holder[0]
    text = json.dumps(holder[0], ensure_ascii=False).encode("utf-8", "replace")
    return json.loads(text.replace(_NUL, b"") if b"\\\\" not in text else _without_nul(text))


def has_odd_letters(body: bytes) -> bool:
    """Whether there may be halves of letters or NULs in this JSON."""
    return _NUL in body or _SURROGATE.search(body) is not None


def no_number(_name: str) -> None:
    """What NaN and Infinity become, which are no JSON."""


def _without_nul(text: bytes) -> bytes:
    """Without escaped NULs; an escaped backslash before a "u0000" is text that somebody wrote."""
    return re.sub(rb"\\(?:u0000|(.))", lambda found: b"" if found[1] is None else found[0], text, flags=re.DOTALL)


def _room(body: bytes) -> int:
    """Bytes that ``body`` takes at most as text and as objects, guessed from its signs without reading it."""
    text = len(body) if body.isascii() else 4 * len(body)
    return text + 64 * (body.count(b",") + body.count(b"[")) + 240 * body.count(b"{")


def _tame(top: list[Any]) -> None:
    """Cut what is too deep, and make null of numbers that do not fit. Without recursion, level by level."""
    level: list[Any] = [top]
    for _depth in range(DEPTH_MAX + 1):
        below: list[Any] = []
        for holder in level:
            for key, value in holder.items() if holder.__class__ is dict else enumerate(holder):
                kind = value.__class__
                if kind is str or value is None:
                    continue
                if kind is dict or kind is list:
                    if value:
                        below.append(value)
                elif (kind is int and not -_MOST <= value <= _MOST) or (kind is float and not isfinite(value)):
                    holder[key] = None
        if not below:
            return
        level = below
    for holder in level:
        holder.clear()
