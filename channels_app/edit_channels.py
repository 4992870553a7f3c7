"""Creates, changes and deletes channels (10 §7.1–7.3)."""

import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db import transaction

from channels_app.arrange_streams import MOST_STREAMS
from channels_app.channel_fields import clean_fields
from channels_app.chunks import chunked, chunked_writes
from channels_app.commands import CreateChannel, DeleteChannels, FieldValue, UpdateChannel
from channels_app.errors import ChangedMeanwhile, EditRefused, NotThere
from channels_app.journal_channels import created_entry, deleted_entry
from channels_app.lineup_changed import lineup_changed
from channels_app.link_guide import entry_for_tvg_id, linked_entries
from channels_app.models import Channel, ChannelGroup, ChannelStream, StreamProfile
from channels_app.number_changes import (
    duplicate_warnings,
    number_changes,
    renames_with_numbers,
    shared_numbers,
    with_number,
)
from channels_app.numbering import NewNumbers, close_gap_after_delete, suggest_start_in_group
from channels_app.outcomes import Outcome
from channels_app.profiles.set_memberships import enable_new_channels
from channels_app.snapshots import channel_snapshots, snapshot_of
from channels_app.write_changes import Written, change_of, write_changes
from ecm_site.wording import counted, shortened
from epg_app.models import GuideEntry
from m3u_app.models import Stream
from tasks_app import journal

logger = logging.getLogger(__name__)


def create_channel(command: CreateChannel, *, batch_id: str = "") -> Outcome:
    """Create one channel; without a guide entry it is linked to one by its TVG-ID.

    Raises :class:`EditRefused` naming the fields that are wrong. A number that others have is allowed and reported.
    """
    fields = clean_fields({"name": None, **command.fields})
    if len(command.stream_ids) > MOST_STREAMS:
        raise EditRefused(f"A channel can hold {MOST_STREAMS:,} streams at most.")
    if fields.get("guide_entry_id") is None and not fields.get("no_epg"):
        fields["guide_entry_id"] = entry_for_tvg_id(str(fields.get("tvg_id", "")))
    with transaction.atomic():
        _refuse_missing_targets(fields)
        channel = Channel.objects.create(**fields)
        wanted = list(dict.fromkeys(command.stream_ids))
        existing = set(Stream.objects.filter(pk__in=wanted).values_list("pk", flat=True))
        stream_ids = [stream_id for stream_id in wanted if stream_id in existing]
        ChannelStream.objects.bulk_create(
            ChannelStream(channel=channel, stream_id=stream_id, position=position)
            for position, stream_id in enumerate(stream_ids, 1)
        )
        profile_ids = enable_new_channels([channel.pk], command.profile_ids)
        entry = created_entry(channel.pk, snapshot_of(channel, stream_ids, profile_ids), batch_id=batch_id)
        outcome = Outcome(f"{entry.description}.", batch_id, channel_ids=[channel.pk])
        outcome.note(journal.log_entries([entry]))
        lineup_changed()
    if len(stream_ids) < len(wanted):
        outcome.warnings.append(f"{counted(len(wanted) - len(stream_ids), 'stream')} no longer exist and were left out.")
    outcome.warnings += duplicate_warnings(shared_numbers({channel.pk: channel.number}))
    logger.info("[CHANNELS] Created channel id=%s name=%s", channel.pk, channel.name)
    return outcome


def update_channel(command: UpdateChannel, *, rename_with_number: bool | None = None, batch_id: str = "") -> Outcome:
    """Change fields of one channel; only what differs is written and journalled (10 §7.2).

    A changed number also changes the name that contains it when ``rename_with_number`` (None = the setting) says so and
    no new name is given. A changed TVG-ID links a guide entry when the channel has none. Raises :class:`EditRefused` for
    unknown fields and wrong values, :class:`NotThere` when the channel is gone.
    """
    fields = clean_fields(command.changes)
    channel = Channel.objects.filter(pk=command.channel_id).first()
    if channel is None:
        raise NotThere("This channel no longer exists. Reload the page.")
    rename = renames_with_numbers() if rename_with_number is None else rename_with_number
    fields = _with_number(channel, fields, rename=rename)
    if _wants_guide(channel, fields) and (entry_id := entry_for_tvg_id(str(fields["tvg_id"]))) is not None:
        fields["guide_entry_id"] = entry_id
    change = change_of(channel, fields)
    if change is None:
        return Outcome("Nothing has changed.", batch_id)
    written = write_changes([change], batch_id=batch_id)
    if written.passed_over:
        raise ChangedMeanwhile("Somebody else changed this channel at the same time. Look at it again, then save.")
    outcome = Outcome("", batch_id, channel_ids=written.changed)
    outcome.note(written.entries)
    outcome.message = f"{written.entries[0].description}." if written.entries else "Saved."
    if "number" in change.after and isinstance(change.after["number"], Decimal):
        outcome.warnings += duplicate_warnings(shared_numbers({channel.pk: change.after["number"]}))
    return outcome


