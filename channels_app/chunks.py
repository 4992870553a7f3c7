"""Bulk work in portions: short transactions, so that nobody waits for the database longer than a moment."""

import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from django.db import connection

T = TypeVar("T")

CHUNK = 500  # rows a transaction; well under 0.2 s with journal entries, and below SQLite's limit of query values
_PAUSE_S = 0.02  # longer than the first steps of SQLite's busy wait, so that a waiting writer gets its turn


def chunked(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def chunked_writes(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Like :func:`chunked`, with a pause between portions in which others may write."""
    for start in range(0, len(items), size):
        if start and not connection.in_atomic_block:
            time.sleep(_PAUSE_S)
        yield items[start : start + size]
