"""Marks beside rows of any list: this one differs from the server until it is delivered, or needs an answer.

A view asks once for all rows of its page and hands the answer to the template as ``waits``; the template says
``{% load mirror %}{% waits_for_server "account" account.pk %}`` where the mark belongs.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q

from tasks_app.models import OutboxEntry, OutboxState


@dataclass(frozen=True)
class WaitingRow:
    """A change of one row that the server does not have yet."""

    entry_id: int
    state: str
    since: datetime
    reason: str

    @property
    def needs_answer(self) -> bool:
        return self.state != OutboxState.WAITING


@dataclass(frozen=True)
class WaitingRows:
    """Those rows of a page whose changes wait."""

    found: Mapping[tuple[str, int], WaitingRow] = field(default_factory=dict)

    def of(self, kind: str, local_id: int) -> WaitingRow | None:
        return self.found.get((kind, local_id))

    def __len__(self) -> int:
        return len(self.found)


def waiting_rows(ids: Mapping[str, Collection[int]]) -> WaitingRows:
    """What waits of these rows (kind → local ids), in one query; ``waiting_rows({"account": [1, 2]})``.

    Works the same whether a server is mirrored or not: without one nothing waits.
    """
    wanted = [Q(kind=kind, local_id__in=list(some)) for kind, some in ids.items() if some]
    if not wanted:
        return WaitingRows()
    rows = OutboxEntry.objects.filter(reduce(or_, wanted)).only("kind", "local_id", "state", "queued_at", "reason")
    return WaitingRows({(row.kind, row.local_id): WaitingRow(row.pk, row.state, row.queued_at, row.reason) for row in rows})