def update_channels(commands: Sequence[UpdateChannel], *, rename_with_number: bool, batch_id: str = "") -> Written:
    """:func:`update_channel` for several channels at once, each mentioned once; a fixed number of queries for every 500.

    All or none when called in a transaction: raises :class:`EditRefused` if any of them would be refused.
    """
    wanted = {command.channel_id: clean_fields(command.changes) for command in commands}
    changes = []
    for portion in chunked(list(wanted)):
        channels = Channel.objects.in_bulk(portion)
        if len(channels) < len(portion):
            raise NotThere("This channel no longer exists. Reload the page.")
        fields = {pk: _with_number(channels[pk], wanted[pk], rename=rename_with_number) for pk in portion}
        linkable = {pk: str(fields[pk]["tvg_id"]) for pk in portion if _wants_guide(channels[pk], fields[pk])}
        entries = linked_entries(list(set(linkable.values()))) if linkable else {}
        for pk, tvg_id in linkable.items():
            if tvg_id in entries:
                fields[pk]["guide_entry_id"] = entries[tvg_id]
        found = (change_of(channels[pk], fields[pk]) for pk in portion)
        changes += [change for change in found if change is not None]
    written = write_changes(changes, batch_id=batch_id)
    if written.passed_over:
        raise ChangedMeanwhile("Somebody else changed one of these channels at the same time.")
    return written


def numbers_after_delete(channel_ids: Sequence[int]) -> NewNumbers:
    """Numbers of the channels that would move up when these are deleted (10 §7.3, 25.2 #26)."""
    doomed = set(channel_ids)
    group_ids = set(Channel.objects.filter(pk__in=channel_ids[:1000]).values_list("group_id", flat=True))
    changes: NewNumbers = {}
    for group_id in group_ids:
        rows = dict(Channel.objects.filter(group_id=group_id).values_list("pk", "number"))
        going = [(number, pk) for pk, number in rows.items() if pk in doomed and number is not None]
        for _, pk in sorted(going, reverse=True):  # from the highest down: what follows is then already in place
            moved = close_gap_after_delete(list(rows.items()), pk)
            rows.pop(pk)
            rows.update(moved)
            changes.update(moved)
        for pk in doomed:
            changes.pop(pk, None)
    return changes


def delete_channels(command: DeleteChannels, *, batch_id: str = "") -> Outcome:
    """Delete channels; those that are gone already do not matter (10 §7.3). Each leaves a full snapshot in the journal."""
    own_batch = not batch_id
    batch_id = batch_id or journal.new_batch_id()
    outcome = Outcome("", batch_id)
    moving_up = numbers_after_delete(command.channel_ids) if command.move_up else {}
    last_name = ""
    for portion in chunked_writes(list(dict.fromkeys(command.channel_ids))):
        with transaction.atomic():
            snapshots = channel_snapshots(portion)
            if not snapshots:
                continue
            ids = list(snapshots)
            ChannelStream.objects.filter(channel_id__in=ids).delete()
            Channel.objects.filter(pk__in=ids).delete()
            outcome.note(journal.log_entries([deleted_entry(pk, snapshots[pk], batch_id=batch_id) for pk in ids]))
            outcome.channel_ids += ids
            last_name = snapshots[ids[-1]]["name"]
            lineup_changed()
    gone = len(outcome.channel_ids)
    if moving_up:
        written = write_changes(number_changes(moving_up), action_type="reorder", batch_id=batch_id)
        outcome.channel_ids += written.changed
        outcome.note(written.entries)
    named = f"channel “{shortened(last_name)}”" if gone == 1 else counted(gone, "channel")
    outcome.message = f"Deleted {named}." if gone else "These channels were deleted already."
    if gone:
        if own_batch:
            journal.log_summary("channel", batch_id, outcome.message, action_type="bulk_delete", after={"channels": gone})
        logger.info("[CHANNELS] Deleted %s channels batch=%s", gone, batch_id)
    return outcome


def next_number_in_group(group_id: int | None) -> Decimal:
    """The number behind the highest of a group; 1 for an empty one (25.2 #29)."""
    highest = (
        Channel.objects.filter(group_id=group_id, number__isnull=False).order_by("-number").values_list("number", flat=True)
    )
    return suggest_start_in_group(highest[:1])


def _with_number(channel: Channel, fields: Mapping[str, FieldValue], *, rename: bool) -> dict[str, FieldValue]:
    """A new number together with the name that contains it, unless a name is given."""
    if "number" not in fields or "name" in fields:
        return dict(fields)
    number = fields["number"]
    return {**with_number(channel, number if isinstance(number, Decimal) else None, rename=rename), **fields}


def _wants_guide(channel: Channel, fields: Mapping[str, FieldValue]) -> bool:
    """Whether a new TVG-ID is to link the channel to a guide entry."""
    tvg_id = fields.get("tvg_id")
    if not tvg_id or tvg_id == channel.tvg_id or "guide_entry_id" in fields:
        return False
    return not (channel.guide_entry_id is not None or channel.epg_locked or channel.no_epg or fields.get("no_epg"))


def _refuse_missing_targets(fields: Mapping[str, FieldValue]) -> None:
    group_id, entry_id, profile_id = (fields.get(name) for name in ("group_id", "guide_entry_id", "stream_profile_id"))
    if group_id is not None and not ChannelGroup.objects.filter(pk=int(group_id)).exists():
        raise NotThere({"group_id": "This group no longer exists. Choose another one."})
    if entry_id is not None and not GuideEntry.objects.filter(pk=int(entry_id)).exists():
        raise NotThere({"guide_entry_id": "This guide entry no longer exists. Choose another one."})
    if profile_id is not None and not StreamProfile.objects.filter(pk=int(profile_id)).exists():
        raise NotThere({"stream_profile_id": "This stream profile no longer exists. Choose another one."})
