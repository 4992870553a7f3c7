"""Shares SQLite's one write lock during long work of this app: short turns, and between them a gap that nobody misses.

A waiting connection looks for the lock at growing intervals of up to 100 ms. Pauses shorter than that are easily missed, turn
after turn, until the waiting one gives up; so at least every :data:`GAP_EVERY` seconds the lock stays free for longer.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

TURN = 0.15  # seconds of work in one transaction
GAP_EVERY = 0.2  # seconds that the lock may be ours, turn after turn, before others get a gap
GAP = 0.11  # longer than the longest sleep of SQLite's busy handler
CHECKPOINT_EVERY = 2.0


class WriteTurns:
    """Hands out write transactions for work that is cut by time; see :meth:`turn`."""

    def __init__(self) -> None:
        self.longest = 0.0
        """Seconds of the longest transaction so far, commit included; waiting for the lock not."""
        now = time.monotonic()
        self._released = self._last_gap = self._last_checkpoint = now

    @contextmanager
    def turn(self) -> Iterator["Turn"]:
        """Wait for others if it is time, then run the block in a transaction. The block stops when ``turn.is_over``."""
        self._let_others_in()
        asked = time.monotonic()
        begun = asked
        try:
            with transaction.atomic():
                begun = time.monotonic()
                yield Turn(begun + TURN)
        finally:
            self._released = time.monotonic()
        self.longest = max(self.longest, self._released - begun)
        if begun - asked > GAP:  # others were writing: they had their gap
            self._last_gap = begun

    def _let_others_in(self) -> None:
        now = time.monotonic()
        if connection.in_atomic_block or now - self._last_gap < GAP_EVERY:
            return  # inside a caller's transaction the lock is not ours to give
        if now - self._last_checkpoint > CHECKPOINT_EVERY:
            checkpoint()
            self._last_checkpoint = time.monotonic()
        free = time.monotonic() - self._released
        if free < GAP:
            time.sleep(GAP - free)
        self._last_gap = time.monotonic()


class Turn:
    """One transaction's time."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    @property
    def is_over(self) -> bool:
        """True once the block should come to its end."""
        return time.monotonic() >= self._deadline


def checkpoint() -> None:
    """Fold what can be folded of the write-ahead log into the file, without waiting for anybody."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
