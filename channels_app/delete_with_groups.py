"""Deletes channels and, if asked, the groups that this empties (10 §7.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from channels_app.autosync.filled_groups import groups_filled_by_auto_sync
from channels_app.commands import DeleteChannels, DeleteGroups
from channels_app.edit_channels import delete_channels
from channels_app.groups.remove_groups import remove_groups
from channels_app.models import Channel, ChannelGroup
from channels_app.outcomes import Outcome
from ecm_site.many_ids import among
from ecm_site.wording import counted, shortened
from tasks_app import journal


@dataclass(frozen=True)
class EmptiedGroups:
    """Groups of which every channel would go: those that would be deleted too, and those that would be hidden."""

    manual: list[ChannelGroup]
    linked: list[ChannelGroup]


def emptied_groups(channel_ids: Sequence[int]) -> EmptiedGroups:
    """What deleting these channels would leave empty, judged on the whole lineup and not on what a filter shows."""
    rows = Channel.objects.filter(pk__in=among(channel_ids), group__isnull=False).order_by().values_list("group_id")
    going = dict(rows.annotate(count=Count("pk")))
    standing = Channel.objects.filter(group_id__in=going).order_by().values_list("group_id").annotate(count=Count("pk"))
    emptied = [group_id for group_id, count in standing if count == going[group_id]]
    if not emptied:
        return EmptiedGroups([], [])
    groups = ChannelGroup.objects.filter(pk__in=emptied).order_by("name")
    synced = groups_filled_by_auto_sync()
    return EmptiedGroups(
        [group for group in groups if group.pk not in synced], [group for group in groups if group.pk in synced]
    )


def delete_with_groups(command: DeleteChannels, *, with_groups: bool) -> Outcome:
    """Delete channels, and ``with_groups`` the groups that have none left then; those that auto-sync fills are hidden instead
    (10 §7.4). One batch, one step to take back.

    Groups are looked at again after the deletion: one that was given a channel meanwhile stays.
    """
    emptied = emptied_groups(command.channel_ids) if with_groups else EmptiedGroups([], [])
    doomed = [*emptied.manual, *emptied.linked]
    if not doomed:
        return delete_channels(command)
    batch_id = journal.new_batch_id()
    outcome = delete_channels(command, batch_id=batch_id)
    held = set(Channel.objects.filter(group__in=doomed).values_list("group_id", flat=True))
    empty = tuple(group.pk for group in doomed if group.pk not in held)
    removed = remove_groups(DeleteGroups(empty), batch_id=batch_id)
    outcome.group_ids += removed.group_ids
    outcome.entry_id = outcome.entry_id or removed.entry_id
    names = [group.name for group in doomed if group.pk in removed.deleted]
    if names:
        what = f"the group “{shortened(names[0])}”" if len(names) == 1 else counted(len(names), "group")
        outcome.message = f"{outcome.message.removesuffix('.')} and {what}."
    if removed.hidden:
        outcome.message = f"{outcome.message} Hid {counted(len(removed.hidden), 'group')} that auto-sync fills."
    figures = {"channels": len(outcome.channel_ids), "groups": len(removed.group_ids)}
    journal.log_summary("channel", batch_id, outcome.message, action_type="bulk_delete", after=figures)
    return outcome
