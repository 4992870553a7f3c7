"""Journal entries about whole channels and their streams (10 §21.1). Changed fields are journalled by ``write_changes``.

The undo handlers in ``undo.py`` read what is written here: ``create`` and ``delete`` carry a snapshot, the ``stream_…``
actions carry {"streams": [ids in order]}, and ``profiles`` {"profile_ids": [ids]}.
"""

from collections.abc import Sequence

from channels_app.snapshots import Snapshot
from ecm_site.wording import counted, shortened
from tasks_app import journal
from tasks_app.models import JournalEntry


def created_entry(channel_id: int, snapshot: Snapshot, *, batch_id: str = "") -> JournalEntry:
    return journal.build_entry(
        "channel",
        "create",
        entity_type="channel",
        entity_id=channel_id,
        entity_name=snapshot["name"],
        description=f"Created {_called(snapshot)}",
        after=snapshot,
        batch_id=batch_id,
        undoable=True,
    )


def deleted_entry(channel_id: int, snapshot: Snapshot, *, batch_id: str = "") -> JournalEntry:
    return journal.build_entry(
        "channel",
        "delete",
        entity_type="channel",
        entity_id=channel_id,
        entity_name=snapshot["name"],
        description=f"Deleted {_called(snapshot)}",
        before=snapshot,
        batch_id=batch_id,
        undoable=True,
    )


def streams_entry(
    action_type: str,
    channel_id: int,
    name: str,
    before: Sequence[int],
    after: Sequence[int],
    *,
    batch_id: str = "",
    description: str = "",
    undoable: bool = True,
    labels: Sequence[str] = (),
) -> JournalEntry:
    """An entry for ``stream_add``, ``stream_remove`` or ``stream_reorder``; ``labels`` name the streams it is about."""
    after_value: dict[str, object] = {"streams": list(after)}
    if labels:
        after_value["names"] = list(labels)
    return journal.build_entry(
        "channel",
        action_type,
        entity_type="channel",
        entity_id=channel_id,
        entity_name=name,
        description=description or _about_streams(action_type, name, len(after) - len(before)),
        before={"streams": list(before)},
        after=after_value,
        batch_id=batch_id,
        undoable=undoable,
    )


def profiles_entry(
    channel_id: int, name: str, before: Sequence[int], after: Sequence[int], *, batch_id: str = ""
) -> JournalEntry:
    """An entry for a channel that was enabled or disabled in channel profiles (ids of the profiles where it is enabled)."""
    more, fewer = len(set(after) - set(before)), len(set(before) - set(after))
    told = [f"enabled in {counted(more, 'profile')}"] if more else []
    told += [f"disabled in {counted(fewer, 'profile')}"] if fewer else []
    return journal.build_entry(
        "channel",
        "profiles",
        entity_type="channel",
        entity_id=channel_id,
        entity_name=name,
        description=f"“{shortened(name)}” {', '.join(told) or 'stays in its profiles'}",
        before={"profile_ids": sorted(before)},
        after={"profile_ids": sorted(after)},
        batch_id=batch_id,
        undoable=True,
    )


def _called(snapshot: Snapshot) -> str:
    number = f"{snapshot['number']} " if snapshot.get("number") else ""
    return f"channel {number}“{shortened(snapshot['name'])}”"


def _about_streams(action_type: str, name: str, difference: int) -> str:
    if action_type == "stream_reorder":
        return f"Reordered the streams of “{shortened(name)}”"
    verb, word = ("Added", "to") if difference >= 0 else ("Removed", "from")
    return f"{verb} {counted(abs(difference), 'stream')} {word} “{shortened(name)}”"
