"""Creates, renames, deletes and orders channel groups (10 §7.4, §8.6). Names are matched without regard to case."""

import logging
from collections.abc import Sequence

from django.db import transaction

from channels_app.channel_fields import clean_text
from channels_app.commands import CreateGroup, DeleteChannels, DeleteGroups, PlaceGroups, RenameGroup
from channels_app.edit_channels import delete_channels
from channels_app.errors import EditRefused, NotThere
from channels_app.group_order import groups_in_order
from channels_app.lineup_changed import lineup_changed
from channels_app.models import Channel, ChannelGroup, HiddenGroup
from channels_app.outcomes import Outcome
from channels_app.write_changes import ChannelChange, write_changes
from ecm_site.wording import counted, shortened
from tasks_app import journal
from tasks_app.models import JournalEntry

logger = logging.getLogger(__name__)

GROUP_NAME_LENGTH = 255


def find_group(name: str) -> ChannelGroup | None:
    """The group of this name, whatever its case. SQLite folds only ASCII, so other letters are compared here."""
    name = name.strip()
    exact = ChannelGroup.objects.filter(name__iexact=name).order_by("pk").first()
    if exact is not None or name.isascii():
        return exact
    wanted = name.casefold()
    for pk, other in ChannelGroup.objects.values_list("pk", "name"):
        if other.casefold() == wanted:
            return ChannelGroup.objects.get(pk=pk)
    return None


def create_group(command: CreateGroup, *, batch_id: str = "") -> tuple[ChannelGroup, Outcome]:
    """Create a group, or return the one that already has this name (10 §7.4). Raises :class:`EditRefused` without a name."""
    name = _clean_group_name(command.name)
    with transaction.atomic():
        existing = find_group(name)
        if existing is not None:
            return existing, Outcome(f"There already is a group “{shortened(existing.name)}”.", batch_id)
        group = ChannelGroup.objects.create(name=name)
        entry = _group_entry("group_create", group.pk, name, f"Created group “{shortened(name)}”", batch_id=batch_id)
        entry.after_value = {"name": name, "position": None}
        outcome = Outcome(f"{entry.description}.", batch_id, group_ids=[group.pk])
        outcome.note(journal.log_entries([entry]))
    logger.info("[CHANNELS] Created group id=%s name=%s", group.pk, name)
    return group, outcome


def rename_group(command: RenameGroup, *, batch_id: str = "") -> Outcome:
    """Rename a group; a name that another group has is refused. Raises :class:`NotThere` or :class:`EditRefused`."""
    name = _clean_group_name(command.name)
    with transaction.atomic():
        group = ChannelGroup.objects.filter(pk=command.group_id).first()
        if group is None:
            raise NotThere("This group no longer exists. Reload the page.")
        if group.name == name:
            return Outcome("Nothing has changed.", batch_id)
        other = find_group(name)
        if other is not None and other.pk != group.pk:
            raise EditRefused({"name": f"Another group is called “{shortened(other.name)}”. Choose a different name."})
        description = f"Renamed group “{shortened(group.name)}” to “{shortened(name)}”"
        entry = _group_entry("group_rename", group.pk, name, description, batch_id=batch_id)
        entry.before_value, entry.after_value = {"name": group.name}, {"name": name}
        HiddenGroup.objects.filter(group_id=group.pk, name=group.name).update(name=name)  # it stays hidden
        group.name = name
        group.save(update_fields=["name"])
        outcome = Outcome(f"{description}.", batch_id, group_ids=[group.pk])
        outcome.note(journal.log_entries([entry]))
        lineup_changed(guide=False)
    logger.info("[CHANNELS] Renamed group id=%s name=%s", group.pk, name)
    return outcome


def delete_groups(command: DeleteGroups, *, batch_id: str = "") -> Outcome:
    """Delete groups; their channels become Uncategorized or, when asked, are deleted too (10 §7.4). One batch.

    A group that is gone already does not matter.
    """
    own_batch = not batch_id
    batch_id = batch_id or journal.new_batch_id()
    outcome = Outcome("", batch_id)
    deleted: list[str] = []
    for group in ChannelGroup.objects.filter(pk__in=command.group_ids).order_by("pk"):
        _empty_group(group, command.delete_channels, batch_id, outcome)
        with transaction.atomic():
            if Channel.objects.filter(group=group).exists():
                raise EditRefused(f"A channel was put into “{shortened(group.name)}” just now, so the group was kept.")
            entry = _group_entry(
                "group_delete", group.pk, group.name, f"Deleted group “{shortened(group.name)}”", batch_id=batch_id
            )
            created_at = group.created_at.isoformat()
            entry.before_value = {"name": group.name, "position": group.position, "created_at": created_at}
            ChannelGroup.objects.filter(pk=group.pk).delete()
            outcome.note(journal.log_entries([entry]))
            lineup_changed(guide=False)
        outcome.group_ids.append(group.pk)
        deleted.append(group.name)
    outcome.message = _deleted_message(deleted, len(outcome.channel_ids), command.delete_channels)
    if deleted and own_batch:
        numbers = {"groups": len(deleted), "channels": len(outcome.channel_ids)}
        journal.log_summary("channel", batch_id, outcome.message, action_type="bulk_delete", after=numbers)
    logger.info("[CHANNELS] Deleted %s groups with_channels=%s batch=%s", len(deleted), command.delete_channels, batch_id)
    return outcome


