"""What a commit leaves out, because it failed or was kept out, goes on in a fresh draft as one step (10 §13.7).

The new draft's row is made in the transaction of the commit; its file is made after it, from the old draft's file. A crash in
between is healed: until the new file is there, the new draft counts as being applied, and the old file stays.
"""

import logging
from dataclasses import dataclass, field
from typing import Any

from channels_app.drafts.conflicts import ACCEPTED, accepted_of
from channels_app.drafts.make_rows import make_equal
from channels_app.drafts.own_steps import recorded
from channels_app.drafts.plan_ids import Ids
from channels_app.drafts.review import Key, Review
from channels_app.drafts.sides import PROFILE_IDS, Entity, Values, reading
from channels_app.drafts.storage import create_file, main_database, new_file_name, path_of, remove_file
from channels_app.drafts.switching import working_in
from channels_app.models import Draft, DraftProblem, DraftState

logger = logging.getLogger(__name__)

LEFTOVERS = "leftovers"
STEP = "Kept from the last commit"


@dataclass
class Leftovers:
    """``keys`` of what stays, ``problems`` why, ``ids`` what temporary ids of applied things became."""

    old: Draft
    keys: list[Key]
    problems: dict[str, str] = field(default_factory=dict)
    ids: dict[str, dict[int, int]] = field(default_factory=dict)
    new: Draft | None = None

    def begin(self) -> int:
        """Store the row of the new draft; call inside the transaction of the commit."""
        values = {
            "from": self.old.file_name,
            "keys": [list(key) for key in self.keys],
            "problems": self.problems,
            "ids": {kind: {str(pk): real for pk, real in known.items()} for kind, known in self.ids.items()},
        }
        self.new = Draft.objects.create(
            owner_id=self.old.owner_id,
            state=DraftState.COMMITTING,
            run_id=self.old.run_id,
            is_active=self.old.is_active,
            file_name=new_file_name(self.old.owner_id),
            result={LEFTOVERS: values, ACCEPTED: accepted_of(self.old)},
        )
        return self.new.pk


def leave_behind(draft: Draft, found: Review, ids: Ids) -> Leftovers | None:
    """What of a review stays in a draft after the sound part was applied; None for a draft that nobody keeps."""
    if is_fleeting(draft):
        return None
    done = {change.key for change in found.sound}
    stays = [change.key for change in found.changes if change.key not in done]
    problems = {f"{kind}:{pk}": " ".join(found.problems[kind, pk]) for kind, pk in stays if (kind, pk) in found.problems}
    mapped: dict[str, dict[int, int]] = {}
    for (kind, pk), real in ids.mapped.items():
        mapped.setdefault(kind, {})[pk] = real
    return Leftovers(draft, stays, problems, mapped)


def is_fleeting(draft: Draft) -> bool:
    """Whether this is a draft without a row: one that lives for a moment only, as those of programs do."""
    return draft._state.adding


def hand_over(leftovers: Leftovers) -> None:
    """Make the file of the new draft and open it for editing. The old file is no longer needed then."""
    if leftovers.new is not None:
        finish_leftovers(leftovers.new)


def finish_leftovers(draft: Draft) -> None:
    """Make the file of a draft that begins with leftovers; also after a crash, any number of times."""
    stored: dict[str, Any] = draft.result[LEFTOVERS]
    old = Draft(owner_id=draft.owner_id, file_name=stored["from"])
    keys = {(str(kind), int(pk)) for kind, pk in stored["keys"]}
    ids = {kind: {int(pk): int(real) for pk, real in known.items()} for kind, known in stored["ids"].items()}
    if path_of(old.file_name).exists():
        with reading(old) as look:
            entities = [_mapped(entity, ids) for entity in look.entities() if (entity.kind, entity.id) in keys]
        create_file(draft.file_name, main_database())
        _fill(draft, entities, stored["problems"])
    rest = {name: value for name, value in draft.result.items() if name != LEFTOVERS}
    Draft.objects.filter(pk=draft.pk, state=DraftState.COMMITTING).update(state=DraftState.OPEN, run_id=None, result=rest)
    remove_file(old.file_name)
    logger.info("[DRAFTS] Draft id=%s begins with %s changes kept from the last commit", draft.pk, len(keys))


def _fill(draft: Draft, entities: list[Entity], problems: dict[str, str]) -> None:
    with working_in(draft):
        for entity in entities:  # nothing is recorded yet: this is what the new draft starts from
            if entity.base is not None and entity.base != entity.theirs:
                make_equal(entity.kind, entity.id, entity.base)
        with recorded(STEP):
            for entity in entities:
                make_equal(entity.kind, entity.id, entity.mine)
        DraftProblem.objects.bulk_create(
            DraftProblem(kind=key.partition(":")[0], entity_id=int(key.partition(":")[2]), message=message)
            for key, message in problems.items()
        )


def _mapped(entity: Entity, ids: dict[str, dict[int, int]]) -> Entity:
    return Entity(entity.kind, entity.id, *(_with_real_ids(side, ids) for side in (entity.base, entity.mine, entity.theirs)))


def _with_real_ids(values: Values | None, ids: dict[str, dict[int, int]]) -> Values | None:
    if values is None:
        return None
    mapped = dict(values)
    for name, kind in (("group_id", "group"), ("stream_profile_id", "stream_profile")):
        if name in mapped:
            mapped[name] = ids.get(kind, {}).get(mapped[name], mapped[name])
    if PROFILE_IDS in mapped:
        known = ids.get("channel_profile", {})
        mapped[PROFILE_IDS] = [known.get(pk, pk) for pk in mapped[PROFILE_IDS]]
    return mapped
