"""Takes edits of the lineup back, one journal entry at a time (DESIGN §3).

An entry is undone only while what it wrote is still there. A field that somebody changed since is a conflict, and the
message says what the field holds now. Entries of one batch are undone from the last to the first.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from channels_app.arrange_streams import store_streams, stream_ids_of
from channels_app.channel_fields import FIELDS, from_journal, same_value, to_journal
from channels_app.commands import FieldValue
from channels_app.edit_groups import find_group
from channels_app.lineup_changed import lineup_changed
from channels_app.models import (
    Channel,
    ChannelGroup,
    ChannelProfile,
    ChannelStream,
    HiddenGroup,
    ProfileMembership,
    StreamProfile,
)
from channels_app.pins import PINNED, pins_taken_back
from channels_app.snapshots import channel_snapshots
from ecm_site.wording import counted, shortened
from epg_app.models import GuideEntry
from m3u_app.models import Account, Stream
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo

_BOOKS = ("auto_created", "auto_created_by_id", "synced_stream", "synced_group")  # what auto-sync keeps about a channel
_STREAM_ACTIONS = ("stream_add", "stream_remove", "stream_reorder", "stream_replace")


def register_handlers() -> None:
    """Called once at start-up."""
    register_undo("channel", undo_channel)
    register_undo("channel_group", undo_group)
    register_undo("channel_group_order", undo_group_order)


def undo_channel(entry: JournalEntry) -> None:
    """Take back one entry about a channel. Raises :class:`UndoConflict` without having written anything."""
    if entry.action_type == "create":
        _take_back_creation(entry)
    elif entry.action_type == "delete":
        _bring_back(entry)
    elif entry.action_type in _STREAM_ACTIONS:
        _restore_streams(entry)
    elif entry.action_type == "profiles":
        _restore_profiles(entry)
    else:
        _restore_fields(entry)
    lineup_changed()


def undo_group(entry: JournalEntry) -> None:
    """Take back the creation, renaming or deletion of a group. Raises :class:`UndoConflict`."""
    actions: dict[str, Callable[[JournalEntry], None]] = {
        "group_create": _take_back_group,
        "group_rename": _restore_group_name,
        "group_delete": _bring_back_group,
    }
    actions[entry.action_type](entry)
    lineup_changed(guide=False)


def undo_group_order(entry: JournalEntry) -> None:
    """Give groups their positions back; positions changed since are a conflict, groups that are gone do not matter."""
    before, after = _values(entry.before_value)["positions"], _values(entry.after_value)["positions"]
    groups = ChannelGroup.objects.in_bulk([int(key) for key in after])
    if any(str(pk) in after and group.position != after[str(pk)] for pk, group in groups.items()):
        raise UndoConflict("The order of the groups was changed again since.")
    for pk, group in groups.items():
        group.position = before.get(str(pk))
    ChannelGroup.objects.bulk_update(groups.values(), ["position"], batch_size=200)
    lineup_changed(guide=False)


# --- channels ---------------------------------------------------------------------------------------------------------


def _take_back_creation(entry: JournalEntry) -> None:
    snapshot = channel_snapshots([_entity(entry)]).get(_entity(entry))
    if snapshot is None:
        return  # deleted since: there is nothing left to take back
    created = _values(entry.after_value)
    changed = [name for name in FIELDS if name in created and snapshot[name] != created[name] and name != "guide_entry_id"]
    if changed:
        raise UndoConflict(_sentence(entry, ((name, snapshot[name]) for name in changed)))
    if set(snapshot["streams"]) - set(created.get("streams", [])):
        raise UndoConflict(f"“{shortened(entry.entity_name)}” was given other streams since.")
    ChannelStream.objects.filter(channel_id=_entity(entry)).delete()
    Channel.objects.filter(pk=_entity(entry)).delete()


def _bring_back(entry: JournalEntry) -> None:
    values = _values(entry.before_value)
    pk = _entity(entry)
    if Channel.objects.filter(Q(pk=pk) | Q(uuid=UUID(values["uuid"]))).exists():
        raise UndoConflict(f"“{shortened(entry.entity_name)}” is there again already.")
    fields = {name: from_journal(name, values.get(name)) for name in FIELDS if name in values}
    fields["group_id"] = _group_again(values)
    fields["guide_entry_id"] = _if_there(GuideEntry, fields.get("guide_entry_id"))
    if "stream_profile_id" in fields:
        fields["stream_profile_id"] = _if_there(StreamProfile, fields["stream_profile_id"])
    Channel.objects.create(
        pk=pk,
        uuid=UUID(values["uuid"]),
        auto_created=bool(values.get("auto_created")),
        auto_created_by_id=_if_there(Account, values.get("auto_created_by_id")),
        synced_stream=values.get("synced_stream"),
        synced_group=values.get("synced_group"),
        pinned_fields=values.get("pinned_fields") or [],
        created_at=datetime.fromisoformat(values["created_at"]),
        **fields,
    )
    ChannelStream.objects.bulk_create(
        ChannelStream(channel_id=pk, stream_id=stream_id, position=position)
        for position, stream_id in enumerate(_still_there(values["streams"]), 1)
    )
    _enable_in(pk, values.get("profile_ids") or [])


def _restore_streams(entry: JournalEntry) -> None:
    pk = _entity(entry)
    before, after = _values(entry.before_value)["streams"], _values(entry.after_value)["streams"]
    if not Channel.objects.filter(pk=pk).exists():
        raise UndoConflict(f"“{shortened(entry.entity_name)}” was deleted since.")
    current = stream_ids_of(pk)
    if current != _still_there(after):
        raise UndoConflict(
            f"The streams of “{shortened(entry.entity_name)}” were changed since: it has {counted(len(current), 'stream')} now."
        )
    store_streams(pk, current, _still_there(before))


def _restore_profiles(entry: JournalEntry) -> None:
    pk = _entity(entry)
    if not Channel.objects.filter(pk=pk).exists():
        raise UndoConflict(f"“{shortened(entry.entity_name)}” was deleted since.")
    before, after = (set(_values(side).get("profile_ids") or []) for side in (entry.before_value, entry.after_value))
    enabled = set(ProfileMembership.objects.filter(channel_id=pk).values_list("profile_id", flat=True))
    there = set(ChannelProfile.objects.filter(pk__in=before ^ after).values_list("pk", flat=True))
    if (enabled ^ after) & there & (before ^ after):
        raise UndoConflict(f"The profiles of “{shortened(entry.entity_name)}” were changed since.")
    ProfileMembership.objects.filter(channel_id=pk, profile_id__in=after - before).delete()
    _enable_in(pk, sorted(before - after))


def _enable_in(channel_id: int, profile_ids: list[int]) -> None:
    """Enable a channel in those of the profiles that still exist."""
    there = ChannelProfile.objects.filter(pk__in=profile_ids).values_list("pk", flat=True)
    ProfileMembership.objects.bulk_create(ProfileMembership(profile_id=pk, channel_id=channel_id) for pk in there)


def _restore_fields(entry: JournalEntry) -> None:
    channel = Channel.objects.filter(pk=_entity(entry)).first()
    if channel is None:
        raise UndoConflict(f"“{shortened(entry.entity_name)}” was deleted since.")
    before, after = _values(entry.before_value), _values(entry.after_value)
    names = [name for name in FIELDS if name in after]
    conflicts = [name for name in names if not same_value(name, getattr(channel, name), from_journal(name, after[name]))]
    if conflicts:
        raise UndoConflict(_sentence(entry, ((name, to_journal(name, getattr(channel, name))) for name in conflicts)))
    restored: dict[str, FieldValue] = {name: from_journal(name, before.get(name)) for name in names}
    if restored.get("group_id") is not None:
        restored["group_id"] = _group_of_that_name(entry, before)
    if "guide_entry_id" in restored:
        restored["guide_entry_id"] = _if_there(GuideEntry, restored["guide_entry_id"])
    if "stream_profile_id" in restored:
        restored["stream_profile_id"] = _if_there(StreamProfile, restored["stream_profile_id"])
    pinned = pins_taken_back(channel.pinned_fields, before.get(PINNED), after.get(PINNED))
    books = {name: before.get(name) for name in _BOOKS if name in after and getattr(channel, name) == after[name]}
    Channel.objects.filter(pk=channel.pk).update(**restored, **books, pinned_fields=pinned, updated_at=timezone.now())


def _group_of_that_name(entry: JournalEntry, values: dict[str, Any]) -> int:
    group = ChannelGroup.objects.filter(pk=values["group_id"]).first() or find_group(str(values.get("group") or ""))
    if group is None:
        name = shortened(str(values.get("group") or "its former group"))
        raise UndoConflict(f"“{shortened(entry.entity_name)}” cannot go back: the group “{name}” no longer exists.")
    return group.pk


def _group_again(values: dict[str, Any]) -> int | None:
    """The group a deleted channel was in: the same one, one of its name, or a new one of that id and name."""
    if values.get("group_id") is None:
        return None
    group_id, name = int(values["group_id"]), str(values.get("group") or "")
    if ChannelGroup.objects.filter(pk=group_id).exists():
        return group_id
    group = find_group(name) if name else None
    if group is None and name:
        group = ChannelGroup.objects.create(pk=group_id, name=name)
    return group.pk if group else None


# --- groups -----------------------------------------------------------------------------------------------------------


def _take_back_group(entry: JournalEntry) -> None:
    group = ChannelGroup.objects.filter(pk=_entity(entry)).first()
    if group is None:
        return
    count = Channel.objects.filter(group=group).count()
    if count:
        raise UndoConflict(f"The group “{shortened(group.name)}” has {counted(count, 'channel')} now.")
    if group.name != _values(entry.after_value)["name"]:
        raise UndoConflict(f"The group was renamed to “{shortened(group.name)}” since.")
    group.delete()


def _restore_group_name(entry: JournalEntry) -> None:
    group = ChannelGroup.objects.filter(pk=_entity(entry)).first()
    if group is None:
        raise UndoConflict(f"The group “{shortened(entry.entity_name)}” was deleted since.")
    old = _values(entry.before_value)["name"]
    if group.name != _values(entry.after_value)["name"]:
        raise UndoConflict(f"The group was renamed to “{shortened(group.name)}” since.")
    _refuse_taken(old, except_id=group.pk)
    HiddenGroup.objects.filter(group_id=group.pk, name=group.name).update(name=old)
    ChannelGroup.objects.filter(pk=group.pk).update(name=old)


def _bring_back_group(entry: JournalEntry) -> None:
    values = _values(entry.before_value)
    if ChannelGroup.objects.filter(pk=_entity(entry)).exists():
        raise UndoConflict(f"The group “{shortened(entry.entity_name)}” is there again already.")
    _refuse_taken(values["name"], except_id=None)
    made = {"created_at": datetime.fromisoformat(values["created_at"])} if values.get("created_at") else {}
    ChannelGroup.objects.create(pk=_entity(entry), name=values["name"], position=values.get("position"), **made)


def _refuse_taken(name: str, *, except_id: int | None) -> None:
    other = find_group(name)
    if other is not None and other.pk != except_id:
        raise UndoConflict(f"Another group is called “{shortened(other.name)}” now.")


# --- helpers ----------------------------------------------------------------------------------------------------------


def _entity(entry: JournalEntry) -> int:
    if entry.entity_id is None:
        raise UndoConflict("This entry does not say what it was about.")
    return entry.entity_id


def _values(stored: Any) -> dict[str, Any]:
    return stored if isinstance(stored, dict) else {}


def _still_there(stream_ids: list[int]) -> list[int]:
    """Streams that exist, in order: what a provider took away since cannot come back and is no conflict."""
    known: set[int] = set()
    for start in range(0, len(stream_ids), 500):
        known.update(Stream.objects.filter(pk__in=stream_ids[start : start + 500]).values_list("pk", flat=True))
    return [stream_id for stream_id in stream_ids if stream_id in known]


def _if_there(model: type[GuideEntry] | type[Account] | type[StreamProfile], pk: object) -> int | None:
    if pk is None or not model._default_manager.filter(pk=int(str(pk))).exists():
        return None
    return int(str(pk))


def _sentence(entry: JournalEntry, changed: Iterable[tuple[str, object]]) -> str:
    told = []
    for name, value in changed:
        shown = "empty" if value in (None, "") else f"“{shortened(str(value))}”"
        told.append(f"{FIELDS[name].label} is {shown} now")
    return f"“{shortened(entry.entity_name)}” was changed since: {'; '.join(told)}."
