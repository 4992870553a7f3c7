"""Enables and disables channels in channel profiles (10 §17), as one bulk operation."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from channels_app.chunks import chunked_writes
from channels_app.errors import EditRefused, NotThere
from channels_app.lineup_changed import lineup_changed
from channels_app.models import Channel, ChannelProfile, ProfileMembership
from channels_app.outcomes import Outcome
from ecm_site.conf import get_settings
from ecm_site.wording import counted, shortened
from epg_app.raw_sql import fetch_all, id_list
from tasks_app import journal
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict

logger = logging.getLogger(__name__)

ENTITY = "profile_members"
PORTION = 1000  # channels a transaction
_NAMED = 20  # channels that a journal entry calls by name


@dataclass
class MembershipOutcome(Outcome):
    """How many memberships were switched on and off, and which of the channels are gone."""

    enabled: int = 0
    disabled: int = 0
    vanished: list[int] = field(default_factory=list)


def set_memberships(
    channel_ids: Sequence[int], *, enable: Iterable[int] = (), disable: Iterable[int] = (), batch_id: str = ""
) -> MembershipOutcome:
    """Enable the channels in the profiles ``enable`` and disable them in ``disable``; other profiles stay as they are.

    Only what differs is written and journalled: an entry for each profile and thousand channels. Channels that are gone are
    told, not refused. Raises :class:`NotThere` for an unknown profile, :class:`EditRefused` for one on both sides.
    """
    names = _profile_names(enabling := list(dict.fromkeys(enable)), disabling := list(dict.fromkeys(disable)))
    switches = {**dict.fromkeys(enabling, True), **dict.fromkeys(disabling, False)}
    own_batch = not batch_id
    outcome = MembershipOutcome("", batch_id or journal.new_batch_id())
    changed: dict[int, None] = {}
    for portion in chunked_writes(list(dict.fromkeys(channel_ids)), PORTION):
        with transaction.atomic():
            changed.update(dict.fromkeys(_write(portion, switches, names, outcome)))
    outcome.channel_ids = list(changed)
    outcome.message = _message(outcome, [names[pk] for pk in switches])
    if outcome.vanished:
        gone = len(outcome.vanished)
        told = f"{counted(gone, 'channel')} no longer {'exists' if gone == 1 else 'exist'}"
        outcome.warnings.append(f"{told}; nothing was changed for {'it' if gone == 1 else 'them'}.")
    if own_batch and outcome.channel_ids:
        count = {"enabled": outcome.enabled, "disabled": outcome.disabled}
        journal.log_summary("channel", outcome.batch_id, outcome.message, action_type="profile_change", after=count)
    logger.info(
        "[PROFILES] Enabled %s and disabled %s memberships batch=%s", outcome.enabled, outcome.disabled, outcome.batch_id
    )
    return outcome


def default_profile_ids() -> list[int]:
    """The profiles that new channels join (setting ``default_channel_profile_ids``), as far as they exist."""
    wanted = [int(text) for text in get_settings().default_channel_profile_ids if text.isascii() and text.isdigit()]
    if not wanted:
        return []
    known = set(ChannelProfile.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    return [pk for pk in dict.fromkeys(wanted) if pk in known]


def enable_new_channels(channel_ids: Sequence[int], profile_ids: Iterable[int] | None = None) -> list[int]:
    """Put channels that were just made into the chosen profiles (None = the default ones); returns those.

    Call inside the transaction that made them. Nothing is journalled: give the result to ``snapshot_of`` for the entry
    about their creation, which carries it. Profiles that no longer exist are left out.
    """
    if profile_ids is None:
        profiles = default_profile_ids()
    else:
        wanted = list(dict.fromkeys(profile_ids))
        known = set(ChannelProfile.objects.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
        profiles = [pk for pk in wanted if pk in known]
    insert_memberships((profile_id, channel_id) for profile_id in profiles for channel_id in channel_ids)
    return profiles


def insert_memberships(pairs: Iterable[tuple[int, int]]) -> None:
    """Store (profile id, channel id) pairs that are known to be new."""
    rows = list(pairs)
    if not rows:
        return
    quote = connection.ops.quote_name
    table = quote(ProfileMembership._meta.db_table)
    statement = f"INSERT INTO {table} ({quote('profile_id')}, {quote('channel_id')}) VALUES (%s, %s)"  # noqa: S608 - our names
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)


def undo_memberships(entry: JournalEntry) -> None:
    """Take an entry about one profile back. What was switched back by hand since is as it should be; no conflict."""
    profile_id = entry.entity_id
    if profile_id is None or not ChannelProfile.objects.filter(pk=profile_id).exists():
        raise UndoConflict(f"The channel profile “{shortened(entry.entity_name)}” was deleted since.")
    before: dict[str, Any] = entry.before_value if isinstance(entry.before_value, dict) else {}
    wanted = set(_existing([*before.get("enabled", []), *before.get("disabled", [])]))
    switched_on = [pk for pk in before.get("enabled", []) if pk in wanted]
    enabled = {channel_id for _, channel_id in _present([profile_id], switched_on)}
    insert_memberships((profile_id, pk) for pk in switched_on if pk not in enabled)
    _remove(profile_id, before.get("disabled", []))
    lineup_changed(guide=False)


def _write(
    channel_ids: Sequence[int], switches: dict[int, bool], names: dict[int, str], outcome: MembershipOutcome
) -> list[int]:
    """Bring one portion into line; returns the channels that something changed for."""
    there = _existing(channel_ids)
    outcome.vanished += sorted(set(channel_ids) - there)
    present = _present(list(switches), list(there))
    entries, changed = [], []
    for profile_id, turn_on in switches.items():
        ids = [pk for pk in channel_ids if pk in there and ((profile_id, pk) in present) is not turn_on]
        if not ids:
            continue
        if turn_on:
            insert_memberships((profile_id, pk) for pk in ids)
            outcome.enabled += len(ids)
        else:
            _remove(profile_id, ids)
            outcome.disabled += len(ids)
        changed += ids
        entries.append(_entry(profile_id, names[profile_id], ids, turn_on=turn_on, batch_id=outcome.batch_id))
    outcome.note(journal.log_entries(entries))
    if entries:
        lineup_changed(guide=False)
    return changed


def _entry(profile_id: int, name: str, ids: list[int], *, turn_on: bool, batch_id: str) -> JournalEntry:
    named = list(Channel.objects.filter(pk__in=ids[:_NAMED]).order_by("number", "name").values_list("name", flat=True))
    what = f"“{shortened(named[0])}”" if len(ids) == 1 and named else counted(len(ids), "channel")
    done, undone = ("enabled", "disabled") if turn_on else ("disabled", "enabled")
    return journal.build_entry(
        "channel",
        "profile_change",
        entity_type=ENTITY,
        entity_id=profile_id,
        entity_name=name,
        description=f"{done.capitalize()} {what} in the profile “{shortened(name)}”",
        before={undone: ids},
        after={done: ids, "channels": ", ".join(map(shortened, named)) + (" …" if len(ids) > _NAMED else "")},
        batch_id=batch_id,
        undoable=True,
    )


def _existing(channel_ids: Sequence[int]) -> set[int]:
    table = Channel._meta.db_table
    rows = fetch_all(
        f"SELECT id FROM {table} WHERE id IN (SELECT value FROM json_each(%s))",  # noqa: S608 - our own name
        [id_list(channel_ids)],
    )
    return {row[0] for row in rows}


def _present(profile_ids: Sequence[int], channel_ids: Sequence[int]) -> set[tuple[int, int]]:
    table = ProfileMembership._meta.db_table
    rows = fetch_all(
        f"SELECT profile_id, channel_id FROM {table} WHERE profile_id IN (SELECT value FROM json_each(%s))"  # noqa: S608
        " AND channel_id IN (SELECT value FROM json_each(%s))",
        [id_list(profile_ids), id_list(channel_ids)],
    )
    return {(row[0], row[1]) for row in rows}


def _remove(profile_id: int, channel_ids: Sequence[int]) -> None:
    quote = connection.ops.quote_name
    table = quote(ProfileMembership._meta.db_table)
    statement = f"DELETE FROM {table} WHERE {quote('profile_id')} = %s AND {quote('channel_id')} = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(profile_id, pk) for pk in channel_ids])


def _profile_names(switched_on: list[int], switched_off: list[int]) -> dict[int, str]:
    if set(switched_on) & set(switched_off):
        raise EditRefused("A channel cannot be enabled and disabled in the same profile.")
    wanted = [*switched_on, *switched_off]
    names = dict(ChannelProfile.objects.filter(pk__in=wanted).values_list("pk", "name"))
    if len(names) < len(wanted):
        raise NotThere("A channel profile no longer exists. Reload the page.")
    return names


def _message(outcome: MembershipOutcome, names: list[str]) -> str:
    told = []
    if outcome.enabled:
        told.append(f"enabled {counted(outcome.enabled, 'channel')}")
    if outcome.disabled:
        told.append(f"disabled {counted(outcome.disabled, 'channel')}")
    where = f"“{shortened(names[0])}”" if len(names) == 1 else counted(len(names), "profile")
    if not told:
        return f"Nothing to change in {where}."
    text = f"{' and '.join(told)} in {where}."
    return text[0].upper() + text[1:]
