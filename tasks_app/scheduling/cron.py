"""Reads cron expressions: what is accepted, what is refused, and with which words (T-10, T-11)."""

import re
from dataclasses import dataclass

PRESETS: dict[str, str] = {
    "hourly": "0 * * * *",
    "daily_midnight": "0 0 * * *",
    "daily_3am": "0 3 * * *",
    "daily_noon": "0 12 * * *",
    "weekly_sunday": "0 0 * * 0",
    "weekly_monday": "0 0 * * 1",
    "monthly_first": "0 0 1 * *",
    "every_6_hours": "0 */6 * * *",
    "every_12_hours": "0 */12 * * *",
}
NICKNAMES: dict[str, str] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
LONGEST_TEXT = 200
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_NUMBER = re.compile(r"[0-9]{1,4}")
_ELAPSED_HOURS = re.compile(r"\*(/[0-9]+)?")


class CronError(ValueError):
    """``field`` is minute, hour, day, month or weekday, or "" when the expression as a whole is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    names_from: int = 0

    def error(self, what: str) -> CronError:
        return CronError(self.name, f"{self.name}: {what}")

    def number(self, text: str) -> int:
        """The number that ``text`` writes or names. Raises :class:`CronError`."""
        if text in self.names:
            return self.names.index(text) + self.names_from
        if not _NUMBER.fullmatch(text):
            raise self.error(_oddity(text, self))
        value = int(text)
        if not self.low <= value <= self.high:
            raise self.error(f"{value} is not between {self.low} and {self.high}.")
        return value


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS, 1),
    _Field("weekday", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True)
class CronExpression:
    """A valid expression; ``text`` has five fields in capitals with one space between, presets and nicknames expanded."""

    text: str

    @property
    def follows_elapsed_time(self) -> bool:
        """Whether it skips what a clock change leaves out and repeats what it repeats (T-12)."""
        return bool(_ELAPSED_HOURS.fullmatch(self.text.split()[1]))


def parse_cron(text: str) -> CronExpression:
    """Check and normalise an expression, a preset or a nickname. Raises :class:`CronError`.

    Whether it ever matches is a question of dates, which :func:`tasks_app.scheduling.next_run.next_run` answers.
    """
    given = text.strip()
    if len(given) > LONGEST_TEXT:
        raise CronError("", f"This is longer than {LONGEST_TEXT} characters.")
    given = PRESETS.get(given.lower()) or NICKNAMES.get(given.lower()) or given
    if given.startswith("@"):
        known = ", ".join(NICKNAMES)
        raise CronError("", f"{given.split()[0]} is not supported. Possible are {known}, or five fields.")
    parts = given.upper().split()
    if len(parts) != len(_FIELDS):
        raise CronError("", f"Five fields are needed (minute, hour, day, month, weekday); this has {len(parts)}.")
    for position in (2, 4):
        if parts[position] == "?":
            parts[position] = "*"
    for field, part in zip(_FIELDS, parts, strict=True):
        _check(field, part)
    return CronExpression(" ".join(parts))


def _check(field: _Field, part: str) -> None:
    if field.name == "day" and part == "L":
        return
    for item in part.split(","):
        _check_item(field, item)


def _check_item(field: _Field, item: str) -> None:
    if not item:
        raise field.error("there is nothing between two commas.")
    base, slash, step = item.partition("/")
    if slash:
        if not _NUMBER.fullmatch(step):
            raise field.error(f"the step “{_shown(step)}” is not a whole number.")
        if int(step) == 0:
            raise field.error("a step of 0 is not possible.")
    if base == "*":
        return
    first, dash, last = base.partition("-")
    if dash and not first:
        raise field.error(f"{_shown(base)} is negative.")
    if not dash:
        field.number(base)
        if slash:
            raise field.error(f"a step needs a range, such as */{step} or {_shown(base)}-{field.high}/{step}.")
        return
    start, end = field.number(first), field.number(last)
    if end < start:
        raise field.error(f"the range {_shown(base)} runs backwards.")


def _oddity(text: str, field: _Field) -> str:
    """Why ``text`` is neither a number nor a name."""
    if re.fullmatch(r"[0-9]+\.[0-9]*", text):
        return f"{_shown(text)} is not a whole number."
    if re.fullmatch(r"[0-9]{5,}", text):
        return f"{_shown(text)} is not between {field.low} and {field.high}."
    if re.fullmatch(r"[A-Z0-9]*[#HWRL?~][A-Z0-9]*", text):
        return f"“{_shown(text)}” is not supported."
    return f"“{_shown(text)}” cannot be understood."


def _shown(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:20]}…"
