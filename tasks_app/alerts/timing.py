"""When waiting alerts may be sent: digest window, pace, pauses after refusals, quiet hours (A-5, A-7). Pure functions.

Nothing here trusts the clock to run forwards: a moment that lies further ahead than anything here can ask for was written
under another time, and is ignored.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

SEND_EVERY = timedelta(seconds=5)
SENDS_PER_HOUR = 30
RETRY_AFTER = (timedelta(seconds=10), timedelta(seconds=60), timedelta(minutes=5))
LONGEST_PAUSE = timedelta(hours=1)
"""The longest that a service may ask us to wait."""
PAUSE_WITHOUT_WORD = timedelta(seconds=60)
"""When a service says "too many" and not for how long."""
GIVE_UP_AFTER = timedelta(hours=24)
"""A message that a service kept putting off."""


@dataclass(frozen=True)
class QuietHours:
    """From and until in local time; until earlier than from = over midnight. Equal or empty = never quiet."""

    start: time | None
    end: time | None
    errors_pass: bool = True

    def holds(self, now: datetime, zone: tzinfo) -> bool:
        if self.start is None or self.end is None or self.start == self.end:
            return False
        local = now.astimezone(zone).time()
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(frozen=True)
class Queue:
    """What is known about one method. ``first_at`` and ``has_error`` are those of the alerts that would be sent next;
    ``is_retry`` = they have been tried before. ``attempts`` are earlier sends of the last hour, in any order.
    """

    first_at: datetime
    has_error: bool
    is_retry: bool
    not_before: datetime | None
    attempts: Sequence[datetime]
    quiet: QuietHours
    errors_skip_window: bool = False


def hold_reason(queue: Queue, now: datetime, *, window: timedelta, zone: tzinfo) -> str:
    """Why these alerts wait at this moment; "" = they may be sent."""
    if queue.quiet.holds(now, zone) and not (queue.quiet.errors_pass and queue.has_error):
        return "quiet hours"
    if queue.not_before is not None and now < queue.not_before <= now + LONGEST_PAUSE:
        return "pause before the next attempt" if queue.is_retry else "the service asked to wait"
    recent = sorted(moment for moment in queue.attempts if now - timedelta(hours=1) < moment <= now)
    if recent and now < recent[-1] + SEND_EVERY:
        return "at most one message in 5 seconds"
    if len(recent) >= SENDS_PER_HOUR:
        return f"at most {SENDS_PER_HOUR} messages an hour"
    if queue.is_retry or (queue.errors_skip_window and queue.has_error):
        return ""
    if queue.first_at <= now < queue.first_at + window:
        return "collecting alerts for one message"
    return ""


def next_pause(attempts: int) -> timedelta | None:
    """How long to wait after the ``attempts``-th attempt failed; None = give up."""
    return RETRY_AFTER[attempts - 1] if 1 <= attempts <= len(RETRY_AFTER) else None


def asked_pause(seconds: float | None) -> timedelta:
    """The pause that a service asks for, within reason."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return PAUSE_WITHOUT_WORD
    return min(timedelta(seconds=min(seconds, LONGEST_PAUSE.total_seconds())), LONGEST_PAUSE)
