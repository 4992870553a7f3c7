"""Writes and clears what a house remembers about its rows and a server, in short turns: others edit meanwhile."""

from django.db import models

from tasks_app.mirror.chunks import chunks
from tasks_app.mirror.kinds import MirroredKind, all_kinds
from tasks_app.models import CreationAttempt, MirrorLink, MirrorPull, OutboxEntry
from tasks_app.progress import Progress
from tasks_app.write_turns import WriteTurns

CHUNK = 1000
_MEMORY: tuple[type[models.Model], ...] = (OutboxEntry, MirrorLink, CreationAttempt, MirrorPull)


def note_everything(progress: Progress) -> None:
    """Let every row that no server has wait for delivery. May be done again: what is noted already stays as it is."""
    turns = WriteTurns()
    for kind in all_kinds():
        rows = _unnoted(kind)
        progress.report(phase=f"Noting {kind.label}s"[:40], current=0, total=len(rows))
        done = 0
        for part in chunks(rows, CHUNK):
            progress.raise_if_cancelled()
            with turns.turn():
                OutboxEntry.objects.bulk_create(part, ignore_conflicts=True)
            done += len(part)
            progress.report(current=done)


def _unnoted(kind: MirroredKind) -> list[OutboxEntry]:
    known = set(MirrorLink.objects.filter(kind=kind.name).values_list("local_id", flat=True))
    known.update(OutboxEntry.objects.filter(kind=kind.name).values_list("local_id", flat=True))
    return [
        OutboxEntry(kind=kind.name, local_id=pk, name=str(values.get(kind.title) or "")[:512])
        for pk, values in kind.local().items()
        if pk not in known
    ]


def forget_all(progress: Progress) -> None:
    """Clear what is remembered about a server. May be done again after it was interrupted."""
    turns = WriteTurns()
    for model in _MEMORY:
        rows = model._default_manager.order_by("pk")
        while ids := list(rows.values_list("pk", flat=True)[:CHUNK]):
            progress.raise_if_cancelled()
            with turns.turn():
                model._default_manager.filter(pk__lte=ids[-1])._raw_delete("default")
