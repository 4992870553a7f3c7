"""Shares the one write lock of SQLite with everybody else during a long import.

A waiting connection looks for the lock at growing intervals of up to 100 ms. So short pauses are not enough, they are
easily missed; at least every GAP_EVERY seconds the lock stays free for longer than that interval, and nobody waits much
longer than GAP_EVERY.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from m3u_app.raw_sql import checkpoint

HOLD_TARGET = 0.15  # seconds that one transaction should take
GAP_EVERY = 0.35
GAP = 0.11  # longer than the longest sleep of SQLite's busy handler
CHECKPOINT_EVERY = 1.5
SMALLEST, FIRST, LARGEST = 1000, 2000, 10_000  # rows a turn


class WriteTurns:
    """Hands out write transactions. ``size`` is how many rows the next one may carry; it follows the machine's speed."""

    def __init__(self) -> None:
        self.size = FIRST
        self.longest = 0.0
        """Seconds of the longest transaction so far, commit included."""
        now = time.monotonic()
        self._released = self._last_gap = self._last_checkpoint = now

    @contextmanager
    def turn(self, rows: int = 0) -> Iterator[None]:
        """Wait for others if it is time, then run the block in a transaction of its own; ``rows`` is its size."""
        self._let_others_in()
        started = time.monotonic()
        try:
            with transaction.atomic():
                begun = time.monotonic()
                yield
        finally:
            self._released = time.monotonic()
        held = self._released - begun  # waiting for the lock says nothing about our own speed
        self.longest = max(self.longest, held)
        if rows >= SMALLEST:
            self.size = min(LARGEST, max(SMALLEST, int(rows * min(2.0, HOLD_TARGET / max(held, 0.001)))))
        if begun - started > GAP:  # others were writing: they had their gap
            self._last_gap = begun

    def _let_others_in(self) -> None:
        now = time.monotonic()
        # Work between two turns is as good as a pause; when it took nearly as long, the rest costs less now than later.
        needed = GAP_EVERY if now - self._released < GAP / 2 else GAP_EVERY / 2
        if now - self._released < GAP and now - self._last_gap < needed:
            return
        if now - self._last_checkpoint > CHECKPOINT_EVERY:
            checkpoint()
            self._last_checkpoint = time.monotonic()
        free = time.monotonic() - self._released
        if free < GAP:
            time.sleep(GAP - free)
        self._last_gap = time.monotonic()
