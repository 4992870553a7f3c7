"""How long to wait before asking again, and when to stop asking for a while."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ecm_site.dispatcharr.errors import Unreachable

RETRY_AFTER_MAX = 3600.0
_LONGEST_DATE = 64


@dataclass(frozen=True)
class Backoff:
    """Waits between attempts, in seconds: doubling from ``first`` to ``longest``, each shortened at random by up to half so
    that several processes do not knock together."""

    attempts: int = 4
    first: float = 0.4
    longest: float = 8.0
    rng: random.Random = field(default_factory=random.Random)

    def wait(self, attempt: int) -> float:
        """Seconds after the failed attempt number ``attempt`` (from 1)."""
        return min(self.longest, self.first * float(2 ** (attempt - 1))) * (1 - self.rng.random() / 2)


class CircuitBreaker:
    """After ``threshold`` failures in a row nothing is asked for a while; then a single request tries the ground.

    Each further failure doubles the pause up to ``longest`` seconds, so that a server that is down costs a caller
    microseconds and the server, coming up, one request at a time. Threads share it.
    """

    def __init__(
        self,
        *,
        threshold: int = 5,
        first_pause: float = 5.0,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = threshold
        self._first = first_pause
        self._longest = longest
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0
        self._trying = False
        self._why = ""

    @property
    def is_open(self) -> bool:
        """Whether a request now would be turned away."""
        with self._lock:
            return self._failures >= self._threshold and (self._trying or self._clock() < self._open_until)

    def before(self) -> None:
        """Ask for leave to send. Raises :class:`Unreachable` at once while the pause lasts."""
        with self._lock:
            if self._failures < self._threshold:
                return
            left = self._open_until - self._clock()
            if left > 0 or self._trying:
                raise Unreachable(f"{self._why} It will be asked again in {max(left, 1):.0f} s.")
            self._trying = True

    def answered(self) -> None:
        """The server answered, whatever it said."""
        with self._lock:
            self._failures = 0
            self._trying = False

    def failed(self, why: str) -> None:
        """No answer; ``why`` is the sentence that those who are turned away get."""
        with self._lock:
            self._failures += 1
            self._trying = False
            self._why = why
            over = self._failures - self._threshold
            if over >= 0:
                self._open_until = self._clock() + min(self._longest, self._first * float(2 ** min(over, 16)))

    def left_off(self) -> None:
        """The request ended without saying anything about the server (it was stopped by us)."""
        with self._lock:
            self._trying = False


def retry_after_seconds(text: str, *, default: float, date: str = "") -> float:
    """``Retry-After``, seconds or a moment, in seconds; ``default`` when it is missing or nonsense. ``date``: the moment of the
    answer by the server's own clock, which need not go as ours does."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return min(float(text), RETRY_AFTER_MAX)
    until = _moment(text)
    if until is None:
        return default
    return min(max((until - (_moment(date) or datetime.now(UTC))).total_seconds(), 0.0), RETRY_AFTER_MAX)


def _moment(text: str) -> datetime | None:
    """A date as HTTP writes it; None for anything else."""
    if not text.isascii() or len(text) > _LONGEST_DATE:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, LookupError, OverflowError):
        return None
