"""Finds the next match of a cron expression. cronsim walks the calendar; clock changes are ours, because it has other
rules for them (an expression with ``*/30`` minutes and a fixed hour, midnights that do not exist)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from tasks_app.scheduling.cron import CronExpression
from tasks_app.scheduling.wall_clock import LARGEST_JUMP, all_instants, first_instant, jumps_near, on_the_wall

HORIZON = timedelta(days=8 * 366)
"""What has no match within eight years never happens (T-11)."""


def next_match(expression: CronExpression, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first instant strictly after ``after``, in UTC; None when there is none within eight years (T-12)."""
    start = on_the_wall(after, zone)
    if jumps_near(after, zone):
        start -= LARGEST_JUMP
    instants = all_instants if expression.follows_elapsed_time else _first_only
    best: datetime | None = None
    for wall in _matches(expression, start):
        if best is not None and wall >= on_the_wall(best, zone) and first_instant(wall, zone) >= best:
            break
        for instant in instants(wall, zone):
            if instant > after and (best is None or instant < best):
                best = instant
    return best


def _first_only(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    return [first_instant(wall, zone)]


def _matches(expression: CronExpression, start: datetime) -> Iterator[datetime]:
    """Naive times that match, from the minute of ``start`` on."""
    end = start + HORIZON
    try:
        walk = CronSim(expression.text, start.replace(second=0, microsecond=0) - timedelta(seconds=1))
    except CronSimError:  # it knows that no chosen month has the chosen day
        return
    for wall in walk:
        if wall > end:
            return
        yield wall
