"""What a draft and the lineup both changed since the draft began, value by value (10 §13.5): base, mine and theirs.

Changes of both sides to different values go together. Nothing is ever overwritten unseen: a conflict stays until somebody
chooses. "Mine" notes which of their values was seen, so that a later change of theirs is a conflict again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from channels_app.drafts.entity_changes import changed_values
from channels_app.drafts.sides import KINDS, PROFILE_IDS, STREAM_IDS, Entity
from channels_app.models import Draft

WHOLE = ""
"""The "field" of a conflict about the thing as such: one side deleted it."""

ACCEPTED = "accepted"
"""The key in ``Draft.result``: which of their values were seen and overruled, by :attr:`Conflict.key`."""


@dataclass(frozen=True)
class Conflict:
    """``field`` is :data:`WHOLE` when one side deleted the thing; the values are then None on that side."""

    kind: str
    id: int
    name: str
    field: str
    label: str
    base: Any
    mine: Any
    theirs: Any

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id}:{self.field}"

    @property
    def seen(self) -> str:
        """What stands for their present value among the accepted ones."""
        return hashlib.sha256(json.dumps(self.theirs, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def deleted_on_server(self) -> bool:
        return self.field == WHOLE and self.theirs is None

    @property
    def deleted_here(self) -> bool:
        return self.field == WHOLE and self.mine is None


def accepted_of(draft: Draft) -> dict[str, str]:
    found = draft.result.get(ACCEPTED) if isinstance(draft.result, dict) else None
    return found if isinstance(found, dict) else {}


def find_conflicts(
    entities: Iterable[Entity], accepted: Mapping[str, str], known_streams: frozenset[int] | None = None
) -> list[Conflict]:
    """All conflicts nobody has decided yet. ``known_streams``: those of the compared lists that still exist (None = all)."""
    return [
        conflict
        for entity in entities
        for conflict in _conflicts_of(entity, known_streams)
        if accepted.get(conflict.key) != conflict.seen
    ]


def _conflicts_of(entity: Entity, known_streams: frozenset[int] | None) -> list[Conflict]:
    base, mine, theirs = entity.base, entity.mine, entity.theirs
    kind = KINDS[entity.kind]
    if base is None or (mine is None and theirs is None):
        return []
    if theirs is None:
        return [_whole(entity)] if any(base.get(name) != (mine or {}).get(name) for name in kind.fields) else []
    if mine is None:
        changed = any(
            base.get(name) != theirs.get(name) and not _only_lost_streams(name, base, theirs, known_streams)
            for name in kind.fields
        )
        return [_whole(entity)] if changed else []
    return [
        Conflict(entity.kind, entity.id, entity.name, name, kind.fields[name], base.get(name), mine.get(name), theirs.get(name))
        for name in changed_values(entity)
        if name in kind.fields
        and name != PROFILE_IDS  # a channel is in a profile or not: where both changed it, they did the same
        and base.get(name) != theirs.get(name)
        and not _only_lost_streams(name, base, theirs, known_streams)
    ]


def _whole(entity: Entity) -> Conflict:
    return Conflict(entity.kind, entity.id, entity.name, WHOLE, "existence", entity.base, entity.mine, entity.theirs)


def _only_lost_streams(name: str, base: dict[str, Any], theirs: dict[str, Any], known: frozenset[int] | None) -> bool:
    """Whether their list is ours of then without streams that the provider took away: nobody's decision, no conflict."""
    if name != STREAM_IDS or known is None:
        return False
    return bool(theirs[STREAM_IDS] == [pk for pk in base[STREAM_IDS] if pk in known])
