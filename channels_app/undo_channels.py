"""Takes entries about channels back, many at a time (DESIGN §3): what one asks of the database, a hundred ask together.

An entry is undone only while what it wrote is still there. A field that somebody changed since is a conflict, and the
sentence says what the field holds now.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone

from channels_app.channel_fields import FIELDS, from_journal, same_value, to_journal
from channels_app.chunks import chunked
from channels_app.commands import FieldValue
from channels_app.edit_groups import find_group
from channels_app.lineup_changed import lineup_changed
from channels_app.models import (
    Channel,
    ChannelGroup,
    ChannelProfile,
    ChannelStream,
    ProfileMembership,
    StreamProfile,
)
from channels_app.pins import PINNED, pins_taken_back
from channels_app.snapshots import channel_snapshots
from channels_app.update_rows import update_rows
from ecm_site.wording import counted, shortened
from epg_app.models import GuideEntry
from m3u_app.models import Account, Stream
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict

_BOOKS = ("auto_created", "auto_created_by_id", "synced_stream", "synced_group")  # what auto-sync keeps about a channel
Conflicts = dict[int, str]
"""Sentence by entry id."""


def undo_channel(entry: JournalEntry) -> None:
    """Take back one entry about a channel. Raises :class:`UndoConflict` without having written anything."""
    for sentence in undo_channels([entry]).values():
        raise UndoConflict(sentence)


def undo_channels(entries: Sequence[JournalEntry]) -> Conflicts:
    """Take back entries about as many different channels; the number of queries does not grow with every hundred."""
    by_way: dict[Callable[[list[_Taken]], Conflicts], list[_Taken]] = defaultdict(list)
    conflicts: Conflicts = {}
    for entry in entries:
        if entry.entity_id is None:
            conflicts[entry.pk] = "This entry does not say what it was about."
        else:
            by_way[_WAYS.get(entry.action_type, _restore_fields)].append(_Taken.of(entry))
    for way, taken in by_way.items():
        conflicts |= way(taken)
    if len(conflicts) < len(entries):
        lineup_changed()
    return conflicts


@dataclass(frozen=True)
class _Taken:
    """An entry that is being taken back, with its values at hand."""

    entry: JournalEntry
    pk: int
    before: dict[str, Any]
    after: dict[str, Any]

    @classmethod
    def of(cls, entry: JournalEntry) -> "_Taken":
        sides = (value if isinstance(value, dict) else {} for value in (entry.before_value, entry.after_value))
        return cls(entry, entry.entity_id or 0, *sides)

    @property
    def name(self) -> str:
        return shortened(self.entry.entity_name)


def _take_back_creations(taken: list[_Taken]) -> Conflicts:
    snapshots = channel_snapshots([item.pk for item in taken])
    conflicts: Conflicts = {}
    for item in taken:
        snapshot = snapshots.get(item.pk)
        if snapshot is None:
            continue  # deleted since: there is nothing left to take back
        names = [name for name in FIELDS if name in item.after and name != "guide_entry_id"]
        changed = [name for name in names if snapshot[name] != item.after[name]]
        if changed:
            conflicts[item.entry.pk] = _sentence(item, ((name, snapshot[name]) for name in changed))
        elif set(snapshot["streams"]) - set(item.after.get("streams", [])):
            conflicts[item.entry.pk] = f"“{item.name}” was given other streams since."
    going = [item.pk for item in taken if item.entry.pk not in conflicts]
    ChannelStream.objects.filter(channel_id__in=going).delete()
    Channel.objects.filter(pk__in=going).delete()
    return conflicts


def _bring_back(taken: list[_Taken]) -> Conflicts:
    uuids = {item.pk: UUID(item.before["uuid"]) for item in taken}
    again = Channel.objects.filter(Q(pk__in=list(uuids)) | Q(uuid__in=list(uuids.values()))).values_list("pk", "uuid")
    taken_pks, taken_uuids = {pk for pk, _ in again}, {uuid for _, uuid in again}
    conflicts: Conflicts = {}
    coming: list[_Taken] = []
    for item in taken:
        if item.pk in taken_pks or uuids[item.pk] in taken_uuids:
            conflicts[item.entry.pk] = f"“{item.name}” is there again already."
        else:
            coming.append(item)
    there = _There([item.before for item in coming])
    Channel.objects.bulk_create(
        Channel(
            pk=item.pk,
            uuid=uuids[item.pk],
            auto_created=bool(item.before.get("auto_created")),
            auto_created_by_id=there.account(item.before.get("auto_created_by_id")),
            synced_stream=item.before.get("synced_stream"),
            synced_group=item.before.get("synced_group"),
            pinned_fields=item.before.get("pinned_fields") or [],
            created_at=datetime.fromisoformat(item.before["created_at"]),
            **there.fields({name: item.before[name] for name in FIELDS if name in item.before}, there.group_again(item.before)),
        )
        for item in coming
    )
    ChannelStream.objects.bulk_create(
        ChannelStream(channel_id=item.pk, stream_id=stream_id, position=position)
        for item in coming
        for position, stream_id in enumerate(there.of_streams(item.before["streams"]), 1)
    )
    _enable({item.pk: item.before.get("profile_ids") or [] for item in coming})
    return conflicts


def _restore_streams(taken: list[_Taken]) -> Conflicts:
    links: dict[int, dict[int, ChannelStream]] = {pk: {} for pk in _existing(taken)}
    for link in ChannelStream.objects.filter(channel_id__in=list(links)).order_by("channel_id", "position", "id"):
        links[link.channel_id][link.stream_id] = link
    there = _There([side for item in taken for side in (item.before, item.after)])
    conflicts: Conflicts = {}
    gone: list[int] = []
    new: list[ChannelStream] = []
    moved: list[tuple[int, int]] = []
    for item in taken:
        current = links.get(item.pk)
        if current is None:
            conflicts[item.entry.pk] = f"“{item.name}” was deleted since."
            continue
        if list(current) != there.of_streams(item.after["streams"]):
            count = counted(len(current), "stream")
            conflicts[item.entry.pk] = f"The streams of “{item.name}” were changed since: it has {count} now."
            continue
        wanted = there.of_streams(item.before["streams"])
        gone += [link.pk for stream_id, link in current.items() if stream_id not in set(wanted)]
        for position, stream_id in enumerate(wanted, 1):
            kept = current.get(stream_id)
            if kept is None:
                new.append(ChannelStream(channel_id=item.pk, stream_id=stream_id, position=position))
            elif kept.position != position:
                moved.append((position, kept.pk))
    for ids in chunked(gone):
        ChannelStream.objects.filter(pk__in=ids).delete()
    update_rows(ChannelStream, ("position",), moved)
    ChannelStream.objects.bulk_create(new)
    return conflicts


def _restore_profiles(taken: list[_Taken]) -> Conflicts:
    existing = _existing(taken)
    sides = {item.pk: tuple(set(side.get("profile_ids") or []) for side in (item.before, item.after)) for item in taken}
    named = {pk for before, after in sides.values() for pk in before ^ after}
    there = set(ChannelProfile.objects.filter(pk__in=named).values_list("pk", flat=True))
    enabled: dict[int, set[int]] = defaultdict(set)
    for channel_id, profile_id in _memberships(list(existing)).values_list("channel_id", "profile_id"):
        enabled[channel_id].add(profile_id)
    conflicts: Conflicts = {}
    leaving: list[tuple[int, int]] = []
    joining: dict[int, list[int]] = {}
    for item in taken:
        before, after = sides[item.pk]
        if item.pk not in existing:
            conflicts[item.entry.pk] = f"“{item.name}” was deleted since."
        elif (enabled[item.pk] ^ after) & there & (before ^ after):
            conflicts[item.entry.pk] = f"The profiles of “{item.name}” were changed since."
        else:
            leaving += [(item.pk, profile_id) for profile_id in after - before]
            joining[item.pk] = sorted(before - after)
    for profile_id in {profile_id for _, profile_id in leaving}:
        _memberships([pk for pk, other in leaving if other == profile_id]).filter(profile_id=profile_id).delete()
    _enable(joining)
    return conflicts


def _restore_fields(taken: list[_Taken]) -> Conflicts:
    channels = Channel.objects.in_bulk([item.pk for item in taken])
    there = _There([item.before for item in taken])
    conflicts: Conflicts = {}
    rows: dict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for item in taken:
        channel = channels.get(item.pk)
        if channel is None:
            conflicts[item.entry.pk] = f"“{item.name}” was deleted since."
            continue
        names = [name for name in FIELDS if name in item.after]
        changed = [name for name in names if not same_value(name, getattr(channel, name), from_journal(name, item.after[name]))]
        if changed:
            conflicts[item.entry.pk] = _sentence(item, ((name, to_journal(name, getattr(channel, name))) for name in changed))
            continue
        group_id = there.group_of_that_name(item.before)
        if group_id is None and "group_id" in names and item.before.get("group_id") is not None:
            group = shortened(str(item.before.get("group") or "its former group"))
            conflicts[item.entry.pk] = f"“{item.name}” cannot go back: the group “{group}” no longer exists."
            continue
        values: dict[str, Any] = there.fields({name: item.before.get(name) for name in names}, group_id)
        values |= {
            name: item.before.get(name) for name in _BOOKS if name in item.after and getattr(channel, name) == item.after[name]
        }
        values["pinned_fields"] = pins_taken_back(channel.pinned_fields, item.before.get(PINNED), item.after.get(PINNED))
        rows[tuple(sorted(values))].append((*(values[name] for name in sorted(values)), item.pk))
    now = timezone.now()
    for columns, found in rows.items():
        update_rows(Channel, (*columns, "updated_at"), [(*row[:-1], now, row[-1]) for row in found])
    return conflicts


_WAYS: dict[str, Callable[[list[_Taken]], Conflicts]] = {
    "create": _take_back_creations,
    "delete": _bring_back,
    "stream_add": _restore_streams,
    "stream_remove": _restore_streams,
    "stream_reorder": _restore_streams,
    "stream_replace": _restore_streams,
    "profiles": _restore_profiles,
}
"""By the action of the entry; any other one changed fields."""


class _There:
    """Which of the rows that values of the journal point to still exist. What went since cannot come back."""

    def __init__(self, values: Sequence[dict[str, Any]]) -> None:
        self._groups = self._ids(ChannelGroup, values, "group_id")
        self._guide = self._ids(GuideEntry, values, "guide_entry_id")
        self._stream_profiles = self._ids(StreamProfile, values, "stream_profile_id")
        self._accounts = self._ids(Account, values, "auto_created_by_id")
        self._streams = _known(Stream, {pk for side in values for pk in side.get("streams") or []})

    @staticmethod
    def _ids(model: type[models.Model], values: Sequence[dict[str, Any]], name: str) -> set[int]:
        return _known(model, {int(side[name]) for side in values if side.get(name) is not None})

    def account(self, pk: Any) -> int | None:
        return int(pk) if pk is not None and int(pk) in self._accounts else None

    def of_streams(self, stream_ids: Iterable[int]) -> list[int]:
        """Streams that exist, in order: what a provider took away since is no conflict."""
        return [pk for pk in stream_ids if pk in self._streams]

    def fields(self, journalled: dict[str, Any], group_id: int | None) -> dict[str, Any]:
        """Values of a channel's columns as the journal keeps them; pointers to what is gone become empty."""
        found: dict[str, FieldValue] = {name: from_journal(name, value) for name, value in journalled.items()}
        if "group_id" in found:
            found["group_id"] = group_id
        for name, known in (("guide_entry_id", self._guide), ("stream_profile_id", self._stream_profiles)):
            if name in found and found[name] not in known:
                found[name] = None
        return found

    def group_of_that_name(self, values: dict[str, Any]) -> int | None:
        """The group, or another one that has its name now."""
        if values.get("group_id") is None:
            return None
        if int(values["group_id"]) in self._groups:
            return int(values["group_id"])
        name = str(values.get("group") or "")
        group = find_group(name) if name else None
        return group.pk if group else None

    def group_again(self, values: dict[str, Any]) -> int | None:
        """The group a deleted channel was in: the same one, one of its name, or a new one of that id and name."""
        found = self.group_of_that_name(values)
        name = str(values.get("group") or "")
        if found is None and values.get("group_id") is not None and name:
            found = ChannelGroup.objects.create(pk=int(values["group_id"]), name=name).pk
            self._groups.add(found)
        return found


