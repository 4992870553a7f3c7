"""Computes when a schedule runs next (50 §1.5, §1.6). Pure: the clock is an argument."""

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tasks_app.models.schedules import LAST_DAY, ScheduleType
from tasks_app.scheduling.cron import parse_cron
from tasks_app.scheduling.cron_walk import next_match
from tasks_app.scheduling.rules import ScheduleRule
from tasks_app.scheduling.wall_clock import first_instant, on_the_wall

_FIRST_SUNDAY = date(1970, 1, 4)
_FARTHEST = timedelta(days=100)  # every calendar type has a match within two months; the rest is room for odd clocks


def next_run(rule: ScheduleRule, after: datetime, *, last_completed: datetime | None = None) -> datetime | None:
    """The first instant strictly after ``after``, in UTC; None when there is none (cron: within eight years).

    ``last_completed`` matters for intervals only: they count from the end of the last run, or from ``after`` when that
    would already be past (T-9).
    """
    if rule.schedule_type == ScheduleType.INTERVAL:
        return _next_interval(rule, after, last_completed)
    zone = ZoneInfo(rule.timezone)
    if rule.schedule_type == ScheduleType.CRON:
        return next_match(parse_cron(rule.cron_expression), zone, after)
    hour, minute = rule.schedule_time.split(":")
    at = time(int(hour), int(minute))
    for day in _days_from(on_the_wall(after, zone).date()):
        if _matches(rule, day):
            instant = first_instant(datetime.combine(day, at), zone)
            if instant > after:
                return instant
    return None


def upcoming(rule: ScheduleRule, after: datetime, count: int) -> list[datetime]:
    """The next ``count`` instants (fewer when there are no more). An interval is shown as if each run took no time."""
    found: list[datetime] = []
    while len(found) < count:
        moment = next_run(rule, found[-1] if found else after)
        if moment is None:
            break
        found.append(moment)
    return found


def week_number(day: date) -> int:
    """Whole weeks since Sunday 1970-01-04; its parity decides in which weeks a two-weekly schedule runs (T-8)."""
    return (day - _FIRST_SUNDAY).days // 7


def first_parity(rule: ScheduleRule, now: datetime) -> int:
    """Parity of the week in which a two-weekly rule would run first if every week counted."""
    weekly = ScheduleRule(
        ScheduleType.WEEKLY, schedule_time=rule.schedule_time, timezone=rule.timezone, days_of_week=rule.days_of_week
    )
    first = next_run(weekly, now)
    if first is None:
        raise ValueError(f"{rule} never runs")
    return week_number(_local_day(weekly, first)) % 2


def _local_day(rule: ScheduleRule, instant: datetime) -> date:
    """The calendar day that made ``instant`` a match; a gap before midnight may have moved it into the next day."""
    zone = ZoneInfo(rule.timezone)
    day = on_the_wall(instant, zone).date()
    return day if _matches(rule, day) else day - timedelta(days=1)


def _next_interval(rule: ScheduleRule, after: datetime, last_completed: datetime | None) -> datetime:
    if not rule.interval_seconds or rule.interval_seconds < 1:
        raise ValueError("an interval schedule without an interval")
    interval = timedelta(seconds=rule.interval_seconds)
    if last_completed is not None and after < last_completed + interval <= after + interval:
        return last_completed + interval
    return after + interval


def _days_from(today: date) -> Iterator[date]:
    """Yesterday first: a gap around midnight may have moved its run into today."""
    day = today - timedelta(days=1)
    while day <= today + _FARTHEST:
        yield day
        day += timedelta(days=1)


def _matches(rule: ScheduleRule, day: date) -> bool:
    weekday = (day.weekday() + 1) % 7  # 0 = Sunday, like the day picker
    match rule.schedule_type:
        case ScheduleType.DAILY:
            return True
        case ScheduleType.WEEKLY:
            return weekday in rule.days_of_week
        case ScheduleType.BIWEEKLY:
            return weekday in rule.days_of_week and week_number(day) % 2 == rule.week_parity
        case ScheduleType.MONTHLY:
            last = calendar.monthrange(day.year, day.month)[1]
            wanted = last if rule.day_of_month == LAST_DAY else min(rule.day_of_month or 1, last)
            return day.day == wanted
        case _:
            raise ValueError(f"unknown type of schedule: {rule.schedule_type}")
