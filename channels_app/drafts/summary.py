"""What a draft comes to, in counts and in lines old → new (10 §13.7)."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from channels_app.channel_fields import changed_labels
from channels_app.chunks import chunked
from channels_app.drafts.entity_changes import Action, EntityChange, ids_in, profile_difference, stream_difference
from channels_app.drafts.sides import KINDS, PROFILE_IDS, STREAM_IDS
from channels_app.drafts.tables import FIRST_TEMPORARY_ID
from channels_app.models import ChannelGroup, ChannelProfile, StreamProfile
from ecm_site.masking import mask_text
from ecm_site.wording import counted, shortened
from epg_app.models import GuideEntry
from m3u_app.models import Stream

LONGEST = 160  # letters of a value in a line; the whole one is in its title
PINS = "pinned_fields"
_STREAMS_NAMED = 8


@dataclass(frozen=True)
class CountLine:
    label: str
    count: int


def summarise(changes: Iterable[EntityChange]) -> list[CountLine]:
    """The lines of 10 §13.7 that are not zero, in its order."""
    tally: Counter[str] = Counter()
    for change in changes:
        _count(change, tally)
    return [CountLine(_LINES[name], tally[name]) for name in _LINES if tally[name]]


_LINES = {
    "number": "Channel number changes",
    "name": "Channel name changes",
    "streams_added": "Streams added",
    "streams_removed": "Streams removed",
    "streams_reordered": "Channels with reordered streams",
    "guide_entry_id": "EPG assignments",
    "tvg_id": "TVG-ID changes",
    "gracenote_id": "Gracenote id changes",
    "channel_create": "New channels",
    "group_create": "New groups",
    "channel_delete": "Deleted channels",
    "group_delete": "Deleted groups",
    "group_rename": "Renamed groups",
    "group_id": "Channels moved to another group",
    "logo_url": "Channel logo changes",
    "stream_profile_id": "Stream profile changes",
    "profiles": "Channel profile memberships changed",
    "other": "Other channel changes",
    "released": "Channels with fields released to auto-sync",
    "group_order": "Groups placed elsewhere",
    "logo": "Logos in the library",
    "channel_profile": "Channel profiles",
    "stream_profile": "Stream profiles",
    "hidden_group": "Groups hidden or shown again",
}
_OWN_LINES = ("number", "name", "guide_entry_id", "tvg_id", "gracenote_id", "group_id", "logo_url", "stream_profile_id")


def _count(change: EntityChange, tally: Counter[str]) -> None:
    if change.kind not in ("channel", "group"):
        tally[change.kind] += 1
        return
    if change.action is not Action.UPDATE:
        tally[f"{change.kind}_{change.action}"] += 1
        if change.kind == "channel" and change.action is Action.CREATE:
            tally["streams_added"] += len(ids_in(change.after, STREAM_IDS))
        return
    if change.kind == "group":
        tally["group_rename"] += "name" in change.after
        tally["group_order"] += "position" in change.after
        return
    tally["released"] += bool(released_fields(change))
    for name in change.fields:
        if name == STREAM_IDS:
            added, removed, reordered = stream_difference(ids_in(change.before, name), ids_in(change.after, name))
            tally["streams_added"] += len(added)
            tally["streams_removed"] += len(removed)
            tally["streams_reordered"] += reordered
        elif name == PROFILE_IDS:
            tally["profiles"] += sum(map(len, profile_difference(change)))
        elif name in _OWN_LINES:
            tally[name] += 1
        else:
            tally["other"] += 1


@dataclass(frozen=True)
class ValueLine:
    """One value of a thing, for people. ``old`` or ``new`` is "" where it did not or does not exist."""

    field: str
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class ChangeLine:
    change: EntityChange
    label: str
    lines: list[ValueLine] = field(default_factory=list)


class NamesInWords:
    """The names behind ids, read at once for a page of changes: of the draft's things and of the server's."""

    def __init__(self, sides: Iterable[dict[str, Any]], drafted: Iterable[EntityChange] = ()) -> None:
        sides = list(sides)
        self._known: dict[str, dict[int, str]] = {}
        for name, (model, kind) in _NAMED_BY.items():
            wanted = {pk for side in sides for pk in _ids_of(side, name)}
            self._known[name] = _names(model, {pk for pk in wanted if pk < FIRST_TEMPORARY_ID})
            self._known[name] |= {
                change.id: change.name for change in drafted if change.kind == kind and change.action is Action.CREATE
            }

    def shown(self, name: str, value: Any) -> str:
        """A value as a person reads it; secrets in addresses masked, long ones as they are."""
        if name in (STREAM_IDS, PROFILE_IDS):
            known = self._known[name]
            return " · ".join(known.get(pk, f"(gone: {pk})") for pk in value or ())
        if name in _NAMED_BY:
            none = "Uncategorized" if name == "group_id" else ""
            return none if value is None else self._known[name].get(value, f"(gone: {value})")
        if isinstance(value, bool):
            return "yes" if value else "no"
        return "" if value is None else mask_text(str(value))


def _ids_of(side: dict[str, Any], name: str) -> list[int]:
    value = side.get(name)
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, int) else []


_NAMED_BY: dict[str, tuple[type[models.Model], str]] = {
    "group_id": (ChannelGroup, "group"),
    "guide_entry_id": (GuideEntry, ""),
    "stream_profile_id": (StreamProfile, "stream_profile"),
    STREAM_IDS: (Stream, ""),
    PROFILE_IDS: (ChannelProfile, "channel_profile"),
}


def _names(model: type[models.Model], ids: Collection[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for portion in chunked(sorted(ids)):
        for row in model._default_manager.filter(pk__in=portion):
            found[row.pk] = mask_text(str(row))
    return found


def change_lines(changes: Sequence[EntityChange], drafted: Iterable[EntityChange]) -> list[ChangeLine]:
    """Changes old → new in words; ``drafted`` are all changes, which know the names of new things."""
    words = NamesInWords([side for change in changes for side in (change.before, change.after)], drafted)
    return [ChangeLine(change, _label_of(change), _value_lines(change, words.shown)) for change in changes]


def _label_of(change: EntityChange) -> str:
    verb = {Action.CREATE: "New", Action.UPDATE: "Changed", Action.DELETE: "Deleted"}[change.action]
    return f"{verb} {KINDS[change.kind].label}"


def _value_lines(change: EntityChange, shown: Callable[[str, Any], str]) -> list[ValueLine]:
    kind = KINDS[change.kind]
    lines = []
    for name, label in kind.fields.items():
        if name not in change.before and name not in change.after:
            continue
        old, new = change.before.get(name), change.after.get(name)
        if change.action is not Action.UPDATE and (old or new) in (None, "", False, []):
            continue  # what is empty says nothing about something new or deleted
        if name == STREAM_IDS and change.action is Action.UPDATE:
            lines.append(_streams_line(label, old or [], new or [], shown))
        else:
            texts = [shown(name, value) if side else "" for value, side in ((old, change.before), (new, change.after))]
            lines.append(ValueLine(name, label, *texts))
    released = released_fields(change)
    if released:
        lines.append(ValueLine(PINS, "set by hand", changed_labels(released), "released to auto-sync"))
    return lines


def released_fields(change: EntityChange) -> list[str]:
    """Fields that were set by hand before the draft and are auto-sync's again; those pinned anew follow from their edits."""
    if change.action is not Action.UPDATE or PINS not in change.before:
        return []
    return sorted(set(change.before[PINS] or ()) - set(change.after.get(PINS) or ()))


def _streams_line(label: str, old: list[int], new: list[int], shown: Callable[[str, Any], str]) -> ValueLine:
    """Long lists of streams are told by what came and went."""
    added, removed, reordered = stream_difference(old, new)
    if len(old) + len(new) <= _STREAMS_NAMED:
        return ValueLine(STREAM_IDS, label, shown(STREAM_IDS, old), shown(STREAM_IDS, new))
    told = [f"+ {_few(added, shown)}"] if added else []
    told += [f"− {_few(removed, shown)}"] if removed else []
    told += ["in another order"] if reordered else []
    return ValueLine(STREAM_IDS, label, counted(len(old), "stream"), f"{counted(len(new), 'stream')}: {'; '.join(told)}")


def _few(ids: list[int], shown: Callable[[str, Any], str]) -> str:
    more = f" and {len(ids) - _STREAMS_NAMED:,} more" if len(ids) > _STREAMS_NAMED else ""
    return shortened(shown(STREAM_IDS, ids[:_STREAMS_NAMED]), 400) + more
