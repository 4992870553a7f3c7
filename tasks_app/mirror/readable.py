"""Rows of the server of a shape that no server gives: each is passed over by itself and told, and the others go on."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import DataError, InterfaceError, ProgrammingError

from tasks_app.mirror.kinds import LinkBook, Values

logger = logging.getLogger(__name__)

NOT_UNDERSTOOD = (
    ArithmeticError, AttributeError, LookupError, TypeError, ValueError,
    ValidationError, DataError, InterfaceError, ProgrammingError,
)  # fmt: skip
"""What values of a shape that nobody promised lead to, and faults of ours."""

Row = tuple[int, Values, Values]
R = TypeVar("R", bound=Mapping[str, Any])
_IDS_BELOW = 2**63


def readable(
    kind: str,
    links: LinkBook,
    rows: Iterable[R],
    translate: Callable[[R], Row | None],
    *,
    id_of: Callable[[R], object] = lambda row: row.get("id"),
) -> Iterator[Row]:
    """What ``translate`` makes of each row, None = it is none of this kind. Rows that it cannot read are left out."""
    for row in rows:
        number = None
        try:
            number = _checked(id_of(row))
            found = translate(row)
        except NOT_UNDERSTOOD as error:
            logger.warning("[MIRROR] %s %s of the server is not understood: %r", kind, number or "(no id)", error)
            links.leave_out(kind, number, words_for(error))
        else:
            if found is not None:
                yield found


def with_ids(kind: str, links: LinkBook, rows: Iterable[R]) -> list[R]:
    """Those rows that have an id that can be one; the others are left out."""
    found: list[R] = []
    for row in rows:
        if is_id(row.get("id")):
            found.append(row)
        else:
            links.leave_out(kind, None, "its id is none")
    return found


def parts_of(kind: str, links: LinkBook, row: Mapping[str, Any], name: str) -> list[Any]:
    """The rows of ``kind`` that the server gives inside another row; none when that part cannot be read."""
    found = row.get(name)
    if not isinstance(found, list):
        links.leave_out(kind, None, f"“{name}” of no. {str(row.get('id'))[:20]} is no list")
        return []
    parts = [part for part in found if isinstance(part, dict)]
    for _ in range(len(found) - len(parts)):
        links.leave_out(kind, None, f"“{name}” of no. {str(row.get('id'))[:20]} holds what is no row")
    return parts


def needed_text(row: Mapping[str, Any], name: str) -> str:
    """A text that every row has. Raises ``ValueError``."""
    found = row.get(name)
    if not isinstance(found, str) or not found.strip():
        raise ValueError(f"its {name.replace('_', ' ')} is missing")
    return found


def is_id(number: object) -> bool:
    """Whether a server of ours gives such an id: no text, fraction or yes, nothing negative or too large to be stored."""
    return type(number) is int and 0 < number < _IDS_BELOW


def _checked(number: object) -> int:
    if not isinstance(number, int) or not is_id(number):
        raise ValueError("its id is none")
    return number


def words_for(error: Exception) -> str:
    """Why a row is not understood. Quotes nothing of the row: values may be secret."""
    if isinstance(error, ValueError) and str(error).startswith("its "):
        return str(error)
    if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str):
        return f"its {error.args[0][:40].replace('_', ' ')} is missing"
    return "it holds something that nobody expects there"
