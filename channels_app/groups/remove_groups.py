"""Deletes groups, or hides those that auto-sync would make again (10 §7.4)."""

from dataclasses import dataclass, field

from channels_app.autosync.filled_groups import groups_filled_by_auto_sync
from channels_app.commands import DeleteGroups
from channels_app.edit_groups import delete_groups
from channels_app.groups.hidden import hide_groups
from channels_app.outcomes import Outcome
from tasks_app import journal


@dataclass
class RemovedGroups(Outcome):
    """Which of the groups were deleted and which only hidden."""

    deleted: list[int] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)


def remove_groups(command: DeleteGroups, *, batch_id: str = "") -> RemovedGroups:
    """Delete groups that were made by hand; groups that auto-sync fills are hidden and keep their channels. One batch."""
    linked = groups_filled_by_auto_sync() & set(command.group_ids)
    manual = tuple(pk for pk in command.group_ids if pk not in linked)
    outcome = RemovedGroups("", batch_id or journal.new_batch_id())
    parts: list[Outcome] = []
    if manual or not linked:
        deleted = delete_groups(
            DeleteGroups(manual, command.delete_channels), batch_id=batch_id if not linked else outcome.batch_id
        )
        outcome.deleted = deleted.group_ids
        parts.append(deleted)
    if linked:
        hidden = hide_groups(sorted(linked), batch_id=outcome.batch_id)
        outcome.hidden = hidden.group_ids
        parts.append(hidden)
    for part in parts:
        outcome.group_ids += part.group_ids
        outcome.channel_ids += part.channel_ids
        outcome.warnings += part.warnings
        outcome.entry_id = outcome.entry_id or part.entry_id
        outcome.batch_id = part.batch_id or outcome.batch_id
    outcome.message = " ".join(part.message for part in parts)
    return outcome
