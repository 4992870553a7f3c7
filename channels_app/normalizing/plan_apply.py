"""What normalizing all channels would do: the dry run of 10 §11.3."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from channels_app.models import Channel, ChannelGroup
from channels_app.naming.normalizing import Transformation, normalize, transformations
from channels_app.normalize_rules import current_rules
from channels_app.numbering import format_number, natural_key


class Action(StrEnum):
    RENAME = "rename"
    MERGE = "merge"
    SKIP = "skip"


@dataclass(frozen=True)
class ApplyRow:
    """A channel whose name changes. ``collision_id`` is another channel that has the proposed name already.

    ``conflict``: number of the conflict group (from 1) of rows that would end with the same name, 0 = none.
    """

    channel_id: int
    current: str
    proposed: str
    number: str
    group: str
    collision_id: int | None = None
    collision_name: str = ""
    conflict: int = 0

    @property
    def suggested(self) -> Action:
        """What would bring the lineup in order: a merge where the name is taken."""
        return Action.MERGE if self.collision_id else Action.RENAME

    @property
    def default(self) -> Action | None:
        """What is preset: collisions are skipped, rows of a conflict group wait for a decision (None)."""
        if self.collision_id:
            return Action.SKIP
        return None if self.conflict else Action.RENAME

    @property
    def steps(self) -> list[Transformation]:
        """How the name comes about; made when it is asked for."""
        return transformations(self.current, current_rules())


@dataclass
class ApplyPlan:
    """Rows in natural order of their current names. ``rule_set_hash``: the rules they were made with."""

    rows: list[ApplyRow] = field(default_factory=list)
    channels: int = 0
    rule_set_hash: str = ""

    @property
    def collisions(self) -> int:
        return sum(1 for row in self.rows if row.collision_id)

    @property
    def conflict_groups(self) -> dict[int, list[ApplyRow]]:
        groups: dict[int, list[ApplyRow]] = {}
        for row in self.rows:
            if row.conflict:
                groups.setdefault(row.conflict, []).append(row)
        return groups

    @property
    def mark(self) -> str:
        """A fingerprint of the rows, so that nothing else is carried out than what was reviewed."""
        digest = hashlib.sha256(self.rule_set_hash.encode())
        for row in self.rows:
            digest.update(repr((row.channel_id, row.current, row.collision_id)).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:16]


def plan_apply() -> ApplyPlan:
    """Look at every channel. Two queries, whatever the size of the lineup."""
    rules = current_rules()
    groups = dict(ChannelGroup.objects.values_list("pk", "name"))
    plan = ApplyPlan(rule_set_hash=rules.fingerprint)
    owners: dict[str, tuple[int, str]] = {}
    found = []
    for pk, name, number, group_id in Channel.objects.order_by("pk").values_list("pk", "name", "number", "group_id"):
        plan.channels += 1
        owners.setdefault(name.casefold(), (pk, name))
        proposed = normalize(name, rules)
        if proposed != name:
            found.append((pk, name, proposed, number, groups.get(group_id, "")))
    found.sort(key=lambda row: (natural_key(row[1]), row[0]))
    numbered = _conflict_numbers(row[2] for row in found)
    for pk, name, proposed, number, group in found:
        owner, owner_name = owners.get(proposed.casefold(), (None, ""))
        if owner == pk:  # only its spelling changes
            owner, owner_name = None, ""
        plan.rows.append(
            ApplyRow(
                pk,
                name,
                proposed,
                format_number(number),
                group,
                owner,
                owner_name,
                numbered.get(proposed.casefold(), 0),
            )
        )
    return plan


def _conflict_numbers(proposed: Iterable[str]) -> dict[str, int]:
    """Proposed names that occur more than once, numbered in the order of the rows."""
    counts: dict[str, int] = {}
    for name in proposed:
        counts[name.casefold()] = counts.get(name.casefold(), 0) + 1
    several = [name for name, count in counts.items() if count > 1]
    return {name: place for place, name in enumerate(several, 1)}
