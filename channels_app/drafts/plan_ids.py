"""Real ids for what a draft created under temporary ones (10 §13.3): the existing row of that name, or the next free id."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from channels_app.drafts.entity_changes import Action, EntityChange
from channels_app.drafts.sides import KINDS, Reader
from channels_app.drafts.storage import LIVE
from channels_app.drafts.tables import quoted
from channels_app.drafts.validate import fold, holders_of

_REUSED = {"group", "logo", "hidden_group"}
"""Kinds whose existing row of the same name (address, group) serves as well as a new one."""


@dataclass
class Ids:
    """``mapped``: the real id by kind and temporary id. ``existing``: keys of creations that found their row there already."""

    mapped: dict[tuple[str, int], int] = field(default_factory=dict)
    existing: set[tuple[str, int]] = field(default_factory=set)

    def real(self, kind: str, pk: int) -> int:
        return self.mapped.get((kind, pk), pk)

    def of(self, kind: str) -> dict[int, int]:
        return {pk: real for (named, pk), real in self.mapped.items() if named == kind}


def allocate(look: Reader, changes: Sequence[EntityChange]) -> Ids:
    """An id for each creation. Valid while nobody writes to the lineup: the next ids are those that SQLite would give."""
    ids = Ids()
    for kind in KINDS.values():
        own = [change for change in changes if change.kind == kind.kind]
        creations = [change for change in own if change.action is Action.CREATE]
        if not creations:
            continue
        present = _present(look, kind.kind, creations, own) if kind.kind in _REUSED else {}
        following = _last_id(look, kind.table.name)
        for change in creations:
            key = value_key(kind.kind, change, ids)
            if key in present:
                ids.mapped[change.key] = present[key]
                ids.existing.add(change.key)
                continue
            if change.is_temporary:
                following += 1
                ids.mapped[change.key] = following
            if kind.kind in _REUSED:
                present[key] = ids.real(*change.key)
    return ids


def value_key(kind: str, change: EntityChange, ids: Ids) -> str:
    """What makes a thing the same as another of its kind."""
    value = change.after.get(KINDS[kind].unique)
    if kind == "hidden_group":
        return str(ids.real("group", int(value or 0)))
    return fold(value) if kind == "group" else str(value)


def _present(look: Reader, kind: str, creations: Sequence[EntityChange], own: Collection[EntityChange]) -> dict[str, int]:
    """Rows of the lineup by key, without those that the same commit renames or deletes."""
    spec = KINDS[kind]
    leaving = {change.id for change in own if change.action is Action.DELETE or spec.unique in change.after}
    found: dict[str, int] = {}
    if kind == "group":
        holders = holders_of(look, spec.table.name, spec.unique, {fold(change.after.get("name")) for change in creations})
        for key, ids in holders.items():
            staying = sorted(ids - leaving)
            if staying:
                found[key] = staying[0]
        return found
    column = quoted(spec.unique)
    grouped: dict[str, list[int]] = defaultdict(list)
    for pk, value in look.rows(f"SELECT id, {column} FROM {LIVE}.{quoted(spec.table.name)}"):  # noqa: S608 - our own names
        grouped[str(value)].append(pk)
    return {value: pks[0] for value, pks in grouped.items() if pks[0] not in leaving}


def _last_id(look: Reader, table: str) -> int:
    rows = look.rows(f"SELECT seq FROM {LIVE}.sqlite_sequence WHERE name = ?", [table])  # noqa: S608 - our own name
    highest = look.rows(f"SELECT COALESCE(MAX(id), 0) FROM {LIVE}.{quoted(table)}")[0][0]  # noqa: S608 - our own name
    return max(int(rows[0][0]) if rows else 0, int(highest))
