"""Carries a sync's plan out in short transactions, journalled as one batch that can be undone."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import IntegrityError, connection, transaction

from channels_app.autosync.values import MOST_DETAILS, Failure, MembershipChange, NewChannel, Reason, SyncPlan
from channels_app.bulk_rows import channel_rows, insert_channels, insert_streams
from channels_app.channel_fields import from_journal, to_journal
from channels_app.chunks import chunked, chunked_writes
from channels_app.commands import CreateGroup, DeleteChannels
from channels_app.edit_channels import delete_channels
from channels_app.edit_groups import create_group
from channels_app.journal_channels import created_entry
from channels_app.lineup_changed import lineup_changed
from channels_app.models import Channel, ChannelGroup, StreamProfile
from channels_app.profiles.set_memberships import enable_new_channels, set_memberships
from channels_app.snapshots import snapshot_of
from channels_app.write_changes import ChannelChange, write_changes
from epg_app.models import GuideEntry
from m3u_app.models import Stream
from tasks_app import journal
from tasks_app.progress import NoProgress, Progress

logger = logging.getLogger(__name__)


@dataclass
class SyncOutcome:
    """What a sync did (20 §4.3). ``failures`` are at most 1000 of the ``failed``; ``reasons`` counts all of them."""

    account_id: int
    batch_id: str = ""
    created: int = 0
    deleted: int = 0
    failed: int = 0
    updated_ids: set[int] = field(default_factory=set)
    reasons: dict[str, int] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    groups: int = 0
    streams: int = 0
    incomplete: list[str] = field(default_factory=list)
    """Provider groups whose settings name something that no longer exists."""

    @property
    def updated(self) -> int:
        """Channels of which a field or a channel profile changed, each counted once."""
        return len(self.updated_ids)

    def fail(self, failure: Failure) -> None:
        self.failed += 1
        self.reasons[failure.reason] = self.reasons.get(failure.reason, 0) + 1
        if len(self.failures) < MOST_DETAILS:
            self.failures.append(failure)

    @property
    def changed(self) -> int:
        return self.created + self.updated + self.deleted


def apply_plan(plan: SyncPlan, account_id: int, *, progress: Progress | None = None) -> SyncOutcome:
    """Make groups, remove, change, create: in this order, so that numbers are free before somebody else gets them.

    Raises ``NotThere`` when a channel group, guide entry or profile vanished since the plan was made, and ``Cancelled`` between
    two portions; what was written until then stays, and the next run goes on from there.
    """
    progress = progress or NoProgress()
    outcome = SyncOutcome(account_id, batch_id=journal.new_batch_id(), groups=len(plan.groups))
    outcome.streams = sum(len(group.chosen.streams) for group in plan.groups)
    outcome.incomplete = [group.group.name for group in plan.groups if group.group.missing]
    for failure in plan.failures:
        outcome.fail(failure)
    made = _make_groups(plan, outcome.batch_id)
    names = {group.group.id: group.group.name for group in plan.groups}
    total = len(plan.deletes) + len(plan.changes) + len(plan.creates) + len(plan.memberships)
    done = 0
    progress.report(phase="writing", current=0, total=total)
    for ids in chunked(plan.deletes):
        progress.raise_if_cancelled()
        outcome.deleted += len(delete_channels(DeleteChannels(tuple(ids)), batch_id=outcome.batch_id).channel_ids)
        done += len(ids)
        progress.report(current=done)
    for changes in chunked(plan.changes):
        progress.raise_if_cancelled()
        _change(changes, made, outcome)
        done += len(changes)
        progress.report(current=done)
    _own(plan.owners)
    for portion in chunked_writes(plan.creates):
        progress.raise_if_cancelled()
        _create(portion, made, names, outcome)
        done += len(portion)
        progress.report(current=done)
    _reconcile(plan.memberships, outcome, progress)
    progress.report(current=total)
    return outcome


def targets_of(plan: SyncPlan, made: Mapping[int, int] | None = None) -> dict[str, int]:
    """The channel groups that took the channels, by provider group, as they are remembered."""
    made = made or {}
    targets = {str(item.group.id): made.get(item.group.target_id, item.group.target_id) for item in plan.groups}
    return {key: pk for key, pk in targets.items() if pk > 0}


def _make_groups(plan: SyncPlan, batch_id: str) -> dict[int, int]:
    """Make the missing groups. Returns their ids by the negative ones that stood for them; the plan learns them too."""
    made = {key: create_group(CreateGroup(name), batch_id=batch_id)[0].pk for key, name in plan.new_targets.items()}
    for item in plan.groups:
        if item.group.target_id in made:
            item.group = replace(item.group, target_id=made[item.group.target_id])
    return made


def _change(changes: Sequence[ChannelChange], made: Mapping[int, int], outcome: SyncOutcome) -> None:
    resolved = [
        replace(change, after={**change.after, "group_id": _target(change.after["group_id"], made)})
        if "group_id" in change.after
        else change
        for change in changes
    ]
    written = write_changes(resolved, batch_id=outcome.batch_id, by_hand=False)
    outcome.updated_ids.update(written.changed)
    for channel_id in written.passed_over:
        outcome.fail(Failure(Reason.OTHER, f"channel {channel_id}"))


def _reconcile(changes: Sequence[MembershipChange], outcome: SyncOutcome, progress: Progress) -> None:
    """Enable and disable channels profile by profile: an entry for each profile and thousand channels, not one a channel."""
    enable: dict[int, list[int]] = defaultdict(list)
    disable: dict[int, list[int]] = defaultdict(list)
    for change in changes:
        for profile_id in change.enable:
            enable[profile_id].append(change.channel_id)
        for profile_id in change.disable:
            disable[profile_id].append(change.channel_id)
    for profile_id in sorted({*enable, *disable}):
        progress.raise_if_cancelled()
        for ids, sides in ((enable[profile_id], {"enable": [profile_id]}), (disable[profile_id], {"disable": [profile_id]})):
            if ids:
                outcome.updated_ids.update(set_memberships(ids, batch_id=outcome.batch_id, **sides).channel_ids)


def _create(portion: Sequence[NewChannel], made: Mapping[int, int], names: Mapping[int, str], outcome: SyncOutcome) -> None:
    groups = ChannelGroup.objects.in_bulk({_target(item.values["group_id"], made) for item in portion})
    entries = GuideEntry.objects.in_bulk({item.values["guide_entry_id"] for item in portion} - {None})
    stream_profiles = StreamProfile.objects.in_bulk({item.values.get("stream_profile_id") for item in portion} - {None})
    rows_of = _Rows(groups, entries, stream_profiles)
    channels = [_channel(item, made, rows_of, outcome.account_id) for item in portion]
    rows = channel_rows(channels)
    try:
        with transaction.atomic():
            there = set(Stream.objects.filter(pk__in=[item.stream_id for item in portion]).values_list("pk", flat=True))
            kept = [place for place, item in enumerate(portion) if item.stream_id in there]
            new = [channels[place] for place in kept]
            insert_channels(new, [rows[place] for place in kept])
            insert_streams((channels[place].pk, portion[place].stream_id, 1) for place in kept)
            joined = _join([(channels[place].pk, portion[place].profile_ids) for place in kept])
            snapshots = [
                snapshot_of(channels[place], [portion[place].stream_id], joined[portion[place].profile_ids]) for place in kept
            ]
            journal.log_entries(
                [
                    created_entry(channel.pk, snapshot, batch_id=outcome.batch_id)
                    for channel, snapshot in zip(new, snapshots, strict=True)
                ]
            )
            if new:
                lineup_changed()
    except IntegrityError:
        logger.exception("[AUTOSYNC] %s channels of account id=%s were refused", len(portion), outcome.account_id)
        for item in portion:
            outcome.fail(Failure(Reason.INTEGRITY_ERROR, str(item.values["name"]), names.get(item.group_id, "")))
        return
    outcome.created += len(new)
    for item in portion:
        if item.stream_id not in there:  # a refresh took it away since the plan was made
            outcome.fail(Failure(Reason.OTHER, str(item.values["name"]), names.get(item.group_id, "")))


@dataclass(frozen=True)
class _Rows:
    """What new channels point to, as far as it is still there."""

    groups: Mapping[int, ChannelGroup]
    entries: Mapping[int, GuideEntry]
    stream_profiles: Mapping[int, StreamProfile]


def _join(wanted: Sequence[tuple[int, tuple[int, ...]]]) -> dict[tuple[int, ...], list[int]]:
    """Put new channels into their profiles; which of these exist, by what was wanted. Nearly always one or two kinds."""
    by_profiles: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for channel_id, profile_ids in wanted:
        by_profiles[profile_ids].append(channel_id)
    return {profile_ids: enable_new_channels(ids, profile_ids) for profile_ids, ids in by_profiles.items()}


def _channel(item: NewChannel, made: Mapping[int, int], rows: _Rows, account_id: int) -> Channel:
    values: dict[str, Any] = {name: from_journal(name, to_journal(name, value)) for name, value in item.values.items()}
    group_id, entry_id = _target(values.pop("group_id"), made), values.pop("guide_entry_id")
    stream_profile_id = values.pop("stream_profile_id", None)
    return Channel(
        **values,
        group=rows.groups.get(group_id),
        guide_entry=rows.entries.get(entry_id),
        stream_profile=rows.stream_profiles.get(stream_profile_id),
        auto_created=True,
        auto_created_by_id=account_id,
        synced_stream=item.stream_id,
        synced_group=item.group_id,
    )


def _target(group_id: object, made: Mapping[int, int]) -> int:
    key = int(str(group_id))
    return made.get(key, key)


def _own(owners: Mapping[int, tuple[int, int]]) -> None:
    """Remember which stream a channel is kept in step with; no edit, so the journal is not told."""
    quote = connection.ops.quote_name
    table = quote(Channel._meta.db_table)
    statement = f"UPDATE {table} SET synced_stream = %s, synced_group = %s WHERE id = %s"  # noqa: S608 - our own names
    rows = [(*owner, channel_id) for channel_id, owner in owners.items()]
    for portion in chunked_writes(rows, 2000):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(statement, portion)
