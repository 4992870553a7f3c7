"""Stores changed fields of many channels with their journal entries, in short transactions.

A change says what it starts from. A row that is different by then was edited by somebody else meanwhile and is passed
over: nobody's work is overwritten unseen.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from channels_app.channel_fields import FIELDS, changed_labels, same_value, to_journal
from channels_app.chunks import chunked, chunked_writes
from channels_app.commands import FieldValue
from channels_app.errors import NotThere
from channels_app.lineup_changed import lineup_changed
from channels_app.models import Channel, ChannelGroup, StreamProfile
from channels_app.numbering import format_number
from channels_app.pins import pin_changed, write_pins
from channels_app.update_rows import update_rows
from ecm_site.wording import shortened
from epg_app.models import GuideEntry
from tasks_app import journal
from tasks_app.models import JournalEntry

logger = logging.getLogger(__name__)

_GUIDE_FIELDS = {"guide_entry_id", "no_epg"}
Values = dict[str, FieldValue]


@dataclass(frozen=True)
class ChannelChange:
    """New values of one channel. ``before`` has the same keys: what the change starts from."""

    channel_id: int
    before: Values
    after: Values


@dataclass
class Written:
    changed: list[int] = field(default_factory=list)
    passed_over: list[int] = field(default_factory=list)
    entries: list[JournalEntry] = field(default_factory=list)


def change_of(channel: Channel, after: Values) -> ChannelChange | None:
    """The part of ``after`` that differs from the channel as it is, or None when nothing does."""
    different = {name: value for name, value in after.items() if not same_value(name, getattr(channel, name), value)}
    if not different:
        return None
    return ChannelChange(channel.pk, {name: getattr(channel, name) for name in different}, different)


def write_changes(
    changes: Sequence[ChannelChange], *, action_type: str = "update", batch_id: str = "", by_hand: bool = True
) -> Written:
    """Store ``changes`` and their journal entries (10 §21.1); in short transactions.

    What is changed ``by_hand`` on an auto-created channel is pinned: auto-sync leaves it alone from then on (20 §4.3).
    Raises :class:`NotThere` when a group or guide entry that a change points to is gone; earlier portions stay.
    """
    written = Written()
    for portion in chunked_writes(changes):
        with transaction.atomic():
            _write_portion(portion, action_type, batch_id, written, by_hand=by_hand)
    if written.changed:
        logger.info("[CHANNELS] Changed %s channels (%s) batch=%s", len(written.changed), action_type, batch_id or "-")
    return written


def _write_portion(
    portion: Sequence[ChannelChange], action_type: str, batch_id: str, written: Written, *, by_hand: bool
) -> None:
    now_there = Channel.objects.in_bulk([change.channel_id for change in portion])
    labels = _names_in(portion)
    _refuse_missing_targets(portion, labels)
    rows: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    entries: list[JournalEntry] = []
    pins: list[tuple[str, int]] = []
    guide = False
    now = timezone.now()
    for change in portion:
        channel = now_there.get(change.channel_id)
        if channel is None or any(not same_value(name, getattr(channel, name), old) for name, old in change.before.items()):
            written.passed_over.append(change.channel_id)
            continue
        names = tuple(sorted(change.after))
        rows.setdefault(names, []).append((*(change.after[name] for name in names), now, change.channel_id))
        entry = change_entry(channel.name, change, labels, action_type=action_type, batch_id=batch_id)
        if by_hand and channel.auto_created:
            pins += pin_changed(channel, change.after, entry)
        entries.append(entry)
        written.changed.append(change.channel_id)
        guide = guide or bool(_GUIDE_FIELDS & set(names))
    for names, values in rows.items():
        update_rows(Channel, (*names, "updated_at"), values)
    write_pins(pins)
    written.entries += journal.log_entries(entries)
    if entries:
        lineup_changed(guide=guide)


@dataclass
class Names:
    """Names of the groups, guide entries and stream profiles that changes mention, by id: people read the journal."""

    groups: dict[int, str] = field(default_factory=dict)
    entries: dict[int, str] = field(default_factory=dict)
    profiles: dict[int, str] = field(default_factory=dict)

    def journal_values(self, values: Values) -> dict[str, Any]:
        written: dict[str, Any] = {name: to_journal(name, values[name]) for name in FIELDS if name in values}
        for name, label, known in (
            ("group_id", "group", self.groups),
            ("guide_entry_id", "guide_entry", self.entries),
            ("stream_profile_id", "stream_profile", self.profiles),
        ):
            if name in values:
                pk = values[name]
                written[label] = known.get(pk) if isinstance(pk, int) else None
        return written


def read_names(group_ids: Collection[int], entry_ids: Collection[int], profile_ids: Collection[int]) -> Names:
    """The names of those that exist; a kind that nothing mentions costs no query."""
    found = Names()
    for portion in chunked(list(group_ids)):
        found.groups.update(ChannelGroup.objects.filter(pk__in=portion).values_list("pk", "name"))
    for portion in chunked(list(entry_ids)):
        found.entries.update((entry.pk, str(entry)) for entry in GuideEntry.objects.filter(pk__in=portion))
    for portion in chunked(list(profile_ids)):
        found.profiles.update(StreamProfile.objects.filter(pk__in=portion).values_list("pk", "name"))
    return found


def _names_in(portion: Sequence[ChannelChange]) -> Names:
    def ids(name: str) -> set[int]:
        sides = (side.get(name) for change in portion for side in (change.before, change.after))
        return {value for value in sides if isinstance(value, int)}

    return read_names(ids("group_id"), ids("guide_entry_id"), ids("stream_profile_id"))


def _refuse_missing_targets(portion: Sequence[ChannelChange], names: Names) -> None:
    for change in portion:
        for name, known, what in (
            ("group_id", names.groups, "group"),
            ("guide_entry_id", names.entries, "guide entry"),
            ("stream_profile_id", names.profiles, "stream profile"),
        ):
            pk = change.after.get(name)
            if pk is not None and pk not in known:
                raise NotThere({name: f"This {what} no longer exists. Choose another one."})


def change_entry(
    old_name: str, change: ChannelChange, names: Names, *, action_type: str = "update", batch_id: str = ""
) -> JournalEntry:
    """The unsaved entry about a change of a channel that is called ``old_name`` before it."""
    after = names.journal_values(change.after)
    return journal.build_entry(
        "channel",
        action_type,
        entity_type="channel",
        entity_id=change.channel_id,
        entity_name=str(change.after.get("name", old_name)),
        description=_describe(old_name, change, after.get("group")),
        before=names.journal_values(change.before),
        after=after,
        batch_id=batch_id,
        undoable=True,
    )


def _describe(old_name: str, change: ChannelChange, group: str | None) -> str:
    shown, names = shortened(old_name), set(change.after)
    if names == {"name"}:
        return f"Renamed “{shown}” to “{shortened(str(change.after['name']))}”"
    if "number" in names and names <= {"name", "number"}:
        return f"Number of “{shown}”: {_number(change.before['number'])} → {_number(change.after['number'])}"
    if "group_id" in names and names <= {"group_id", "name", "number"}:
        return f"Moved “{shown}” to {shortened(group) if group else 'Uncategorized'}"
    return f"Changed “{shown}”: {changed_labels(list(names))}"


def _number(value: FieldValue) -> str:
    return format_number(value) if isinstance(value, Decimal) else "none"
