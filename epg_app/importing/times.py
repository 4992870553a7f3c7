"""Reads XMLTV times (30 §4.5). Results are whole seconds since 1970 in UTC."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MAX_CACHED: Final = 200_000  # distinct texts; a week of minutes in twenty time zones
MAX_OFFSET_MINUTES: Final = 14 * 60

_SHAPE = re.compile(
    r"\s*([0-9]{4})-?([0-9]{2})-?([0-9]{2})[Tt\s]?([0-9]{2}):?([0-9]{2})(?::?([0-9]{2}))?(?:[.,][0-9]+)?\s*([^0-9\s].{0,40})?\s*",
    re.DOTALL,
)
_OFFSET = re.compile(r"([+-])([0-9]{2})(?::?([0-9]{2}))?")

_ABBREVIATIONS: Final = {
    name: hours * 60
    for name, hours in {
        "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "BST": 1, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
        "IST": 5.5, "JST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
        "EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8,
    }.items()
}  # fmt: skip
"""Minutes east of Greenwich."""


def zone_named(name: str) -> ZoneInfo | timezone:
    """The time zone ``name``; UTC for an empty or unknown one (forms refuse unknown ones)."""
    if not name or name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


class TimeReader:
    """Reads times of one guide. Remembers every text: a guide repeats few of them very often.

    ``assume`` is the zone of times without a usable offset, ``shift_minutes`` is added to every time. ``on_unknown_zone``
    is told the offset part of each distinct text that had to be assumed although it says something.
    """

    def __init__(
        self, assume: ZoneInfo | timezone, shift_minutes: int = 0, on_unknown_zone: Callable[[str], None] | None = None
    ) -> None:
        self._assume = assume
        self._shift = timedelta(minutes=shift_minutes)
        self._on_unknown_zone = on_unknown_zone
        self.cache: dict[str, int | None] = {}
        """For the hot loop: ask here first, and :meth:`read` only for what is missing."""

    def read(self, text: str) -> int | None:
        """Seconds since 1970, or None when the text is no time."""
        if text in self.cache:
            return self.cache[text]
        if len(self.cache) >= MAX_CACHED:
            self.cache.clear()
        value = self.cache[text] = self._read(text)
        return value

    def _read(self, text: str) -> int | None:
        match = _SHAPE.fullmatch(text)
        if match is None:
            return None
        year, month, day, hour, minute, second = (int(part or 0) for part in match.group(1, 2, 3, 4, 5, 6))
        next_day = hour == 24
        try:
            zone = self._zone(match.group(7))
            clock = (0 if next_day else hour, minute, 59 if second == 60 else second)
            moment = datetime(year, month, day, *clock, tzinfo=zone) + timedelta(days=next_day)
            return int((moment.astimezone(UTC) + self._shift).timestamp())
        except (ValueError, OverflowError):
            return None  # an impossible date, or one at the edge of the calendar

    def _zone(self, text: str | None) -> ZoneInfo | timezone:
        text = (text or "").strip()
        if not text:
            return self._assume
        minutes = _offset_minutes(text)
        if minutes is not None:
            return timezone(timedelta(minutes=minutes))
        if self._on_unknown_zone is not None:
            self._on_unknown_zone(text)
        return self._assume


def _offset_minutes(text: str) -> float | None:
    match = _OFFSET.fullmatch(text)
    if match is None:
        return _ABBREVIATIONS.get(text.upper())
    hours, minutes = int(match.group(2)), int(match.group(3) or 0)
    total = hours * 60 + minutes
    if minutes > 59 or total > MAX_OFFSET_MINUTES:
        return None
    return -total if match.group(1) == "-" else total
