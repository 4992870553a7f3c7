"""What the server has lost and is here all the same, until somebody says what shall become of it; and what refers to that.

The server takes streams off channels with their account, and the like. Here such references stay for as long as the question
is open: they read as if the server had them still. What is given up takes them along; what is to be made there again is sent
again with what referred to it.
"""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db import connection
from django.db.models import F

from tasks_app.mirror.agreed import write_links
from tasks_app.mirror.bulk_mirrors import BulkMirror, all_bulk_mirrors
from tasks_app.mirror.compare import ThreeWay
from tasks_app.mirror.kinds import MirroredKind, Values, all_kinds, get_kind
from tasks_app.mirror.sync_journal import name_of
from tasks_app.models import MirrorLink, MirrorPull, OutboxEntry, OutboxState

DELETED = "deleted"
THERE = "there"
_SOME = 5_000

Sides = tuple[Values, Values]
"""What a row was, and what the server says of it now."""


def lost_but_here(kind: MirroredKind, ids: Collection[int]) -> set[int]:
    """Those of ``ids`` that are here and not on the server, as far as the last pull of ``kind`` told."""
    if not ids:
        return set()
    asked, contested = _asked_about(kind)
    linked = dict(MirrorLink.objects.filter(kind=kind.name, local_id__in=list(ids)).values_list("local_id", "remote_id"))
    return {pk for pk in kind.local(list(ids)) if pk not in linked or linked[pk] in asked or pk in contested}


def with_references(kind: MirroredKind, rows: Mapping[int, Sides]) -> dict[int, Values]:
    """The server's values of those rows that it took references from only because it lost what they refer to."""
    return _as_before(kind, rows, lost_rows)


def as_edited(kind: MirroredKind, rows: Mapping[int, Sides]) -> dict[int, Values]:
    """Our values (beside what was agreed on) of those rows that lost references here only because what they referred to was
    deleted here: nobody has edited those rows."""
    return _as_before(kind, rows, _not_here)


def _as_before(
    kind: MirroredKind, rows: Mapping[int, Sides], which: Callable[[str, Collection[int]], set[int]]
) -> dict[int, Values]:
    missing: dict[str, set[int]] = {}
    for before, now in rows.values():
        for name, target in kind.references.items():
            missing.setdefault(target, set()).update(gone(before.get(name), now.get(name)))
    lost = {target: which(target, ids) for target, ids in missing.items() if ids}
    kept: dict[int, Values] = {}
    for pk, (before, now) in rows.items():
        fields = {
            name: _with(before[name], now[name], lost[target])
            for name, target in kind.references.items()
            if lost.get(target) and not lost[target].isdisjoint(gone(before.get(name), now.get(name)))
        }
        if fields:
            kept[pk] = now | fields
    return kept


def leave_for_later(kind: MirroredKind, result: ThreeWay, agreed: Values) -> None:
    """Do not follow the server where it took references off a row, before it was looked at what it has lost."""
    for name in kind.references:
        if name in result.take and name in agreed and gone(agreed[name], result.take[name]):
            del result.take[name]
            result.agreed[name] = agreed[name]


def send_references_again(kind: str, ids: Collection[int]) -> None:
    """These rows are to be made on the server again: queue what referred to them, or to what goes with them, with that."""
    if not ids:
        return
    parts = get_kind(kind).parts
    for other in all_kinds():
        for name, target in other.references.items():
            if other.name not in parts and (there := set(ids) if target == kind else _carried(other, name, target, kind, ids)):
                _send_again(other, name, there)


def lost_rows(target: str, ids: Collection[int]) -> set[int]:
    """Those of ``ids`` that are here and not on the server. ``target``: a kind or a bulk mirror."""
    mirror = _mirror(target)
    if mirror is None:
        return lost_but_here(get_kind(target), ids) if any(kind.name == target for kind in all_kinds()) else set()
    found = set(mirror.held(ids)) if mirror.held is not None else set()
    owners = mirror.owners(ids) if mirror.owners is not None else {}
    for kind in {name for name, _ in owners.values()}:
        away = lost_but_here(get_kind(kind), {pk for name, pk in owners.values() if name == kind})
        found |= {row for row, (name, pk) in owners.items() if name == kind and pk in away}
    return found


