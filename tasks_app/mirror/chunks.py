"""Many rows, a bounded number at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

SIZE = 500
"""Rows of one transaction, and of one batch that is handed to a kind."""


def chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most ``size``, made as they are asked for."""
    source = iter(rows)
    while part := list(islice(source, size)):
        yield part
