"""Takes edits of the lineup back, one journal entry at a time (DESIGN §3).

An entry is undone only while what it wrote is still there. A field that somebody changed since is a conflict, and the
message says what the field holds now. Entries of one batch are undone from the last to the first.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from channels_app.edit_groups import find_group
from channels_app.lineup_changed import lineup_changed
from channels_app.models import (
    Channel,
    ChannelGroup,
    HiddenGroup,
)
from channels_app.undo_channels import undo_channel, undo_channels
from ecm_site.wording import counted, shortened
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo

_BOOKS = ("auto_created", "auto_created_by_id", "synced_stream", "synced_group")  # what auto-sync keeps about a channel


def register_handlers() -> None:
    """Called once at start-up."""
    register_undo("channel", undo_channel, many=undo_channels)
    register_undo("channel_group", undo_group)
    register_undo("channel_group_order", undo_group_order)


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
