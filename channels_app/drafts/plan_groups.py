"""How groups, profiles, logos and hidden groups are written: before the channels what is new, behind them the rest.

Names must stay unique at every moment. A row whose name is taken over by another one is first given a name that nobody
uses; that is a step of its own in the journal, so that undoing, entry by entry, never meets two of a name either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from channels_app.drafts.entity_changes import Action, EntityChange
from channels_app.drafts.plain_rows import Statements, as_time, image_of, row_of
from channels_app.drafts.plan_ids import Ids
from channels_app.drafts.sides import KINDS, Entity, Reader, Values
from channels_app.drafts.storage import LIVE
from channels_app.drafts.tables import MEMBERSHIPS, quoted
from channels_app.drafts.validate import fold
from channels_app.row_journal import KINDS as ROW_KINDS
from channels_app.row_journal import MEMBERS, image_entry
from ecm_site.wording import counted, shortened
from tasks_app import journal
from tasks_app.models import JournalEntry

Key = tuple[str, int]


@dataclass
class OthersPlan:
    early: Statements = field(default_factory=Statements)
    late: Statements = field(default_factory=Statements)
    early_entries: list[JournalEntry] = field(default_factory=list)
    late_entries: list[JournalEntry] = field(default_factory=list)


def plan_others(
    look: Reader, changes: Sequence[EntityChange], entities: Mapping[Key, Entity], ids: Ids, batch_id: str
) -> OthersPlan:
    """Statements and entries for everything that is no channel."""
    own = [change for change in changes if change.kind != "channel"]
    planner = _Planner(look, changes, entities, ids, batch_id)
    planner.make_room(own)
    for change in own:
        if change.action is Action.CREATE and change.kind != "hidden_group":
            planner.create(change)
    for change in own:
        if change.action is Action.UPDATE:
            planner.update(change)
    planner.place_groups(own)
    for change in own:
        if change.action is Action.CREATE and change.kind == "hidden_group":  # it follows its group's name
            planner.create(change)
    for change in reversed(own):
        if change.action is Action.DELETE:
            planner.delete(change)
    return planner.plan


class _Planner:
    def __init__(
        self, look: Reader, changes: Sequence[EntityChange], entities: Mapping[Key, Entity], ids: Ids, batch_id: str
    ) -> None:
        self._look, self._changes, self._entities, self._ids, self._batch = look, changes, entities, ids, batch_id
        self._now: dict[Key, Any] = {}
        """The present unique value of rows that made room."""
        self.plan = OthersPlan()

    def make_room(self, own: Sequence[EntityChange]) -> None:
        """Rename, for the time being, whoever holds a name that another row gets."""
        claims: dict[tuple[str, str], Key] = {}
        for change in own:
            column = KINDS[change.kind].unique
            if change.action is not Action.DELETE and column in change.after and change.key not in self._ids.existing:
                claims[change.kind, _same(change.kind, change.after[column])] = change.key
        for change in own:
            theirs = self._entities[change.key].theirs
            if theirs is None:
                continue
            column = KINDS[change.kind].unique
            claimant = claims.get((change.kind, _same(change.kind, theirs[column])))
            if claimant is not None and claimant != change.key:
                self._make_room_for_another(change, theirs)

    def create(self, change: EntityChange) -> None:
        if change.key in self._ids.existing:
            return
        values = {**change.after, "id": self._ids.real(*change.key)}
        if change.kind == "hidden_group":
            values["group_id"] = self._ids.real("group", values["group_id"])
        row = row_of(values)
        is_late = change.kind == "hidden_group"
        statements = self.plan.late if is_late else self.plan.early
        statements.insert(KINDS[change.kind].table.name, tuple(row), [tuple(row.values())])
        entry = self._group_create(values) if change.kind == "group" else self._row_entry(change, "create", None, values)
        (self.plan.late_entries if is_late else self.plan.early_entries).append(entry)

    def update(self, change: EntityChange) -> None:
        theirs = self._entities[change.key].theirs or {}
        spec = KINDS[change.kind]
        present = {**theirs, spec.unique: self._now.get(change.key, theirs[spec.unique])}
        wanted = {name: value for name, value in change.after.items() if present[name] != value}
        if not wanted:
            return
        self.plan.late.update(spec.table.name, row_of(wanted), change.id)
        if change.kind == "group":
            if "name" in wanted:
                self.plan.late_entries.append(self._group_rename(change.id, str(present["name"]), str(wanted["name"])))
            return
        self.plan.late_entries.append(self._row_entry(change, "update", present, {**present, **wanted}))

    def place_groups(self, own: Sequence[EntityChange]) -> None:
        """All new positions are one entry, as they are one edit."""
        moved = {
            change.id: (self._entities[change.key].theirs or {}).get("position")
            for change in own
            if change.kind == "group" and change.action is Action.UPDATE and "position" in change.after
        }
        if not moved:
            return
        after = {change.id: change.after["position"] for change in own if change.kind == "group" and change.id in moved}
        first = next(change for change in own if change.kind == "group" and change.id in moved)
        what = f"“{shortened(first.name)}”" if len(moved) == 1 else counted(len(moved), "group")
        entry = self._group_entry("group_reorder", first.id, first.name, f"Moved {what} in the order of groups")
        entry.entity_type = "channel_group_order"
        entry.before_value = {"positions": {str(pk): position for pk, position in moved.items()}}
        entry.after_value = {"positions": {str(pk): position for pk, position in after.items()}}
        self.plan.late_entries.append(entry)

    def delete(self, change: EntityChange) -> None:
        theirs = self._entities[change.key].theirs or {}
        spec = KINDS[change.kind]
        present = {**theirs, spec.unique: self._now.get(change.key, theirs[spec.unique])}
        if change.kind == "channel_profile":
            present[MEMBERS] = self._members(change.id)
            self.plan.late.run(f"DELETE FROM {quoted(MEMBERSHIPS.name)} WHERE profile_id = %s", [(change.id,)])  # noqa: S608
        self.plan.late.run(f"DELETE FROM {quoted(spec.table.name)} WHERE id = %s", [(change.id,)])  # noqa: S608 - our names
        if change.kind == "group":
            name = str(present["name"])
            entry = self._group_entry("group_delete", change.id, name, f"Deleted group “{shortened(change.name)}”")
            made = as_time(present["created_at"])
            entry.before_value = {"name": name, "position": present["position"], "created_at": made}
        else:
            entry = self._row_entry(change, "delete", present, None)
        self.plan.late_entries.append(entry)

    # --- parts ----------------------------------------------------------------------------------------------------------

    def _make_room_for_another(self, change: EntityChange, theirs: Values) -> None:
        spec = KINDS[change.kind]
        value = theirs[spec.unique]
        free = -change.id if isinstance(value, int) else f"{str(value)[:60]} (replaced {self._batch} {change.id})"
        self._now[change.key] = free
        self.plan.early.update(spec.table.name, {spec.unique: free}, change.id)
        if change.kind == "group":
            self.plan.early_entries.append(self._group_rename(change.id, str(value), str(free)))
        else:
            self.plan.early_entries.append(self._row_entry(change, "update", theirs, {**theirs, spec.unique: free}))

    def _members(self, profile_id: int) -> list[int]:
        """Channels that leave with the profile; those that are deleted along are told with the channels."""
        deleted = {change.id for change in self._changes if change.kind == "channel" and change.action is Action.DELETE}
        rows = self._look.rows(
            f"SELECT channel_id FROM {LIVE}.{quoted(MEMBERSHIPS.name)} WHERE profile_id = ? ORDER BY channel_id",  # noqa: S608
            [profile_id],
        )
        return [pk for (pk,) in rows if pk not in deleted]

    def _row_entry(self, change: EntityChange, action: str, before: Values | None, after: Values | None) -> JournalEntry:
        kind = ROW_KINDS[change.kind]
        verb = {"create": "Created", "update": "Changed", "delete": "Deleted"}[action]
        return image_entry(
            "channel",
            f"{change.kind}_{action}"[:30],
            kind,
            before=image_of(before) if before is not None else None,
            after=image_of(after) if after is not None else None,
            description=f"{verb} {kind.label} “{shortened(change.name)}”",
            batch_id=self._batch,
        )

    def _group_create(self, values: Values) -> JournalEntry:
        name = str(values["name"])
        entry = self._group_entry("group_create", int(values["id"]), name, f"Created group “{shortened(name)}”")
        entry.after_value = {"name": name, "position": values.get("position")}
        return entry

    def _group_rename(self, pk: int, old: str, new: str) -> JournalEntry:
        entry = self._group_entry("group_rename", pk, new, f"Renamed group “{shortened(old)}” to “{shortened(new)}”")
        entry.before_value, entry.after_value = {"name": old}, {"name": new}
        return entry

    def _group_entry(self, action: str, pk: int, name: str, description: str) -> JournalEntry:
        return journal.build_entry(
            "channel",
            action,
            entity_type="channel_group",
            entity_id=pk,
            entity_name=name,
            description=description,
            batch_id=self._batch,
            undoable=True,
        )


def _same(kind: str, value: Any) -> str:
    return fold(value) if kind not in ("logo", "hidden_group") else str(value)
