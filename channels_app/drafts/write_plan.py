"""Turns net changes into statements on the lineup and journal entries, all worked out before the write lock is taken.

Order (10 §14.5): what others point to is created first, then channels, then updates, moves, streams and memberships, then
channels go, then the rest is renamed and deleted. The journal has one entry for each thing, in the same order and in the
shapes of direct edits: each can be undone while all later ones are undone, so the whole batch can.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from channels_app.channel_fields import FIELDS, from_journal
from channels_app.drafts.entity_changes import Action, EntityChange, ids_in, stream_difference
from channels_app.drafts.plain_rows import Statements, as_time, row_of
from channels_app.drafts.plan_groups import plan_others
from channels_app.drafts.plan_ids import Ids, allocate
from channels_app.drafts.review import Review
from channels_app.drafts.sides import LEAVING_IDS, PROFILE_IDS, STREAM_IDS, Entity, Reader, Values
from channels_app.drafts.tables import CHANNELS, MEMBERSHIPS, STREAMS, quoted
from channels_app.journal_channels import created_entry, deleted_entry, streams_entry
from channels_app.pins import PINNED
from channels_app.profiles.set_memberships import ENTITY as MEMBERS_ENTITY
from channels_app.snapshots import Snapshot
from channels_app.write_changes import ChannelChange, Names, change_entry, read_names
from ecm_site.wording import counted, shortened
from tasks_app import journal
from tasks_app.models import JournalEntry

_PORTION = 1000  # channels an entry about a profile's members, as in direct edits
_POINTERS = (("group_id", "group"), ("stream_profile_id", "stream_profile"))
_BOOKS = ("auto_created", "auto_created_by_id", "synced_stream", "synced_group")


@dataclass
class WritePlan:
    """Statements and entries in their order. ``ids``: the real id for each temporary one; ``done``: what is applied."""

    statements: list[tuple[str, list[tuple[Any, ...]]]] = field(default_factory=list)
    entries: list[JournalEntry] = field(default_factory=list)
    ids: Ids = field(default_factory=Ids)
    done: list[EntityChange] = field(default_factory=list)
    guide: bool = False

    def execute(self) -> None:
        """Write to the lineup. Call inside the transaction; raises ``IntegrityError`` when something vanished meanwhile."""
        with connection.cursor() as cursor:
            for statement, rows in self.statements:
                cursor.executemany(statement, rows)
        journal.write_entries(self.entries)


def plan_writing(look: Reader, found: Review, batch_id: str) -> WritePlan:
    """Work out how the sound changes of a review are written."""
    changes = found.sound
    ids = allocate(look, changes)
    others = plan_others(look, changes, found.entities, ids, batch_id)
    plan = WritePlan(ids=ids, done=changes)
    channels = _Channels(found, ids, _names(changes, found, ids), batch_id)
    for change in changes:
        if change.kind == "channel":
            channels.add(change)
    channels.finish(_profile_names(look, changes, ids))
    for first, rest in ((others.early, channels.statements), (others.late, Statements())):
        plan.statements += [*first.listed(), *rest.listed()]
    plan.entries = [*others.early_entries, *channels.entries(), *others.late_entries]
    plan.guide = channels.guide
    return plan


class _Channels:
    """Collects what becomes of the channels."""

    def __init__(self, found: Review, ids: Ids, names: Names, batch_id: str) -> None:
        self._found, self._ids, self._names, self._batch = found, ids, names, batch_id
        self._stamp = str(connection.ops.adapt_datetimefield_value(timezone.now()))
        self.statements = Statements()
        self.guide = False
        self._created: list[JournalEntry] = []
        self._updated: list[JournalEntry] = []
        self._members: list[JournalEntry] = []
        self._deleted: list[JournalEntry] = []
        self._switched: dict[tuple[int, bool], list[int]] = defaultdict(list)
        self._called: dict[int, str] = {}

    def entries(self) -> list[JournalEntry]:
        return [*self._created, *self._updated, *self._members, *self._deleted]

    def add(self, change: EntityChange) -> None:
        entity = self._found.entities[change.key]
        if change.action is Action.CREATE:
            self._create(change)
        elif change.action is Action.DELETE:
            self._delete(entity)
        else:
            self._update(change, entity)

    def finish(self, profile_names: dict[int, str]) -> None:
        """Tell the profiles' new and lost members: an entry for each profile and thousand channels."""
        for (profile_id, turned_on), channel_ids in sorted(self._switched.items()):
            pairs = [(profile_id, pk) for pk in channel_ids]
            if turned_on:
                self.statements.insert(MEMBERSHIPS.name, ("profile_id", "channel_id"), pairs, late=True)
            else:
                self.statements.run(
                    f"DELETE FROM {quoted(MEMBERSHIPS.name)} WHERE profile_id = %s AND channel_id = %s",  # noqa: S608
                    pairs,
                )
            for start in range(0, len(channel_ids), _PORTION):
                portion = channel_ids[start : start + _PORTION]
                self._members.append(self._members_entry(profile_id, profile_names, portion, turned_on))

    # --- one channel ----------------------------------------------------------------------------------------------------

    def _create(self, change: EntityChange) -> None:
        pk = self._ids.real("channel", change.id)
        values = self._mapped(change.after)
        streams = [stream for stream in ids_in(values, STREAM_IDS) if stream in self._found.known_streams]
        row = row_of({**values, "id": pk, "updated_at": self._stamp})
        self.statements.insert(CHANNELS.name, tuple(row), [tuple(row.values())])
        self._link(pk, streams)
        profiles = ids_in(values, PROFILE_IDS)
        self.statements.insert(MEMBERSHIPS.name, ("profile_id", "channel_id"), [(profile, pk) for profile in profiles])
        snapshot = self._snapshot({**values, STREAM_IDS: streams}, profiles)
        self._created.append(created_entry(pk, snapshot, batch_id=self._batch))
        self.guide = True

    def _delete(self, entity: Entity) -> None:
        theirs = entity.theirs or {}
        for table, column in ((STREAMS.name, "channel_id"), (MEMBERSHIPS.name, "channel_id"), (CHANNELS.name, "id")):
            statement = f"DELETE FROM {quoted(table)} WHERE {column} = %s"  # noqa: S608 - our own names
            self.statements.run(statement, [(entity.id,)], late=True)
        profiles = sorted([*ids_in(theirs, PROFILE_IDS), *ids_in(theirs, LEAVING_IDS)])
        self._deleted.append(deleted_entry(entity.id, self._snapshot(theirs, profiles), batch_id=self._batch))
        self.guide = True

    def _update(self, change: EntityChange, entity: Entity) -> None:
        theirs, pk = entity.theirs or {}, entity.id
        wanted = self._mapped(change.after)
        self._fields(pk, theirs, wanted, change)
        name = str(wanted.get("name", theirs["name"]))
        if STREAM_IDS in wanted:
            streams = [stream for stream in wanted[STREAM_IDS] if stream in self._found.known_streams]
            self._streams(pk, name, ids_in(theirs, STREAM_IDS), streams)
        if PROFILE_IDS in wanted:
            self._called[pk] = name
            before, enabled = set(ids_in(change.before, PROFILE_IDS)), set(ids_in(theirs, PROFILE_IDS))
            now = set(wanted[PROFILE_IDS])
            for profile in sorted(now - before - enabled):
                self._switched[profile, True].append(pk)
            for profile in sorted((before - now) & enabled):
                self._switched[profile, False].append(pk)

    def _fields(self, pk: int, theirs: Values, wanted: Values, change: EntityChange) -> None:
        names = [name for name in FIELDS if name in wanted and wanted[name] != theirs[name]]
        books = [name for name in _BOOKS if name in wanted and wanted[name] != theirs[name]]
        pins = self._pins(theirs, change)
        if not names and not books and pins is None:
            return
        values = {name: wanted[name] for name in (*names, *books)}
        if pins is not None:
            values["pinned_fields"] = pins
        self.statements.update(CHANNELS.name, {**row_of(values), "updated_at": self._stamp}, pk)
        before, after = ({name: from_journal(name, side[name]) for name in names} for side in (theirs, wanted))
        entry = change_entry(str(theirs["name"]), ChannelChange(pk, before, after), self._names, batch_id=self._batch)
        kept_before = {name: theirs[name] for name in books}
        kept_after = {name: wanted[name] for name in books}
        if pins is not None:
            kept_before[PINNED], kept_after[PINNED] = theirs["pinned_fields"], pins
        entry.before_value = {**(entry.before_value or {}), **kept_before}
        entry.after_value = {**(entry.after_value or {}), **kept_after}
        if not names:
            entry.description = f"Changed how auto-sync treats “{shortened(str(theirs['name']))}”"
        self._updated.append(entry)
        self.guide = self.guide or "guide_entry_id" in names or "no_epg" in names

    def _streams(self, pk: int, name: str, before: list[int], after: list[int]) -> None:
        if before == after:
            return
        self.statements.run(f"DELETE FROM {quoted(STREAMS.name)} WHERE channel_id = %s", [(pk,)])  # noqa: S608 - our names
        self._link(pk, after, late=True)
        added, removed, _ = stream_difference(before, after)
        told, action = "", "stream_reorder"
        if added and removed:
            told = f"Changed the streams of “{shortened(name)}”: {len(added)} added, {len(removed)} removed"
        elif added or removed:
            action = "stream_add" if added else "stream_remove"
        self._updated.append(streams_entry(action, pk, name, before, after, batch_id=self._batch, description=told))

    def _link(self, pk: int, streams: Iterable[int], *, late: bool = False) -> None:
        rows = [(pk, stream, position) for position, stream in enumerate(streams, 1)]
        self.statements.insert(STREAMS.name, ("channel_id", "stream_id", "position"), rows, late=late)

    # --- values ---------------------------------------------------------------------------------------------------------

    def _pins(self, theirs: Values, change: EntityChange) -> list[str] | None:
        """Pinned fields of both sides together; None when the draft changed none."""
        if "pinned_fields" not in change.after:
            return None
        before, after, now = (set(side["pinned_fields"]) for side in (change.before, change.after, theirs))
        pins = sorted((now - (before - after)) | (after - before))
        return pins if pins != theirs["pinned_fields"] else None

    def _mapped(self, values: Values) -> Values:
        """With the real ids of everything that is created along."""
        mapped = dict(values)
        for name, kind in _POINTERS:
            if mapped.get(name) is not None:
                mapped[name] = self._ids.real(kind, mapped[name])
        if PROFILE_IDS in mapped:
            mapped[PROFILE_IDS] = sorted({self._ids.real("channel_profile", pk) for pk in mapped[PROFILE_IDS]})
        return mapped

    def _snapshot(self, values: Values, profiles: list[int]) -> Snapshot:
        told = self._names.journal_values({name: from_journal(name, values.get(name)) for name in FIELDS})
        return {
            **told,
            "uuid": str(UUID(str(values["uuid"]))),
            "auto_created": values["auto_created"],
            "auto_created_by_id": values["auto_created_by_id"],
            "synced_stream": values["synced_stream"],
            "synced_group": values["synced_group"],
            "pinned_fields": values["pinned_fields"],
            "created_at": as_time(values["created_at"]),
            "streams": ids_in(values, STREAM_IDS),
            "profile_ids": profiles,
        }

    def _members_entry(self, profile_id: int, names: dict[int, str], ids: list[int], turned_on: bool) -> JournalEntry:
        what = f"“{shortened(self._called[ids[0]])}”" if len(ids) == 1 else counted(len(ids), "channel")
        done, undone = ("enabled", "disabled") if turned_on else ("disabled", "enabled")
        name = names.get(profile_id, "")
        return journal.build_entry(
            "channel",
            "profile_change",
            entity_type=MEMBERS_ENTITY,
            entity_id=profile_id,
            entity_name=name,
            description=f"{done.capitalize()} {what} in the profile “{shortened(name)}”",
            before={undone: ids},
            after={done: ids},
            batch_id=self._batch,
            undoable=True,
        )


