"""Gives channels a logo from their streams or their guide entries (10 §16), and mends broken ones."""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from channels_app.channel_fields import clean_logo
from channels_app.errors import EditRefused
from channels_app.logos.edit_logos import LogoOutcome, delete_unused, remember
from channels_app.models import Channel, ChannelStream, Logo
from channels_app.write_changes import ChannelChange, write_changes
from ecm_site.many_ids import among
from ecm_site.wording import counted
from tasks_app import journal

logger = logging.getLogger(__name__)

LogoSource = Literal["stream", "guide"]
SOURCES: dict[str, str] = {"stream": "streams", "guide": "guide"}
Repair = Literal["guide", "stream", "either", "url", "clear"]


@dataclass
class AssignOutcome(LogoOutcome):
    """``assigned`` got another logo, ``unchanged`` had it already, ``skipped`` have none to take (10 §16)."""

    assigned: int = 0
    unchanged: int = 0
    skipped: int = 0


@dataclass(frozen=True)
class Offer:
    """What would happen: how many channels would get another logo, keep theirs, or find none."""

    assigned: int
    unchanged: int
    skipped: int


def assign_logos(channel_ids: Sequence[int], source: LogoSource, *, only_missing: bool = False) -> AssignOutcome:
    """Give each channel the logo of its first stream that has one, or of its guide entry. One step, undone as one.

    The library takes the addresses in. With ``only_missing`` channels that have a logo keep it.
    """
    outcome = AssignOutcome("", journal.new_batch_id())
    found = found_logos(channel_ids, source)
    changes, names = _changes(channel_ids, found, outcome, only_missing=only_missing)
    if changes:
        remembered = remember(names, batch_id=outcome.batch_id)
        outcome.entry_id = remembered.entry_id
        written = write_changes(changes, batch_id=outcome.batch_id)
        outcome.channel_ids = written.changed
        outcome.note(written.entries)
    outcome.assigned = len(outcome.channel_ids)
    outcome.message = _message(outcome, SOURCES[source])
    if outcome.assigned:
        count = {"assigned": outcome.assigned, "skipped": outcome.skipped}
        journal.log_summary("channel", outcome.batch_id, outcome.message, action_type="logo_assign", after=count)
    logger.info("[LOGOS] Assigned %s, skipped %s, batch=%s", outcome.assigned, outcome.skipped, outcome.batch_id)
    return outcome


def offer(channel_ids: Sequence[int], source: LogoSource, *, only_missing: bool = False) -> Offer:
    """What :func:`assign_logos` would do. Nothing is written."""
    counted_up = AssignOutcome("")
    changes, _ = _changes(channel_ids, found_logos(channel_ids, source), counted_up, only_missing=only_missing)
    return Offer(len(changes), counted_up.unchanged, counted_up.skipped)


def found_logos(channel_ids: Sequence[int], source: LogoSource, *, without: Collection[str] = ()) -> dict[int, str]:
    """The logo that each channel could take, by channel; those without one are missing. One query.

    Addresses in ``without`` (known to be broken) and those that a browser could not load are passed over.
    """
    found: dict[int, str] = {}
    checked: dict[str, str] = {}  # many channels share an address
    for channel_id, address in _stream_logos(channel_ids) if source == "stream" else _guide_logos(channel_ids):
        if channel_id in found or address in without:
            continue
        usable = checked.get(address)
        if usable is None:
            usable = checked[address] = _usable(address)
        if usable:
            found[channel_id] = usable
    return found


