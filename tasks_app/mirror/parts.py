"""Rows that are parts of another row, such as the filters of an account: they stay with it, and are made again with it."""

from collections.abc import Collection

from django.db import connection

from ecm_site.dispatcharr.client import Dispatcharr
from tasks_app.mirror.kinds import MirroredKind, all_kinds
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.lost import lost_but_here
from tasks_app.mirror.state import quietly
from tasks_app.mirror.sync_journal import name_of
from tasks_app.models import MirrorLink, OutboxEntry, OutboxState


def with_their_whole(kind: MirroredKind, links: StoredLinks, gone: Collection[int]) -> tuple[set[int], set[int]]:
    """Of ``gone`` (remote ids) those that are parts of a row which stays here although the server has lost it, too: nobody has
    said yet what shall become of it, or it is to be made there again. And those of which the whole goes, or has gone."""
    wholes = _wholes_of(kind)
    ours = links.locals_of(kind.name, gone) if wholes and gone else {}
    here = kind.local(list(ours.values())) if ours else {}
    staying: set[int] = set()
    going: set[int] = set()
    for field, whole in wholes.items():
        of = {remote_id: here[pk][field] for remote_id, pk in ours.items() if pk in here}
        present, lost = whole.local(set(of.values())), lost_but_here(whole, set(of.values()))
        staying |= {remote_id for remote_id, pk in of.items() if pk in lost}
        going |= {remote_id for remote_id, pk in of.items() if pk not in present}
    return staying, going


def make_again_with_their_whole(client: Dispatcharr, kind: MirroredKind, links: StoredLinks) -> None:
    """Parts of rows that were made there anew are made there anew as well: let go of what the server does not have any more
    and queue it, before the new row's own parts are read. A part is linked after its whole, unless that is another one now.

    Raises any ``DispatcharrError``.
    """
    older = {pk for field, whole in _wholes_of(kind).items() for pk in _linked_before(kind, field, whole)}
    if not older:
        return
    left_out = links.left_out(kind.name, afresh=True)
    there = {row[0] for row in kind.read(client, links)}
    remote = links.remotes_of(kind.name, older)
    again = [pk for pk, remote_id in remote.items() if remote_id not in there and not left_out.may_be(remote_id)]
    if not again:
        return
    with quietly():
        MirrorLink.objects.filter(kind=kind.name, local_id__in=again).delete()
        OutboxEntry.objects.filter(kind=kind.name, local_id__in=again).update(
            state=OutboxState.WAITING, reason="", conflict={}, wishes={}, next_attempt_at=None
        )
        rows = [
            OutboxEntry(kind=kind.name, local_id=pk, name=name_of(kind, values)[:512])
            for pk, values in kind.local(again).items()
        ]
        OutboxEntry.objects.bulk_create(rows, ignore_conflicts=True)
    links.forget(kind.name, again)


def _wholes_of(kind: MirroredKind) -> dict[str, MirroredKind]:
    """Kinds that rows of ``kind`` are parts of, by the field that names the row."""
    wholes = {whole.name: whole for whole in all_kinds() if kind.name in whole.parts}
    return {field: wholes[target] for field, target in kind.references.items() if target in wholes}


def _linked_before(kind: MirroredKind, field: str, whole: MirroredKind) -> list[int]:
    """Local ids of parts that are linked for longer than the rows that they are parts of."""
    links = MirrorLink._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT part.local_id FROM {links} AS part CROSS JOIN {links} AS whole"  # noqa: S608 - our own names
            " ON whole.kind = %s AND whole.local_id = json_extract(part.agreed, %s)"
            " WHERE part.kind = %s AND part.id < whole.id",
            [whole.name, f"$.{field}", kind.name],
        )
        return [pk for (pk,) in cursor.fetchall()]
