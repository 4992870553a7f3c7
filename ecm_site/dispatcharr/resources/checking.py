"""Makes sure that an answer has the shape that was promised, before anybody builds on it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from ecm_site.dispatcharr.errors import AnsweredElse

T = TypeVar("T")


def rows(data: Any, *, what: str) -> list[Any]:
    """``data`` as a list of objects. Raises :class:`AnsweredElse`."""
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise AnsweredElse(f"Dispatcharr did not answer with a list when asked to {what}. Is its version supported?")
    return data


def row(data: Any, *, what: str) -> Any:
    """``data`` as one object. Raises :class:`AnsweredElse`."""
    if not isinstance(data, dict):
        raise AnsweredElse(f"Dispatcharr did not answer with a row when asked to {what}. Is its version supported?")
    return data


def made(data: Any, *, what: str) -> Any:
    """The row that was made. Another answer leaves open whether it was: :class:`AnsweredElse` with ``maybe_done``."""
    found = data.get("id") if isinstance(data, dict) else None
    if type(found) is not int or found <= 0:
        raise AnsweredElse(
            f"Dispatcharr did not answer with the new row when asked to {what}. Is its version supported?", maybe_done=True
        )
    return data


def counted_there(data: Any, key: str) -> int:
    """The number ``key`` of an answer; 0 when it does not say."""
    found = data.get(key) if isinstance(data, dict) else None
    return found if type(found) is int and found > 0 else 0


def ids(data: Any, *, what: str) -> list[int]:
    """``data`` as a list of distinct ids in their order. Raises :class:`AnsweredElse`."""
    if not isinstance(data, list) or not all(type(value) is int and value > 0 for value in data):
        raise AnsweredElse(f"Dispatcharr did not answer with a list of ids when asked to {what}. Is its version supported?")
    return list(dict.fromkeys(data))


def distinct(values: Iterable[int], *, of: str) -> list[int]:
    """``values`` as a list. Raises ``ValueError`` when one comes twice: the server answers 500 to that."""
    found = list(values)
    if len(set(found)) != len(found):
        raise ValueError(f"The same {of} was given twice.")
    return found


def batches(values: Sequence[T], size: int) -> Iterator[list[T]]:
    """``values`` in lists of at most ``size``."""
    source = iter(values)
    while batch := list(islice(source, size)):
        yield batch
