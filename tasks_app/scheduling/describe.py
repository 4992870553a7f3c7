"""Says in words when a schedule runs (T-6, T-13)."""

import re
from datetime import UTC, datetime

from cronsim import CronSim

from tasks_app.models.schedules import LAST_DAY, ScheduleType
from tasks_app.scheduling.rules import ScheduleRule

_FULL = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_WORDS_FOR_DAYS = {
    (1, 2, 3, 4, 5): "weekdays",
    (0, 6): "weekends",
    (0, 1, 2, 3, 4, 5, 6): "every day",
}
_UNITS = ((86_400, "d", "day"), (3600, "h", "hour"), (60, "m", "minute"), (1, "s", "second"))
_CLOCK = re.compile(r"\b([01][0-9]|2[0-3]):([0-5][0-9])\b")


def describe(rule: ScheduleRule) -> str:
    """The rule in words, e.g. "Weekly on Monday, Wednesday at 9:00 AM (America/New_York)"."""
    match rule.schedule_type:
        case ScheduleType.INTERVAL:
            return describe_interval(rule.interval_seconds or 0)
        case ScheduleType.CRON:
            text = describe_cron(rule.cron_expression)
        case ScheduleType.DAILY:
            text = f"Daily at {clock(rule.schedule_time)}"
        case ScheduleType.WEEKLY:
            text = f"Weekly on {_days(rule.days_of_week)} at {clock(rule.schedule_time)}"
        case ScheduleType.BIWEEKLY:
            text = f"Every 2 weeks on {_days(rule.days_of_week)} at {clock(rule.schedule_time)}"
        case ScheduleType.MONTHLY:
            day = "last day" if rule.day_of_month == LAST_DAY else f"day {rule.day_of_month}"
            text = f"Monthly on {day} at {clock(rule.schedule_time)}"
        case _:
            raise ValueError(f"unknown type of schedule: {rule.schedule_type}")
    return text if rule.timezone == "UTC" else f"{text} ({rule.timezone})"


def describe_interval(seconds: int) -> str:
    """``Every 5 minutes``, ``Every 1h 30m``."""
    parts = []
    for size, letter, word in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append((count, letter, word))
    if len(parts) == 1:
        count, _, word = parts[0]
        return f"Every {count} {word}{'' if count == 1 else 's'}"
    return "Every " + " ".join(f"{count}{letter}" for count, letter, _ in parts)


def describe_cron(expression: str) -> str:
    """A valid expression in words, with the same clock as other schedules."""
    words = CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC)).explain()
    return _CLOCK.sub(lambda match: clock(match[0]), words)


def clock(text: str) -> str:
    """``15:05`` → ``3:05 PM``."""
    hour, minute = (int(part) for part in text.split(":"))
    return f"{hour % 12 or 12}:{minute:02} {'AM' if hour < 12 else 'PM'}"


def _days(days: tuple[int, ...]) -> str:
    ordered = tuple(sorted(days))
    if ordered in _WORDS_FOR_DAYS:
        return _WORDS_FOR_DAYS[ordered]
    return ", ".join(_FULL[day] if len(ordered) <= 3 else _FULL[day][:3] for day in ordered)
