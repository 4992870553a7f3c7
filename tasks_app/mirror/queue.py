"""What pages and commands read about the outbox: how much waits, and each change in words."""

from dataclasses import dataclass, field
from datetime import datetime

PAGE_SIZE = 50


@dataclass(frozen=True)
class QueueSummary:
    """Numbers of entries by state; ``oldest``: since when the first of them waits."""

    waiting: int = 0
    parked: int = 0
    conflicts: int = 0
    oldest: datetime | None = None

    @property
    def total(self) -> int:
        return self.waiting + self.parked + self.conflicts


@dataclass(frozen=True)
class QueueFilter:
    """``state`` of :class:`~tasks_app.models.OutboxState` or "", ``kind`` by name or "", ``text`` within names."""

    state: str = ""
    kind: str = ""
    text: str = ""


@dataclass(frozen=True)
class FieldDifference:
    """One field in words, secrets masked. ``before`` is what both sides agreed on, ``here`` what it is here; ``there`` what
    the server says, known for conflicts only."""

    field: str
    label: str
    before: str
    here: str
    there: str = ""
    in_conflict: bool = False


@dataclass(frozen=True)
class QueueRow:
    """A change that waits. ``action``: "create", "update", "delete", or "nothing" when it was taken back meanwhile."""

    id: int
    kind: str
    kind_label: str
    local_id: int
    name: str
    action: str
    state: str
    reason: str
    since: datetime
    attempts: int
    next_attempt_at: datetime | None
    deleted: str = ""
    """ "here" or "there" for a conflict about a deletion."""
    asked: bool = False
    """An answer was given that the next delivery carries out."""
    differences: list[FieldDifference] = field(default_factory=list)


@dataclass(frozen=True)
class QueuePage:
    """One page of rows, the longest-waiting first. ``total`` entries match the filter."""

    rows: list[QueueRow]
    total: int
    page: int
    pages: int


def queue_summary() -> QueueSummary:
    """One query."""
    raise NotImplementedError


def queue_page(wanted: QueueFilter, page: int = 1, *, size: int = PAGE_SIZE) -> QueuePage:
    """The entries of one page in words; a number of queries that does not grow with rows. ``page`` begins at 1."""
    raise NotImplementedError


def queue_row(entry_id: int) -> QueueRow:
    """One entry. Raises ``OutboxEntry.DoesNotExist``."""
    raise NotImplementedError
