"""Checks the net changes of a draft before they are applied (10 §14.3). Only rows that changes refer to are read."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from channels_app.drafts.entity_changes import Action, EntityChange, added_streams, ids_in
from channels_app.drafts.sides import PROFILE_IDS, Reader, number_text
from channels_app.drafts.storage import LIVE
from channels_app.drafts.tables import CHANNELS, FIRST_TEMPORARY_ID, GROUPS, LOGOS, PROFILES, STREAM_PROFILES, quoted
from channels_app.models import ChannelGroup, ChannelProfile, StreamProfile
from ecm_site.wording import counted, shortened
from epg_app.models import GuideEntry
from m3u_app.models import Stream

_NAMED = 5


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Issue:
    """``type`` is for programs (``missing_stream``), ``message`` for people. Without a thing it is about the whole draft."""

    type: str
    severity: Severity
    message: str
    kind: str = ""
    id: int = 0
    name: str = ""
    stream_id: int | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.kind, self.id

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


Check = Callable[[Reader, Sequence[EntityChange]], Iterator[Issue]]


def validate(look: Reader, changes: Sequence[EntityChange]) -> list[Issue]:
    """Everything that is wrong (errors) or worth a second look (warnings) if exactly ``changes`` were applied.

    When something needed for a check cannot be read, that is told once, instead of calling everything missing.
    """
    found: list[Issue] = []
    for check in _CHECKS:
        try:
            found += check(look, changes)
        except sqlite3.Error as error:
            found.append(Issue("unreadable", Severity.ERROR, f"What the check needs could not be read: {error}. Try again."))
            break
    return found


def about(change: EntityChange, kind: str, message: str, severity: Severity = Severity.ERROR, **values: Any) -> Issue:
    return Issue(kind, severity, message, change.kind, change.id, change.name, **values)


def _missing_streams(look: Reader, changes: Sequence[EntityChange]) -> Iterator[Issue]:
    added = [(change, added_streams(change)) for change in changes if change.kind == "channel" and change.action != "delete"]
    known = look.existing(Stream, {pk for _, ids in added for pk in ids})
    for change, ids in added:
        missing = [pk for pk in ids if pk not in known]
        if missing:
            text = f"{counted(len(missing), 'stream')} for “{shortened(change.name)}” no longer exist."
            text = text.replace("exist.", "exists.") if len(missing) == 1 else text
            yield about(change, "missing_stream", text, stream_id=missing[0])


def _missing_targets(look: Reader, changes: Sequence[EntityChange]) -> Iterator[Issue]:
    made: dict[str, set[int]] = defaultdict(set)
    deleted: dict[str, set[int]] = defaultdict(set)
    for change in changes:
        if change.action is Action.CREATE:
            made[change.kind].add(change.id)
        elif change.action is Action.DELETE:
            deleted[change.kind].add(change.id)
    for field, kind, model, what in _TARGETS:
        wanted = {change.key: change.after[field] for change in changes if change.after.get(field) is not None}
        wanted = {key: pk for key, pk in wanted.items() if pk not in made[kind]}
        known = look.existing(model, {pk for pk in wanted.values() if pk < FIRST_TEMPORARY_ID}) - deleted[kind]
        for change in changes:
            pk = wanted.get(change.key)
            if pk is None or pk in known or change.kind == "hidden_group":
                continue
            shown = shortened(change.name)
            if pk >= FIRST_TEMPORARY_ID:
                yield about(change, "depends", f"“{shown}” needs a new {what} that is not applied.")
            else:
                yield about(change, f"missing_{kind}", f"The {what} that “{shown}” should get no longer exists.")
    yield from _missing_profiles(look, changes, made["channel_profile"], deleted["channel_profile"])


def _missing_profiles(
    look: Reader, changes: Sequence[EntityChange], made: Collection[int], deleted: Collection[int]
) -> Iterator[Issue]:
    wanted = {
        change.key: set(ids_in(change.after, PROFILE_IDS)) - set(ids_in(change.before, PROFILE_IDS)) - set(made)
        for change in changes
        if PROFILE_IDS in change.after
    }
    known = look.existing(ChannelProfile, {pk for ids in wanted.values() for pk in ids if pk < FIRST_TEMPORARY_ID})
    for change in changes:
        missing = wanted.get(change.key, set()) - (known - set(deleted))
        if missing:
            kind = "depends" if any(pk >= FIRST_TEMPORARY_ID for pk in missing) else "missing_channel_profile"
            yield about(change, kind, f"A channel profile for “{shortened(change.name)}” does not exist.")


_TARGETS: tuple[tuple[str, str, type, str], ...] = (
    ("group_id", "group", ChannelGroup, "group"),
    ("stream_profile_id", "stream_profile", StreamProfile, "stream profile"),
    ("guide_entry_id", "guide_entry", GuideEntry, "guide entry"),
)


def _names_taken(look: Reader, changes: Sequence[EntityChange]) -> Iterator[Issue]:
    """Two things of one name. A new group or logo is not among them: the existing one is used instead."""
    for kind, table, column in _UNIQUE:
        wanted: dict[str, list[EntityChange]] = defaultdict(list)
        for change in changes:
            if change.kind == kind and change.after.get(column):
                wanted[fold(change.after[column])].append(change)
        if not wanted:
            continue
        touched = {
            change.id for change in changes if change.kind == kind and (change.action == "delete" or column in change.after)
        }
        holders = holders_of(look, table, column, wanted)
        for key, claimants in wanted.items():
            others = holders.get(key, set()) - touched
            for place, change in enumerate(claimants):
                if change.action is Action.CREATE and kind in _REUSED and (others or place):
                    continue
                if others or place:
                    shown = shortened(str(change.after[column]))
                    yield about(change, f"{kind}_name_taken", f"Another {_LABELS[kind]} is called “{shown}” already.")


_UNIQUE = (
    ("group", GROUPS.name, "name"),
    ("channel_profile", PROFILES.name, "name"),
    ("stream_profile", STREAM_PROFILES.name, "name"),
    ("logo", LOGOS.name, "url"),
)
_REUSED = {"group", "logo"}
_LABELS = {"group": "group", "channel_profile": "channel profile", "stream_profile": "stream profile", "logo": "logo"}


def fold(text: object) -> str:
    """Names are the same without regard to case (10 §7.4)."""
    return str(text).strip().casefold()


def holders_of(look: Reader, table: str, column: str, wanted: Collection[str]) -> dict[str, set[int]]:
    """Ids of the rows with these (folded) values. SQLite folds only ASCII: with other letters, all names are compared."""
    found: dict[str, set[int]] = defaultdict(set)
    statement = f"SELECT id, {quoted(column)} FROM {LIVE}.{quoted(table)}"  # noqa: S608 - our own names
    texts = list(wanted)
    values: list[Any] = []
    if column == "name" and all(text.isascii() for text in texts):
        statement += " WHERE LOWER(name) IN (SELECT value FROM json_each(?))"
        values = [json.dumps(texts)]
    for pk, text in look.rows(statement, values):
        if fold(text) in wanted:
            found[fold(text)].add(pk)
    return found


def _groups_in_use(look: Reader, changes: Sequence[EntityChange]) -> Iterator[Issue]:
    """A deleted group or stream profile that others use meanwhile would take it from their channels unseen."""
    for kind, column, what in (("group", "group_id", "group"), ("stream_profile", "stream_profile_id", "stream profile")):
        going = {change.id: change for change in changes if change.kind == kind and change.action is Action.DELETE}
        if not going:
            continue
        leaving = {
            change.id
            for change in changes
            if change.kind == "channel" and (change.action is Action.DELETE or _goes_elsewhere(change, column, going))
        }
        rows = look.rows(
            f"SELECT {column}, id, name FROM {LIVE}.{quoted(CHANNELS.name)}"  # noqa: S608 - our own names
            f" WHERE {column} IN (SELECT value FROM json_each(?))",
            [json.dumps(list(going))],
        )
        staying: dict[int, list[str]] = defaultdict(list)
        for pk, channel_id, name in rows:
            if channel_id not in leaving:
                staying[pk].append(name)
        for pk, names in staying.items():
            change = going[pk]
            shown = f"“{shortened(names[0])}”" if len(names) == 1 else counted(len(names), "channel")
            text = f"{shown} would lose the {what} “{shortened(change.name)}” unseen: give them another one first."
            yield about(change, f"{kind}_in_use", text)


def _goes_elsewhere(change: EntityChange, column: str, going: Mapping[int, object]) -> bool:
    return column in change.after and change.after[column] not in going


def _duplicate_numbers(look: Reader, changes: Sequence[EntityChange]) -> Iterator[Issue]:
    """Numbers of the lineup that several channels would have (warning): those that a change gives, and whoever has them."""
    channels = [change for change in changes if change.kind == "channel"]
    given: dict[str, list[EntityChange]] = defaultdict(list)
    for change in channels:
        if change.after.get("number") is not None and change.action is not Action.DELETE:
            given[change.after["number"]].append(change)
    moved = {change.id for change in channels if change.action is Action.DELETE or "number" in change.after}
    others = _holding(look, given, moved)
    for number, sharing in given.items():
        names = [change.name for change in sharing] + others.get(number, [])
        if len(names) > 1:
            listed = ", ".join(f"“{shortened(name, 40)}”" for name in names[:_NAMED])
            more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
            yield about(sharing[0], "duplicate_number", f"Number {number} would be shared by {listed}{more}.", Severity.WARNING)


def _holding(look: Reader, numbers: Mapping[str, object], except_ids: Collection[int]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    if numbers:
        rows = look.rows(
            f"SELECT id, number, name FROM {LIVE}.{quoted(CHANNELS.name)}"  # noqa: S608 - our own names
            " WHERE number IN (SELECT value FROM json_each(?))",
            [json.dumps([float(number) for number in numbers])],
        )
        for pk, number, name in rows:
            if pk not in except_ids:
                found[str(number_text(number))].append(name)
    return found


_CHECKS: Iterable[Check] = (_missing_streams, _missing_targets, _names_taken, _groups_in_use, _duplicate_numbers)