def _known(model: type[models.Model], ids: set[int]) -> set[int]:
    found: set[int] = set()
    for portion in chunked(sorted(ids)):
        found.update(model._default_manager.filter(pk__in=portion).values_list("pk", flat=True))
    return found


def _existing(taken: list[_Taken]) -> set[int]:
    return _known(Channel, {item.pk for item in taken})


def _memberships(channel_ids: list[int]) -> models.QuerySet[ProfileMembership]:
    return ProfileMembership.objects.filter(channel_id__in=channel_ids)


def _enable(wanted: dict[int, list[int]]) -> None:
    """Enable channels in those of the profiles (ids by channel) that still exist."""
    there = _known(ChannelProfile, {pk for ids in wanted.values() for pk in ids})
    ProfileMembership.objects.bulk_create(
        ProfileMembership(profile_id=pk, channel_id=channel_id)
        for channel_id, ids in wanted.items()
        for pk in ids
        if pk in there
    )


def _sentence(item: _Taken, changed: Iterable[tuple[str, object]]) -> str:
    told = []
    for name, value in changed:
        shown = "empty" if value in (None, "") else f"“{shortened(str(value))}”"
        told.append(f"{FIELDS[name].label} is {shown} now")
    return f"“{item.name}” was changed since: {'; '.join(told)}."
