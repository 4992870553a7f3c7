"""Between the wall clock of a time zone and instants, where clocks jump forward or back (T-7, T-12)."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

LARGEST_JUMP = timedelta(hours=3)
"""More than any zone moves its clocks today (two hours, in Antarctica)."""


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """All IANA names this system knows. Reading them takes a moment, so it is done once."""
    return frozenset(available_timezones())


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the naive time ``wall`` is on the clock, in UTC.

    A time that does not exist is read with the offset in force before the jump, so it moves later by the size of the gap;
    of a time that occurs twice it is the first (T-7.2, T-7.3).
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def all_instants(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every instant at which ``wall`` is on the clock: none inside a gap, two in an overlap (T-12)."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) != wall:
        return []
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return [first] if second == first else [first, second]


def on_the_wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clock shows at ``instant``, as a naive time."""
    return instant.astimezone(zone).replace(tzinfo=None)


def jumps_near(instant: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks of ``zone`` move within three hours of ``instant``, before or after."""
    offsets = {(instant + step).astimezone(zone).utcoffset() for step in (-LARGEST_JUMP, timedelta(0), LARGEST_JUMP)}
    return len(offsets) > 1
