"""What the server's refusals mean for a single row."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from ecm_site.dispatcharr.errors import NotFound, Rejected
from tasks_app.mirror.kinds import Delivered, Outcome, Postponed, Refused

VANISHED = "It was deleted on the server a moment ago. Waits for the next look at the server."

MISSING = "Waits: something that it refers to is no longer on the server. Read the accounts and guides again."


def is_about_missing(said: Any) -> bool:
    """Whether a refusal means that a group, stream or logo that is referred to was deleted there a moment ago."""
    if isinstance(said, Rejected):
        return any(map(is_about_missing, said.fields.values()))
    if isinstance(said, dict):
        return any(map(is_about_missing, said.values()))
    if isinstance(said, list):
        return any(map(is_about_missing, said))
    return "object does not exist" in str(said)


class _Row(Protocol):
    @property
    def local_id(self) -> int: ...


R = TypeVar("R", bound=_Row)


def each(rows: Sequence[R], send: Callable[[R], Delivered]) -> Iterator[Outcome]:
    """``send`` for one row after the other. What the server refuses is refused; what it has no longer waits for the next look.

    Every other error is raised: it says something about the server and not about the row.
    """
    for row in rows:
        try:
            yield send(row)
        except Rejected as error:
            yield Refused(row.local_id, str(error))
        except NotFound:
            yield Postponed(row.local_id, VANISHED)
