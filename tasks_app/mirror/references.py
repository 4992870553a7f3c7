"""What hung on a row that was deleted here and comes back: rows that both sides last knew to refer to it."""

from collections.abc import Collection

from tasks_app.mirror.kinds import MirroredKind, Values, all_kinds
from tasks_app.mirror.lost import agreed_on
from tasks_app.mirror.sync_journal import SyncJournal


def put_back_references(kind: MirroredKind, ids: Collection[int], journal: SyncJournal) -> None:
    """Let rows refer to ``ids`` of ``kind`` again that lost them with the deletion, as long as that is not delivered. Inside
    ``quietly``; what is delivered already is the server's by now, and the journal can take it back.
    """
    for other in all_kinds():
        for name, target in other.references.items():
            if target == kind.name:
                _put_back(other, name, set(ids), journal)


def _put_back(kind: MirroredKind, name: str, ids: Collection[int], journal: SyncJournal) -> None:
    agreed = agreed_on(kind, name, ids)
    here = kind.local(list(agreed)) if agreed else {}
    take: dict[int, Values] = {}
    for local_id, mine in here.items():
        before, now = agreed[local_id], mine.get(name)
        if isinstance(before, list) and isinstance(now, list):
            missing = [pk for pk in before if pk in ids and pk not in now]
            if missing:
                take[local_id] = {name: [*now, *missing] if before != sorted(before) else sorted([*now, *missing])}
        elif now is None:
            take[local_id] = {name: before}
    if take:
        kind.change(take)
        journal.write(kind, updated={pk: (here[pk], values) for pk, values in take.items()})