def _names(changes: Iterable[EntityChange], found: Review, ids: Ids) -> Names:
    """The names of what channels point to, on both sides, before and after the commit."""
    wanted: dict[str, set[int]] = {"group_id": set(), "guide_entry_id": set(), "stream_profile_id": set()}
    for change in changes:
        if change.kind != "channel":
            continue
        entity = found.entities[change.key]
        for side in (change.after, entity.theirs or {}):
            for name, known in wanted.items():
                if isinstance(side.get(name), int):
                    known.add(side[name])
    names = read_names(wanted["group_id"], wanted["guide_entry_id"], wanted["stream_profile_id"])
    for change in found.changes:
        if change.action is not Action.DELETE and change.after.get("name"):
            known_names = {"group": names.groups, "stream_profile": names.profiles}.get(change.kind)
            if known_names is not None and change.action is Action.CREATE:
                known_names[ids.real(change.kind, change.id)] = change.after["name"]
    return names


def _profile_names(look: Reader, changes: Iterable[EntityChange], ids: Ids) -> dict[int, str]:
    names = {pk: str(name) for pk, name in look.rows("SELECT id, name FROM live.channels_app_channelprofile")}
    names |= {
        ids.real("channel_profile", change.id): str(change.after["name"])
        for change in changes
        if change.kind == "channel_profile" and "name" in change.after
    }
    return names