def place_groups(command: PlaceGroups, *, batch_id: str = "") -> Outcome:
    """Store a new order of the groups: those named stand in front of ``before_id``, or last (10 §8.6).

    From then on every group has a position of its own; numbers stay as they are. Raises :class:`EditRefused` when one of
    the groups is gone.
    """
    with transaction.atomic():
        order = groups_in_order()
        ids = [group.pk for group in order]
        new_ids = new_group_order(ids, command.group_ids, command.before_id)
        moved = [group_id for group_id in ids if group_id in set(command.group_ids)]
        if new_ids == ids:
            return Outcome("The order is the same.", batch_id)
        before = {str(group.pk): group.position for group in order}
        after = {str(group_id): position for position, group_id in enumerate(new_ids, 1)}
        names = {group.pk: group.name for group in order}
        changed = [ChannelGroup(pk=int(key), position=value) for key, value in after.items() if before[key] != value]
        ChannelGroup.objects.bulk_update(changed, ["position"], batch_size=200)
        what = f"“{shortened(names[moved[0]])}”" if len(moved) == 1 else counted(len(moved), "group")
        entry = _group_entry(
            "group_reorder", moved[0], names[moved[0]], f"Moved {what} in the order of groups", batch_id=batch_id
        )
        entry.entity_type = "channel_group_order"
        entry.before_value, entry.after_value = {"positions": before}, {"positions": after}
        outcome = Outcome(f"Moved {what}.", batch_id, group_ids=moved)
        outcome.note(journal.log_entries([entry]))
        lineup_changed(guide=False)
    logger.info("[CHANNELS] Placed groups %s before %s", moved, command.before_id)
    return outcome


def new_group_order(ids: Sequence[int], moved_ids: Sequence[int], before_id: int | None) -> list[int]:
    """``ids`` with the moved ones, in their order, in front of ``before_id`` or last. Raises :class:`NotThere`."""
    moved = [group_id for group_id in ids if group_id in set(moved_ids)]
    if len(moved) < len(set(moved_ids)) or (before_id is not None and before_id not in ids):
        raise NotThere("One of these groups no longer exists. Reload the page.")
    rest = [group_id for group_id in ids if group_id not in set(moved)]
    place = _place_in(rest, ids, set(moved), before_id)
    return [*rest[:place], *moved, *rest[place:]]


def _place_in(rest: Sequence[int], ids: Sequence[int], moved: set[int], before_id: int | None) -> int:
    """Where in ``rest`` the moved groups land; a target that is itself moved stands for the next one that is not."""
    if before_id is None:
        return len(rest)
    following = next((group_id for group_id in ids[ids.index(before_id) :] if group_id not in moved), None)
    return len(rest) if following is None else rest.index(following)


def _empty_group(group: ChannelGroup, delete_them: bool, batch_id: str, outcome: Outcome) -> None:
    ids = list(Channel.objects.filter(group=group).order_by("pk").values_list("pk", flat=True))
    if not ids:
        return
    if delete_them:
        done = delete_channels(DeleteChannels(tuple(ids)), batch_id=batch_id)
        outcome.channel_ids += done.channel_ids
        outcome.entry_id = outcome.entry_id or done.entry_id
        return
    changes = [ChannelChange(pk, {"group_id": group.pk}, {"group_id": None}) for pk in ids]
    written = write_changes(changes, action_type="move", batch_id=batch_id)
    outcome.channel_ids += written.changed
    outcome.note(written.entries)


def _deleted_message(names: list[str], channels: int, with_channels: bool) -> str:
    if not names:
        return "These groups were deleted already."
    message = f"Deleted group “{shortened(names[0])}”" if len(names) == 1 else f"Deleted {len(names)} groups"
    if not channels:
        return f"{message}."
    return (
        f"{message} with {counted(channels, 'channel')}."
        if with_channels
        else (f"{message}; {counted(channels, 'channel')} now Uncategorized.")
    )


def _clean_group_name(text: str) -> str:
    try:
        name = clean_text(text, longest=GROUP_NAME_LENGTH)
    except ValueError as error:
        raise EditRefused({"name": str(error)}) from None
    if not name:
        raise EditRefused({"name": "Give the group a name."})
    return name


def _group_entry(action_type: str, group_id: int, name: str, description: str, *, batch_id: str) -> JournalEntry:
    return journal.build_entry(
        "channel",
        action_type,
        entity_type="channel_group",
        entity_id=group_id,
        entity_name=name,
        description=description,
        batch_id=batch_id,
        undoable=True,
    )
