"""What a comparison of rows wants done, and doing it: rows and links here, entries, the journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import connection

from tasks_app.journal import Actor, acting_as, current_actor
from tasks_app.mirror.agreed import Found, write_links
from tasks_app.mirror.bulk_mirrors import PullCounts
from tasks_app.mirror.compare import comparable
from tasks_app.mirror.identity import marked
from tasks_app.mirror.kinds import MirroredKind, Values
from tasks_app.mirror.references import put_back_references
from tasks_app.mirror.sync_journal import SyncJournal, name_of
from tasks_app.models import MirrorLink, OutboxEntry


@dataclass
class Effects:
    """What one comparison wants done, gathered so that it takes the same few statements for one row and for 500."""

    take: dict[int, Values] = field(default_factory=dict)
    books: dict[int, Values] = field(default_factory=dict)
    remove: list[int] = field(default_factory=list)
    bring: dict[int, MirrorLink] = field(default_factory=dict)  # remote id → link of a row that comes back here
    links: list[MirrorLink] = field(default_factory=list)
    unlink: list[int] = field(default_factory=list)  # local ids
    entries: list[OutboxEntry] = field(default_factory=list)
    done: list[int] = field(default_factory=list)  # local ids whose entries go
    wished: dict[int, Actor] = field(default_factory=dict)


@dataclass
class Moved:
    """Links that were made (local id, remote id) and dropped (local id)."""

    made: list[tuple[int, int]] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)


def carry_out(
    kind: MirroredKind,
    effects: Effects,
    here: Mapping[int, Values],
    found: Mapping[int, Found | None],
    *,
    journal: SyncJournal,
    counts: PullCounts,
) -> Moved:
    """Inside ``quietly``. ``here``: our rows as they were; ``found``: what the server says (remote id → row)."""
    moved = Moved()
    if effects.remove:
        kind.remove(effects.remove)
        counts.deleted += len(effects.remove)
    if effects.unlink:
        MirrorLink.objects.filter(kind=kind.name, local_id__in=effects.unlink).delete()
        moved.dropped += effects.unlink
    if effects.take:
        kind.change(effects.take)
        counts.updated += len(effects.take)
    if effects.books:
        kind.keep_books(effects.books)
    write_links(effects.links)
    brought = _bring_back(kind, effects.bring, found, moved)
    if brought:
        counts.created += len(brought)
        put_back_references(kind, [new for new, _ in brought.values()], journal)
    for entry in effects.entries:
        entry.save()
    if effects.done:
        OutboxEntry.objects.filter(kind=kind.name, local_id__in=effects.done).delete()
    _tell(kind, effects, here, brought, journal)
    return moved


def _bring_back(
    kind: MirroredKind, bring: Mapping[int, MirrorLink], found: Mapping[int, Found | None], moved: Moved
) -> dict[int, tuple[int, Values]]:
    """Make rows again that are gone here though the server has them: old local id → (new one, values)."""
    rows = {remote_id: server for remote_id in bring if (server := found[remote_id]) is not None}
    if not rows:
        return {}
    made = kind.store(
        {remote_id: row[0] for remote_id, row in rows.items()}, {remote_id: row[1] for remote_id, row in rows.items()}
    )
    if kind.id_table:
        made = _with_old_ids(kind, made, bring)
    brought: dict[int, tuple[int, Values]] = {}
    for remote_id, local_id in made.items():
        link = bring[remote_id]
        brought[link.local_id] = (local_id, rows[remote_id][0])
        moved.dropped.append(link.local_id)
        moved.made.append((local_id, remote_id))
        values, books = rows[remote_id]
        link.local_id, link.sent = local_id, {}
        link.agreed = marked(kind, comparable(kind, values), books, link.agreed)
        link.save(update_fields=["local_id", "agreed", "sent", "stand_in"])
        if link.stand_in:
            OutboxEntry.objects.create(kind=link.kind, local_id=local_id, name=name_of(kind, rows[remote_id][0])[:512])
    return brought


def _with_old_ids(kind: MirroredKind, made: Mapping[int, int], bring: Mapping[int, MirrorLink]) -> dict[int, int]:
    """What knew these rows by their ids – settings, undo, changes that wait – finds them again."""
    old = {remote_id: bring[remote_id].local_id for remote_id in made}
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {kind.id_table} SET id = %s WHERE id = %s",  # noqa: S608
            [(old[remote_id], local_id) for remote_id, local_id in made.items()],
        )
    return old


def _tell(
    kind: MirroredKind,
    effects: Effects,
    here: Mapping[int, Values],
    brought: Mapping[int, tuple[int, Values]],
    journal: SyncJournal,
) -> None:
    """Journal it: what somebody wished for in their name, the rest as the server's doing."""
    actors = {pk: actor for pk, actor in effects.wished.items() if pk in effects.take or pk in brought or pk in here}
    for actor in {None, *actors.values()}:

        def mine(pk: int, of: Actor | None = actor) -> bool:
            return actors.get(pk) == of

        with acting_as(actor or current_actor()):
            journal.write(
                kind,
                created={new: values for old, (new, values) in brought.items() if mine(old)},
                updated={pk: (here[pk], values) for pk, values in effects.take.items() if mine(pk)},
                deleted={pk: here[pk] for pk in effects.remove if mine(pk)},
            )
