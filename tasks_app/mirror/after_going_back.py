"""A backup of this house that is put back knows nothing of what was delivered since: what it wants to create may be there."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from tasks_app.mirror.creating import note_sent
from tasks_app.mirror.kinds import LinkBook, Values, all_kinds
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.state import is_connected
from tasks_app.models import CreationAttempt, OutboxEntry

Suspicion = Callable[[LinkBook, Mapping[int, Values]], dict[str, Any]]

_suspicions: dict[str, Suspicion] = {}


def register_suspicion(kind: str, details: Suspicion) -> None:
    """For a kind that finds its rows through attempts and by nothing else: ``details`` of one that may have created these rows
    (local id → whole values). Apps do it in ``AppConfig.ready()``."""
    _suspicions[kind] = details


def suspect_creations() -> int:
    """Have rows that wait for their creation looked for on the server first. Returns how many they are."""
    if not is_connected():
        return 0
    links, count = StoredLinks(), 0
    for kind in all_kinds():
        waiting = set(OutboxEntry.objects.filter(kind=kind.name).values_list("local_id", flat=True))
        rows = kind.local(waiting - links.remotes_of(kind.name, waiting).keys()) if waiting else {}
        if not rows:
            continue
        with transaction.atomic():
            note_sent(kind, rows)
            if kind.name in _suspicions:
                CreationAttempt.objects.create(kind=kind.name, details=_suspicions[kind.name](links, rows))
        count += len(rows)
    return count
