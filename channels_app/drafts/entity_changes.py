"""What a draft would change in the end, thing by thing (10 §14.4): its first state against its last.

This is the consolidation of the draft: whatever was done and taken back, renamed twice or created and deleted again leaves
only its net effect. The result is plain values, so that it can be applied here or be pushed to another server.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from channels_app.drafts.sides import KINDS, PROFILE_IDS, STREAM_IDS, Entity, Values, reading
from channels_app.drafts.tables import FIRST_TEMPORARY_ID
from channels_app.models import Draft


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True)
class EntityChange:
    """One thing of the lineup before and after the draft.

    ``id`` may be a temporary one (:attr:`is_temporary`); so may ids among the values. A creation has no ``before``, a
    deletion no ``after``; an update holds only what differs, in both.
    """

    kind: str
    id: int
    action: Action
    name: str
    before: Values
    after: Values

    @property
    def is_temporary(self) -> bool:
        return self.id >= FIRST_TEMPORARY_ID

    @property
    def key(self) -> tuple[str, int]:
        return self.kind, self.id

    @property
    def fields(self) -> tuple[str, ...]:
        """What an update changes, as far as people set it."""
        return tuple(name for name in KINDS[self.kind].fields if name in self.after or name in self.before)


def entity_changes(draft: Draft) -> list[EntityChange]:
    """The net changes of a draft, in the order of writing: what others point to comes first.

    Raises ``DraftUnusable`` when the draft's file cannot be read.
    """
    with reading(draft) as look:
        return net_changes(look.entities())


def net_changes(entities: Iterable[Entity]) -> list[EntityChange]:
    """The net changes among ``entities``; those whose state is the same again, or the same as on the server, vanish."""
    found = (net_change(entity) for entity in entities)
    return [change for change in found if change is not None]


def net_change(entity: Entity) -> EntityChange | None:
    base, mine, theirs = entity.base, entity.mine, entity.theirs
    if mine is None:
        if base is None or theirs is None:
            return None
        return EntityChange(entity.kind, entity.id, Action.DELETE, entity.name, base, {})
    if base is None:
        return EntityChange(entity.kind, entity.id, Action.CREATE, entity.name, {}, mine)
    names = changed_values(entity)
    if not names:
        return None
    before, after = ({name: side.get(name) for name in names} for side in (base, mine))
    return EntityChange(entity.kind, entity.id, Action.UPDATE, entity.name, before, after)


def changed_values(entity: Entity) -> list[str]:
    """Names of the values that the draft changed and that are not the same on the server already."""
    base, mine, theirs = entity.base, entity.mine, entity.theirs
    if base is None or mine is None:
        return []
    kind = KINDS[entity.kind]
    return [
        name
        for name in (*kind.fields, *kind.books)
        if base.get(name) != mine.get(name) and not (theirs is not None and theirs.get(name) == mine.get(name))
    ]


def stream_difference(before: Sequence[int], after: Sequence[int]) -> tuple[list[int], list[int], bool]:
    """(added, removed, whether those that stayed are in another order)."""
    was, now = set(before), set(after)
    added, removed = [pk for pk in after if pk not in was], [pk for pk in before if pk not in now]
    reordered = [pk for pk in before if pk in now] != [pk for pk in after if pk in was]
    return added, removed, reordered


def ids_in(values: dict[str, Any], name: str) -> list[int]:
    """A list of ids among plain values; empty when it is not there."""
    return list(values.get(name) or ())


def added_streams(change: EntityChange) -> list[int]:
    """Streams that the draft put on a channel."""
    return stream_difference(ids_in(change.before, STREAM_IDS), ids_in(change.after, STREAM_IDS))[0]


def profile_difference(change: EntityChange) -> tuple[list[int], list[int]]:
    """(channel profiles in which the draft enabled a channel, those in which it disabled it)."""
    added, removed, _ = stream_difference(ids_in(change.before, PROFILE_IDS), ids_in(change.after, PROFILE_IDS))
    return added, removed
