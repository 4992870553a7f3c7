"""Turns cron rows of the product that ECM replaces into typed schedules where one says the same (T-14)."""

import re

from tasks_app.models.schedules import ScheduleType
from tasks_app.scheduling.cron import parse_cron
from tasks_app.scheduling.rules import ScheduleRule

_STEP = re.compile(r"\*/([0-9]+)")


def convert_cron(expression: str, *, timezone: str = "UTC") -> ScheduleRule:
    """The simplest rule that says the same as ``expression``. Raises :class:`tasks_app.scheduling.cron.CronError`."""
    text = parse_cron(expression).text
    minute, hour, day, month, weekday = text.split()
    cron = ScheduleRule(ScheduleType.CRON, timezone=timezone, cron_expression=text)
    if month != "*":
        return cron
    step = _STEP.fullmatch(minute)
    if step and (hour, day, weekday) == ("*", "*", "*"):
        return ScheduleRule(ScheduleType.INTERVAL, 60 * int(step[1]), timezone=timezone)
    if not (minute.isdigit() and hour.isdigit()):
        return cron
    at = f"{int(hour):02}:{int(minute):02}"
    if (day, weekday) == ("*", "*"):
        return ScheduleRule(ScheduleType.DAILY, schedule_time=at, timezone=timezone)
    if day == "*" and (days := _weekdays(weekday)):
        return ScheduleRule(ScheduleType.WEEKLY, schedule_time=at, timezone=timezone, days_of_week=days)
    if weekday == "*" and day.isdigit():
        return ScheduleRule(ScheduleType.MONTHLY, schedule_time=at, timezone=timezone, day_of_month=int(day))
    return cron


def _weekdays(field: str) -> tuple[int, ...]:
    """The days that a list of numbers and ranges names; empty when it says more than that."""
    names = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
    for number, name in enumerate(names):
        field = field.replace(name, str(number))
    if not re.fullmatch(r"[0-7](-[0-7])?(,[0-7](-[0-7])?)*", field):
        return ()
    days: set[int] = set()
    for part in field.split(","):
        first, _, last = part.partition("-")
        days.update(day % 7 for day in range(int(first), int(last or first) + 1))
    return tuple(sorted(days))
