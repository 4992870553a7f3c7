"""What pages and commands read about the outbox: how much waits, and each change in words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from tasks_app.mirror.bulk_mirrors import all_bulk_mirrors
from tasks_app.mirror.compare import comparable, same
from tasks_app.mirror.kinds import MirroredKind, Values, all_kinds
from tasks_app.mirror.reconcile import DELETED, THERE
from tasks_app.mirror.words import Wording
from tasks_app.models import MirrorLink, OutboxEntry, OutboxState

PAGE_SIZE = 50

CREATE = "create"
UPDATE = "update"
DELETE = "delete"
NOTHING = "nothing"


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

    def entries(self) -> QuerySet[OutboxEntry]:
        """What matches, the longest-waiting first."""
        rows = OutboxEntry.objects.order_by("queued_at", "pk")
        if self.state:
            rows = rows.filter(state=self.state)
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.text:
            rows = rows.filter(name__icontains=self.text)
        return rows


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
    creatable: bool = True
    """Whether such rows can be made on the server from here."""
    undoable: bool = True
    """Whether the journal can bring back what is here, should this change be given up."""


@dataclass(frozen=True)
class QueuePage:
    """One page of rows, the longest-waiting first. ``total`` entries match the filter."""

    rows: list[QueueRow]
    total: int
    page: int
    pages: int


def queue_summary() -> QueueSummary:
    """One query."""
    found = OutboxEntry.objects.aggregate(
        waiting=Count("pk", filter=Q(state=OutboxState.WAITING)),
        parked=Count("pk", filter=Q(state=OutboxState.PARKED)),
        conflicts=Count("pk", filter=Q(state=OutboxState.CONFLICT)),
        oldest=Min("queued_at"),
    )
    return QueueSummary(**found)


def queue_page(wanted: QueueFilter, page: int = 1, *, size: int = PAGE_SIZE) -> QueuePage:
    """The entries of one page in words; a number of queries that does not grow with rows. ``page`` begins at 1; the last one
    is given when there are fewer."""
    entries = wanted.entries()
    total = entries.count()
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    return QueuePage(in_words(list(entries[(page - 1) * size : page * size])), total, page, pages)


def queue_row(entry_id: int) -> QueueRow:
    """One entry. Raises ``OutboxEntry.DoesNotExist``."""
    [row] = in_words([OutboxEntry.objects.get(pk=entry_id)])
    return row


def in_words(entries: Sequence[OutboxEntry]) -> list[QueueRow]:
    """Entries as a page shows them; the number of queries depends on the kinds among them, not on how many there are."""
    kinds = {kind.name: kind for kind in all_kinds()}
    labels = {mirror.name: mirror.label for mirror in all_bulk_mirrors()} | {name: kind.label for name, kind in kinds.items()}
    here: dict[tuple[str, int], Values] = {}
    lasting: set[tuple[str, int]] = set()
    agreed: dict[tuple[str, int], Values] = {}
    for name in {entry.kind for entry in entries}:
        ids = [entry.local_id for entry in entries if entry.kind == name]
        links = MirrorLink.objects.filter(kind=name, local_id__in=ids).values_list("local_id", "agreed")
        agreed |= {(name, local_id): values for local_id, values in links}
        if name in kinds:
            rows = kinds[name].local(ids)
            here |= {(name, local_id): comparable(kinds[name], values) for local_id, values in rows.items()}
            lasting |= {(name, local_id) for local_id, values in rows.items() if kinds[name].comes_back(values)}
    drafts = [_Draft(entry, kinds.get(entry.kind), here, agreed, lasting) for entry in entries]
    wording = Wording(kinds, ((draft.kind, name, value) for draft in drafts for name, value in draft.mentioned()))
    return [draft.finished(labels, wording) for draft in drafts]


class _Draft:
    """A row before its values are put in words: names of what they refer to are read for all rows together."""

    def __init__(
        self,
        entry: OutboxEntry,
        kind: MirroredKind | None,
        here: Mapping[tuple[str, int], Values],
        agreed: Mapping[tuple[str, int], Values],
        lasting: Collection[tuple[str, int]],
    ) -> None:
        key = (entry.kind, entry.local_id)
        self.kind = kind
        self._comes_back = key in lasting
        self._entry = entry
        self._here = here.get(key)
        self._is_linked = key in agreed
        self._agreed = agreed.get(key, {})
        conflict = entry.conflict if entry.state == OutboxState.CONFLICT else {}
        self._deleted = str(conflict.get(DELETED, ""))
        self._sides = {name: sides for name, sides in conflict.items() if name != DELETED and isinstance(sides, dict)}

    @property
    def action(self) -> str:
        if self._here is None:
            return DELETE if self._is_linked else NOTHING
        if not self._is_linked:
            return CREATE
        return UPDATE if self._fields() else NOTHING

    @property
    def undoable(self) -> bool:
        """The journal brings back rows that their kind can make again, and changes of what is no secret."""
        if self.action == CREATE or (self._deleted == THERE and self._here is not None):
            return self._comes_back
        secrets = self.kind.secrets if self.kind is not None else frozenset()
        return self.action != UPDATE or secrets.isdisjoint(self._fields())

    def _fields(self) -> list[str]:
        if self.kind is None:
            return []
        if self._here is None:
            return [name for name in self.kind.fields if name in self._sides]
        return [
            name
            for name in self.kind.fields
            if name in self._sides
            or (self._is_linked and not same(self._here.get(name), self._agreed.get(name)))
            or (not self._is_linked and self._here.get(name) not in (None, "", [], False))
        ]

    def _values(self, name: str) -> tuple[Any, Any, Any]:
        """Before, here, there."""
        sides = self._sides.get(name, {})
        mine = self._here.get(name) if self._here is not None else None
        return self._agreed.get(name, sides.get("base")), mine, sides.get("theirs")

    def mentioned(self) -> list[tuple[str, Any]]:
        return [(name, value) for name in self._fields() for value in self._values(name)]

    def finished(self, labels: Mapping[str, str], wording: Wording) -> QueueRow:
        entry = self._entry
        return QueueRow(
            id=entry.pk,
            kind=entry.kind,
            kind_label=labels.get(entry.kind, entry.kind),
            local_id=entry.local_id,
            name=entry.name or self._own_name(),
            action=self.action,
            state=entry.state,
            reason=entry.reason,
            since=entry.queued_at,
            attempts=entry.attempts,
            next_attempt_at=entry.next_attempt_at,
            deleted=self._deleted,
            asked=bool(entry.wishes),
            differences=[self._difference(name, wording) for name in self._fields()],
            creatable=self.kind is None or self.kind.creatable,
            undoable=self.undoable,
        )

    def _own_name(self) -> str:
        title = self.kind.title if self.kind is not None else ""
        return str((self._here or self._agreed).get(title) or "")

    def _difference(self, name: str, wording: Wording) -> FieldDifference:
        kind = self.kind
        if kind is None:
            raise LookupError(name)
        before, mine, theirs = (wording.of(kind, name, value) for value in self._values(name))
        return FieldDifference(
            field=name,
            label=kind.fields[name],
            before=before if self._is_linked or name in self._sides else "",
            here=mine if self._here is not None else "",
            there=theirs if name in self._sides else "",
            in_conflict=name in self._sides,
        )
