"""What a schedule says about time, and whether it makes sense (50 §1.4, T-4, T-8)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ecm_site.conf import get_settings
from tasks_app.models.schedules import LAST_DAY, LONGEST_INTERVAL, SHORTEST_INTERVAL, Schedule, ScheduleType
from tasks_app.scheduling.cron import CronError, parse_cron
from tasks_app.scheduling.errors import FieldErrors
from tasks_app.scheduling.wall_clock import zone_names

RULE_FIELDS = (
    "schedule_type",
    "interval_seconds",
    "schedule_time",
    "timezone",
    "days_of_week",
    "week_parity",
    "day_of_month",
    "cron_expression",
)
INTERVAL_PRESETS = (300, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400)
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2})")
_WITH_DAYS = (ScheduleType.WEEKLY, ScheduleType.BIWEEKLY)


class InvalidSchedule(FieldErrors):
    """A schedule that makes no sense; ``errors`` has sentences by field, "" stands for the schedule as a whole."""


@dataclass(frozen=True)
class ScheduleRule:
    """When to run; fields that the type does not use are empty. Make one with :func:`clean_rule` or :func:`rule_of`."""

    schedule_type: str
    interval_seconds: int | None = None
    schedule_time: str = ""
    timezone: str = "UTC"
    days_of_week: tuple[int, ...] = ()
    week_parity: int | None = None
    day_of_month: int | None = None
    cron_expression: str = ""

    def values(self) -> dict[str, Any]:
        """The rule as fields of :class:`tasks_app.models.Schedule`."""
        return {**{name: getattr(self, name) for name in RULE_FIELDS}, "days_of_week": list(self.days_of_week)}


def rule_of(schedule: Schedule) -> ScheduleRule:
    """The rule that a stored schedule holds, as it is."""
    values = {name: getattr(schedule, name) for name in RULE_FIELDS}
    return ScheduleRule(**{**values, "days_of_week": tuple(schedule.days_of_week or ())})


def default_zone() -> str:
    """The zone of a schedule that names none: the operator's setting, else UTC."""
    return get_settings().time_zone or "UTC"


def clean_rule(values: Mapping[str, Any], now: datetime) -> ScheduleRule:
    """Check ``values`` (numbers may be texts) and return the rule, with what its type does not use left out.

    A two-weekly rule without a parity gets that of the week of its first match after ``now`` (T-8). A rule that never
    comes true is refused. Raises :class:`InvalidSchedule`.
    """
    from tasks_app.scheduling.next_run import first_parity, next_run

    errors: dict[str, list[str]] = {}

    def checked(field: str, check: Any) -> Any:
        try:
            return check(values.get(field))
        except CronError as problem:
            errors[field] = [problem.message]
        except ValueError as problem:
            errors[field] = [str(problem)]
        return None

    kind = str(values.get("schedule_type") or "")
    if kind not in ScheduleType.values:
        raise InvalidSchedule({"schedule_type": [f"Choose one of {', '.join(ScheduleType.values)}."]})
    given: dict[str, Any] = {"schedule_type": kind, "timezone": checked("timezone", _zone)}
    if kind == ScheduleType.INTERVAL:
        given["interval_seconds"] = checked("interval_seconds", _interval)
    elif kind == ScheduleType.CRON:
        given["cron_expression"] = checked("cron_expression", lambda text: parse_cron(str(text or "")).text)
    else:
        given["schedule_time"] = checked("schedule_time", _time_of_day)
    if kind in _WITH_DAYS:
        given["days_of_week"] = checked("days_of_week", _days)
    if kind == ScheduleType.BIWEEKLY:
        given["week_parity"] = checked("week_parity", _parity)
    if kind == ScheduleType.MONTHLY:
        given["day_of_month"] = checked("day_of_month", _day_of_month)
    if errors:
        raise InvalidSchedule(errors)
    if kind == ScheduleType.BIWEEKLY and given["week_parity"] is None:
        given["week_parity"] = first_parity(ScheduleRule(**given), now)
    rule = ScheduleRule(**given)
    if next_run(rule, now) is None:
        raise InvalidSchedule({"cron_expression": ["This never happens: no date within eight years matches."]})
    return rule


def whole_number(value: Any) -> int | None:
    """The whole number that ``value`` is or writes; None for anything else, also for True and 1.5."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,12}\s*", value):
        return int(value)
    return None


def _zone(value: Any) -> str:
    name = str(value or "").strip() or default_zone()
    if name not in zone_names():
        raise ValueError(f"There is no time zone “{name[:60]}”. Write one such as Europe/Berlin or America/New_York.")
    return name


def _interval(value: Any) -> int:
    seconds = whole_number(value)
    if seconds is None:
        raise ValueError("Say how often, in seconds.")
    if not SHORTEST_INTERVAL <= seconds <= LONGEST_INTERVAL:
        raise ValueError("The interval must lie between 1 minute and 30 days.")
    return seconds


def _time_of_day(value: Any) -> str:
    match = _TIME.fullmatch(str(value or "").strip())
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError("Write a time from 00:00 to 23:59, such as 03:30.")
    return f"{int(match[1]):02}:{int(match[2]):02}"


def _days(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("Choose at least one day.")
    days = [whole_number(day) for day in value]
    if any(day is None or not 0 <= day <= 6 for day in days):
        raise ValueError("Days are numbers from 0 (Sunday) to 6 (Saturday).")
    if len(set(days)) != len(days):
        raise ValueError("Each day may be named once.")
    return tuple(sorted(day for day in days if day is not None))


def _parity(value: Any) -> int | None:
    if value in (None, ""):
        return None
    parity = whole_number(value)
    if parity not in (0, 1):
        raise ValueError("The week must be 0 or 1.")
    return parity


def _day_of_month(value: Any) -> int:
    day = whole_number(value)
    if day is None or not (1 <= day <= 31 or day == LAST_DAY):
        raise ValueError(f"Choose a day from 1 to 31, or {LAST_DAY} for the last day of the month.")
    return day
