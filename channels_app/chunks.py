"""Bulk work in portions: short transactions, so that nobody waits for the database longer than a moment."""

import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from django.db import connection

T = TypeVar("T")

CHUNK = 500  # rows a query; below SQLite's limit of query values
WRITTEN_AT_ONCE = 250  # rows a transaction, journal entries included: about 0.1 s
_GAP_EVERY = 0.4  # seconds of writing after which others get their turn
_GAP = 0.11  # seconds; a waiting connection looks for the lock at intervals of up to 0.1 s, and would miss a shorter gap


def chunked(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def chunked_writes(items: Sequence[T], size: int = WRITTEN_AT_ONCE) -> Iterator[Sequence[T]]:
    """Like :func:`chunked`, with gaps between portions in which others may write. Make each portion one transaction."""
    last_gap = time.monotonic()
    for start in range(0, len(items), size):
        if start and not connection.in_atomic_block and time.monotonic() - last_gap > _GAP_EVERY:
            time.sleep(_GAP)
            last_gap = time.monotonic()
        yield items[start : start + size]
