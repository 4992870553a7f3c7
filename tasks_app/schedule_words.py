"""What pages and the API say about schedules: in words, with the next moments before anything is saved (T-6, T-13)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from cronsim import CronSimError

from tasks_app.models import Schedule
from tasks_app.models.schedules import ScheduleType
from tasks_app.moments import Moment, moment_words
from tasks_app.scheduling.describe import describe
from tasks_app.scheduling.next_run import upcoming
from tasks_app.scheduling.rules import InvalidSchedule, ScheduleRule, clean_rule, rule_of

logger = logging.getLogger(__name__)

PREVIEWED = 3
PREVIEWED_CRON = 5  # T-13


@dataclass(frozen=True)
class Preview:
    """What a rule as typed means; ``problems`` are the sentences that say why it means nothing yet."""

    words: str = ""
    moments: list[Moment] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_off: bool = False


@lru_cache(maxsize=2048)
def described(rule: ScheduleRule) -> str:
    return describe(rule)


def schedule_words(schedule: Schedule) -> str:
    """The stored rule in words; a row that somebody damaged says so instead of taking the page down."""
    try:
        return described(rule_of(schedule))
    except (ValueError, TypeError, CronSimError) as error:
        logger.warning("[TASKS] Schedule %s cannot be put in words: %s", schedule.pk, error)
        return f"{schedule.get_schedule_type_display()} (its rule cannot be read: edit it)"


def preview(values: Mapping[str, Any], now: datetime, *, is_off: bool = False) -> Preview:
    """What ``values`` (named as the fields of a schedule) would do after ``now``."""
    try:
        rule = clean_rule(values, now)
    except InvalidSchedule as invalid:
        return Preview(problems=[text for texts in invalid.errors.values() for text in texts])
    count = PREVIEWED_CRON if rule.schedule_type == ScheduleType.CRON else PREVIEWED
    return Preview(
        words=described(rule),
        moments=[_moment(rule, at, now) for at in upcoming(rule, now, count)],
        is_off=is_off,
    )


def _moment(rule: ScheduleRule, at: datetime, now: datetime) -> Moment:
    wanted = rule.schedule_time if rule.schedule_type not in (ScheduleType.INTERVAL, ScheduleType.CRON) else ""
    return moment_words(at, rule.timezone, now, wanted=wanted)