def _not_here(target: str, ids: Collection[int]) -> set[int]:
    mirror = _mirror(target)
    if mirror is not None:
        return set(ids) - mirror.owners(ids).keys() if mirror.owners is not None else set()
    return set(ids) - get_kind(target).local(list(ids)).keys() if any(kind.name == target for kind in all_kinds()) else set()


def _mirror(name: str) -> BulkMirror | None:
    return next((mirror for mirror in all_bulk_mirrors() if mirror.name == name), None)


def gone(before: Any, now: Any) -> set[int]:
    """Ids that a field had and has no more. One that refers to another row now was changed by somebody."""
    if before == now:
        return set()  # nearly always
    if isinstance(before, list) and isinstance(now, list):
        return set(before) - set(now)
    return {before} if isinstance(before, int) and now is None else set()


def _with(before: Any, now: Any, lost: Collection[int]) -> Any:
    """``now`` with what was lost back at its place, which is behind what it stood behind."""
    if not isinstance(before, list):
        return before
    found = list(now)
    place = 0
    for pk in before:
        if pk in found:
            place = found.index(pk) + 1
        elif pk in lost:
            found.insert(place, pk)
            place += 1
    return sorted(found) if before == sorted(before) and now == sorted(now) else found


def _carried(other: MirroredKind, name: str, target: str, kind: str, ids: Collection[int]) -> set[int]:
    """What rows of ``other`` refer to and comes from the server with one of these rows, such as the streams of an account."""
    mirror = _mirror(target)
    if mirror is None or mirror.owners is None:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT one.value FROM {MirrorLink._meta.db_table}, json_each(agreed, %s) AS one"  # noqa: S608
            " WHERE kind = %s AND one.value IS NOT NULL",
            [f"$.{name}", other.name],
        )
        referred = [pk for (pk,) in cursor.fetchall()]
    found: set[int] = set()
    for start in range(0, len(referred), _SOME):
        owners = mirror.owners(referred[start : start + _SOME])
        found |= {row for row, (owner, pk) in owners.items() if owner == kind and pk in ids}
    return found


def _send_again(kind: MirroredKind, name: str, away: Collection[int]) -> None:
    """The server has none of these in the field any more, and what is here is to be delivered – again, if it is on its way."""
    asked, contested = _asked_about(kind)
    linked = MirrorLink.objects.filter(kind=kind.name, local_id__in=list(agreed_on(kind, name, away)))
    links = [link for link in linked if link.remote_id not in asked and link.local_id not in contested]  # those wait as a whole
    here = kind.local([link.local_id for link in links]) if links else {}
    for link in links:
        value = link.agreed[name]
        link.agreed[name] = [pk for pk in value if pk not in away] if isinstance(value, list) else None
    write_links(links)
    entries = [OutboxEntry(kind=kind.name, local_id=pk, name=name_of(kind, values)[:512]) for pk, values in here.items()]
    OutboxEntry.objects.filter(kind=kind.name, local_id__in=list(here)).update(version=F("version") + 1)
    OutboxEntry.objects.bulk_create(entries, ignore_conflicts=True, batch_size=500)


def _asked_about(kind: MirroredKind) -> tuple[set[int], set[int]]:
    """What the server has lost of a kind and somebody is asked about, or has just been: remote ids of those that are asked
    about together, local ids of those that were changed here."""
    row = MirrorPull.objects.filter(kind=kind.name).values_list("held_back", "accepted").first() or ({}, {})
    alone = OutboxEntry.objects.filter(kind=kind.name, state=OutboxState.CONFLICT, **{f"conflict__{DELETED}": THERE})
    return {pk for question in row for pk in question.get("remote_ids", ())}, set(alone.values_list("local_id", flat=True))


def agreed_on(kind: MirroredKind, name: str, ids: Collection[int]) -> dict[int, int | list[int]]:
    """Local id → what both sides agreed on for the field, of rows that referred to one of ``ids``."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT local_id, json_extract(agreed, %s) FROM {MirrorLink._meta.db_table} WHERE kind = %s AND EXISTS"  # noqa: S608
            " (SELECT 1 FROM json_each(agreed, %s) AS one WHERE one.value IN (SELECT value FROM json_each(%s)))",
            [f"$.{name}", kind.name, f"$.{name}", json.dumps(sorted(ids))],
        )
        found = cursor.fetchall()
    return {local_id: json.loads(value) if isinstance(value, str) else value for local_id, value in found}
