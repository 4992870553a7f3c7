"""Reads values out of JSON whose types nobody guarantees (20 §1.6, §24 trap 8). Nothing here ever raises."""

import math
import re
from datetime import UTC, datetime

_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")
_NOTHING = {"", "none", "null", "nan", "undefined"}
_LATEST_SECONDS = 32_503_680_000  # the year 3000; a larger number counts milliseconds


def text_of(value: object) -> str:
    """The value as trimmed text; null, lists and objects are empty. Numbers lose a needless ``.0``."""
    if value is None or isinstance(value, bool | list | dict):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    if not text.isprintable():  # JSON may hold half a character, which neither the database nor a page can take
        text = _HALF_CHARACTERS.sub("\ufffd", text.replace("\x00", ""))
    return text.strip()


def word_of(value: object) -> str:
    """Like :func:`text_of`, but the words "None" and "null" mean nothing too. For ids and addresses, not for names."""
    text = text_of(value)
    return "" if text.lower() in _NOTHING else text


def number_of(value: object) -> int | None:
    """A whole number from an int, a float or text; None for anything else."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    try:
        number = float(value) if isinstance(value, float | str) else math.nan
    except ValueError:
        return None
    return int(number) if math.isfinite(number) else None


def count_of(value: object, *, most: int = 2_000_000_000) -> int:
    """A number for counting: never negative, 0 when unusable, at most ``most``."""
    return min(max(number_of(value) or 0, 0), most)


def flag_of(value: object) -> bool:
    """True for 1, "1" and True; 2, "None" and null are no (20 §25.2 #44)."""
    return value is True or number_of(value) == 1


def moment_of(value: object) -> datetime | None:
    """A time from unix seconds (number or text, milliseconds tolerated) or ISO text; None when it says "never".

    Times without a zone are UTC. ``"1735689600"`` is 2025-01-01 00:00 UTC.
    """
    seconds = None if isinstance(value, bool) else number_of(value)
    if seconds is not None:
        if seconds > _LATEST_SECONDS:
            seconds //= 1000
        if not 0 < seconds <= _LATEST_SECONDS:
            return None
        return datetime.fromtimestamp(seconds, tz=UTC)
    try:
        moment = datetime.fromisoformat(word_of(value))
    except ValueError:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None