def repair_logos(logo_ids: Collection[int], how: Repair, *, address: object = "", delete: bool = False) -> AssignOutcome:
    """Give the channels that show these logos another one: from guide or stream (then the other, or as chosen), one
    ``address`` for all, or none. With ``delete`` logos that nobody shows any more leave the library.

    Channels for which nothing is found keep what they have and are counted as skipped. Raises :class:`EditRefused`.
    """
    new = _given(address) if how == "url" else ""
    logos = {logo.url: logo for logo in Logo.objects.filter(pk__in=list(logo_ids))}
    outcome = AssignOutcome("", journal.new_batch_id())
    rows = list(Channel.objects.filter(logo_url__in=list(logos)).order_by("pk").values_list("pk", "logo_url", "name"))
    ids = [pk for pk, _, _ in rows]
    found: dict[int, str] = {}
    if how in ("guide", "stream", "either"):
        broken = set(Logo.objects.exclude(problem="").values_list("url", flat=True)) | set(logos)
        first: LogoSource = "stream" if how == "stream" else "guide"
        found = found_logos(ids, first, without=broken)
        if how == "either":
            found = {**found_logos(ids, "stream", without=broken), **found}
    else:
        found = dict.fromkeys(ids, new)
    changes = [
        ChannelChange(pk, {"logo_url": old}, {"logo_url": found[pk]}) for pk, old, _ in rows if pk in found and found[pk] != old
    ]
    outcome.skipped = len(rows) - len(changes)
    if changes:
        names = {found[pk]: name for pk, _, name in reversed(rows) if found.get(pk)}
        outcome.entry_id = remember(names, batch_id=outcome.batch_id).entry_id
        written = write_changes(changes, batch_id=outcome.batch_id)
        outcome.channel_ids = written.changed
        outcome.note(written.entries)
    outcome.assigned = len(outcome.channel_ids)
    outcome.message = _repaired(outcome, how)
    if delete:
        gone = delete_unused([logo.pk for logo in logos.values()], batch_id=outcome.batch_id)
        if gone.logo_ids:
            outcome.logo_ids += gone.logo_ids
            outcome.message += f" {gone.message}"
            outcome.entry_id = outcome.entry_id or gone.entry_id
    if outcome.changed:
        count = {"replaced": outcome.assigned, "deleted": len(outcome.logo_ids)}
        journal.log_summary("channel", outcome.batch_id, outcome.message, action_type="logo_repair", after=count)
    return outcome


def _stream_logos(channel_ids: Sequence[int]) -> Iterable[tuple[int, str]]:
    links = ChannelStream.objects.filter(channel_id__in=among(channel_ids)).exclude(stream__logo_url="")
    return links.order_by("channel_id", "position", "pk").values_list("channel_id", "stream__logo_url")


def _guide_logos(channel_ids: Sequence[int]) -> Iterable[tuple[int, str]]:
    channels = Channel.objects.filter(pk__in=among(channel_ids), guide_entry__isnull=False).exclude(guide_entry__icon_url="")
    return channels.order_by("pk").values_list("pk", "guide_entry__icon_url")


def _changes(
    channel_ids: Sequence[int], found: dict[int, str], outcome: AssignOutcome, *, only_missing: bool
) -> tuple[list[ChannelChange], dict[str, str]]:
    changes: list[ChannelChange] = []
    names: dict[str, str] = {}
    channels = Channel.objects.filter(pk__in=among(channel_ids)).values_list("pk", "name", "logo_url")
    rows = {pk: (name, logo) for pk, name, logo in channels}
    for pk in channel_ids:
        if pk not in rows:
            continue
        name, logo = rows[pk]
        if (only_missing and logo) or (pk in found and found[pk] == logo):
            outcome.unchanged += 1
        elif pk not in found:
            outcome.skipped += 1
        else:
            changes.append(ChannelChange(pk, {"logo_url": logo}, {"logo_url": found[pk]}))
            names.setdefault(found[pk], name)
    return changes, names


def _usable(address: str) -> str:
    try:
        return clean_logo(address)
    except ValueError:
        return ""


def _given(address: object) -> str:
    try:
        given = clean_logo(address)
    except ValueError as error:
        raise EditRefused({"url": str(error)}) from error
    if not given:
        raise EditRefused({"url": "Enter the address of the picture: http:// or https://."})
    return given


def _message(outcome: AssignOutcome, source: str) -> str:
    told = [f"Set the logo of {counted(outcome.assigned, 'channel')} from the {source}"]
    if outcome.unchanged:
        told.append(f"{outcome.unchanged:,} kept theirs")
    if outcome.skipped:
        told.append(f"{outcome.skipped:,} skipped: no logo found")
    return f"{'; '.join(told)}."


def _repaired(outcome: AssignOutcome, how: Repair) -> str:
    done = "Took the logo off" if how == "clear" else "Replaced the logo of"
    text = f"{done} {counted(outcome.assigned, 'channel')}."
    if outcome.skipped and how not in ("clear", "url"):
        text += f" For {counted(outcome.skipped, 'channel')} none was found."
    return text
