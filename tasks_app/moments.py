"""How moments to come are worded on screen (50 §1.10)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DUE_GRACE = timedelta(minutes=2)
"""A tick comes about once a minute: until two are missed, what is due is about to start and not overdue."""


@dataclass(frozen=True)
class Moment:
    """A coming run as it is shown before saving: in words, in the schedule's zone, in UTC."""

    at: datetime
    words: str
    local: str
    utc: str
    note: str = ""


def until(at: datetime, now: datetime) -> str:
    """``in 12m``, ``in 3h``, ``in 2d``; ``Due now`` and ``Overdue`` once it has come."""
    left = at - now
    if left <= -DUE_GRACE:
        return "Overdue"
    if left <= timedelta(0):
        return "Due now"
    minutes = int(left.total_seconds() // 60)
    if minutes < 1:
        return "in <1m"
    if minutes < 60:
        return f"in {minutes}m"
    return f"in {minutes // 60}h" if minutes < 24 * 60 else f"in {minutes // (24 * 60)}d"


def ago(at: datetime, now: datetime) -> str:
    """``just now``, ``5m ago``, ``3h ago``, ``6d ago``."""
    minutes = int((now - at).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes}m ago"
    return f"{minutes // 60}h ago" if minutes < 24 * 60 else f"{minutes // (24 * 60)}d ago"


def long_words(length: timedelta) -> str:
    """``3d 7h``, ``1h 5m``, ``12m``: the two largest units, whole minutes at least."""
    minutes = max(0, int(length.total_seconds() // 60))
    for size, unit, smaller, smaller_unit in ((1440, "d", 60, "h"), (60, "h", 1, "m")):
        if minutes >= size:
            rest = minutes % size // smaller
            return f"{minutes // size}{unit} {rest}{smaller_unit}" if rest else f"{minutes // size}{unit}"
    return f"{minutes}m"


def is_overdue(at: datetime | None, now: datetime) -> bool:
    return at is not None and now - at >= DUE_GRACE


def day_words(at: datetime, now: datetime) -> str:
    """ "Today", "Tomorrow", "Wednesday" within the week, else "Wednesday, 6 May 2026"; both in the zone of ``at``."""
    days = (at.date() - now.astimezone(at.tzinfo).date()).days
    if days in (0, 1):
        return "Tomorrow" if days else "Today"
    if 0 < days < 7:
        return f"{at:%A}"
    return f"{at:%A}, {at.day} {at:%B %Y}"


def moment_words(at: datetime, zone: str, now: datetime, *, wanted: str = "") -> Moment:
    """``at`` for a person who plans in ``zone`` (an IANA name that exists); a note when it is not at ``wanted`` (HH:MM)."""
    local = at.astimezone(ZoneInfo(zone))
    clock = f"{local:%H:%M}"
    utc = at.astimezone(UTC)
    return Moment(
        at=at,
        words=f"{day_words(local, now)} at {clock}, {until(at, now)}",
        local=f"{local:%a} {local.day} {local:%b %Y}, {clock} {local.tzname() or ''}".strip(),
        utc=f"{utc:%a} {utc.day} {utc:%b %Y}, {utc:%H:%M} UTC",
        note=f"The clocks change: there is no {wanted} that day." if wanted and clock != wanted else "",
    )
