"""Adds, changes and deletes logos of the library (10 §16). What channels show follows the logo."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from django.db import IntegrityError, transaction

from channels_app.channel_fields import clean_logo, clean_text
from channels_app.chunks import chunked, chunked_writes
from channels_app.errors import EditRefused, NotThere
from channels_app.logos.addresses import stored_name_of, uploaded_address
from channels_app.logos.library import unknown_addresses, unused_logos
from channels_app.logos.pictures import NotAPicture, examine
from channels_app.logos.store import store_picture
from channels_app.logos.thumbnails import forget
from channels_app.models import Channel, Logo
from channels_app.outcomes import Outcome
from channels_app.row_journal import row_entry
from channels_app.write_changes import ChannelChange, write_changes
from ecm_site.wording import counted, shortened
from m3u_app.models import StreamGroup
from tasks_app import journal

logger = logging.getLogger(__name__)

NAME_LENGTH = 255


@dataclass
class LogoOutcome(Outcome):
    """``logo_ids``: rows of the library that were made, changed or deleted."""

    logo_ids: list[int] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.logo_ids) or super().changed


def add_logo(name: object, address: object, *, batch_id: str = "") -> tuple[Logo, LogoOutcome]:
    """Take an address into the library. One that is there already is returned as it is (25.7 #109).

    Raises :class:`EditRefused` naming "name" or "url".
    """
    cleaned = _clean(name, address)
    known = Logo.objects.filter(url=cleaned["url"]).first()
    if known is not None:
        return known, LogoOutcome(f"The library has this picture already: “{shortened(known.name)}”.", batch_id)
    outcome = LogoOutcome("", batch_id)
    try:
        with transaction.atomic():
            logo = Logo.objects.create(**cleaned, stored_name=stored_name_of(cleaned["url"]))
            text = f"Added the logo “{shortened(logo.name)}”"
            entry = row_entry(
                "channel", "logo_create", instance_before=None, instance_after=logo, description=text, batch_id=batch_id
            )
            outcome.note(journal.log_entries([entry]))
    except IntegrityError:  # somebody added the same address at the same moment
        return Logo.objects.get(url=cleaned["url"]), LogoOutcome("The library has this picture already.", batch_id)
    outcome.logo_ids, outcome.message = [logo.pk], f"{text}."
    logger.info("[LOGOS] Added logo id=%s", logo.pk)
    return logo, outcome


def upload_logo(data: bytes, file_name: str, *, name: str = "", batch_id: str = "") -> tuple[Logo, LogoOutcome]:
    """Store an uploaded picture and take it into the library; a picture that is there already is returned.

    ``name`` defaults to the file's without its ending. Raises :class:`EditRefused` naming "file" or "name".
    """
    shown = shortened(file_name) or "the file"
    try:
        picture = examine(data)
    except NotAPicture as error:
        raise EditRefused({"file": f"{shown}: {error}"}) from error
    stored = store_picture(picture)
    return add_logo(name.strip() or name_from_file(file_name), uploaded_address(stored), batch_id=batch_id)


def edit_logo(logo_id: int, name: object, address: object) -> LogoOutcome:
    """Change name or address; the channels that show it follow to the new address.

    Raises :class:`EditRefused` (also when another logo has that address), :class:`NotThere`.
    """
    before = Logo.objects.filter(pk=logo_id).first()
    if before is None:
        raise NotThere("This logo no longer exists. Reload the page.")
    cleaned = _clean(name, address)
    if (before.name, before.url) == (cleaned["name"], cleaned["url"]):
        return LogoOutcome("Nothing has changed.")
    other = Logo.objects.filter(url=cleaned["url"]).exclude(pk=logo_id).first()
    if other is not None:
        raise EditRefused({"url": f"The library has this address already as “{shortened(other.name)}”."})
    outcome = LogoOutcome("", journal.new_batch_id(), logo_ids=[logo_id])
    moved = cleaned["url"] != before.url
    with transaction.atomic():
        after = Logo.objects.get(pk=logo_id)
        after.name, after.url = cleaned["name"], cleaned["url"]
        if moved:
            after.stored_name, after.checked_at, after.problem = stored_name_of(after.url), None, ""
        after.save()
        text = f"Changed the logo “{shortened(before.name)}”"
        entry = row_entry(
            "channel",
            "logo_update",
            instance_before=before,
            instance_after=after,
            description=text,
            batch_id=outcome.batch_id,
        )
        outcome.note(journal.log_entries([entry]))
    if moved:
        forget(before.url)
        _point_channels({before.url: after.url}, [logo_id], outcome)
    outcome.message = f"{text}." if not outcome.channel_ids else f"{text} and {counted(len(outcome.channel_ids), 'channel')}."
    return outcome


def delete_logos(logo_ids: Iterable[int], *, batch_id: str = "") -> LogoOutcome:
    """Delete logos; channels that show them lose theirs. What is gone already does not matter."""
    outcome = LogoOutcome("", batch_id or journal.new_batch_id())
    wanted = list(dict.fromkeys(logo_ids))
    last = ""
    for portion in chunked_writes(wanted):
        logos = list(Logo.objects.filter(pk__in=portion))
        if not logos:
            continue
        _point_channels({logo.url: "" for logo in logos}, [logo.pk for logo in logos], outcome)
        with transaction.atomic():
            entries = [
                row_entry(
                    "channel",
                    "logo_delete",
                    instance_before=logo,
                    instance_after=None,
                    description=f"Deleted the logo “{shortened(logo.name)}”",
                    batch_id=outcome.batch_id,
                )
                for logo in logos
            ]
            Logo.objects.filter(pk__in=[logo.pk for logo in logos]).delete()
            outcome.note(journal.log_entries(entries))
        outcome.logo_ids += [logo.pk for logo in logos]
        last = logos[-1].name
    count = len(outcome.logo_ids)
    if not count:
        outcome.message = "These logos were deleted already."
        return outcome
    what = f"the logo “{shortened(last)}”" if count == 1 else counted(count, "logo")
    lost = len(outcome.channel_ids)
    outcome.message = f"Deleted {what}; {counted(lost, 'channel')} lost it." if lost else f"Deleted {what}."
    if not batch_id:
        journal.log_summary("channel", outcome.batch_id, outcome.message, action_type="logo_delete", after={"logos": count})
    logger.info("[LOGOS] Deleted %s logos, %s channels lost theirs", count, lost)
    return outcome


def delete_unused(logo_ids: Iterable[int], *, batch_id: str = "") -> LogoOutcome:
    """Delete those of the logos that no channel shows now: one that was set meanwhile stays."""
    wanted = list(dict.fromkeys(logo_ids))
    still: list[int] = []
    for portion in chunked(wanted):
        still += unused_logos(Logo.objects.filter(pk__in=portion)).values_list("pk", flat=True)
    outcome = delete_logos(still, batch_id=batch_id)
    kept = Logo.objects.filter(pk__in=wanted[:500]).count() if len(still) < len(wanted) else 0
    if kept:
        outcome.warnings.append(f"{counted(kept, 'logo')} stayed: channels use {'it' if kept == 1 else 'them'} now.")
    return outcome


def adopt_used() -> LogoOutcome:
    """Take every address that channels use into the library, named after the first channel with it."""
    return remember(dict.fromkeys(unknown_addresses(), ""))


def remember(addresses: Mapping[str, str], *, batch_id: str = "") -> LogoOutcome:
    """Take addresses into the library, those it knows aside. Values are their names; "" = that of a channel with it."""
    outcome = LogoOutcome("", batch_id or journal.new_batch_id())
    for portion in chunked_writes([address for address in addresses if address]):
        with transaction.atomic():
            known = set(Logo.objects.filter(url__in=portion).values_list("url", flat=True))
            new = [address for address in portion if address not in known]
            if not new:
                continue
            names = _names_for([address for address in new if not addresses[address]])
            logos = Logo.objects.bulk_create(
                Logo(
                    name=(addresses[address] or names.get(address) or name_from_address(address))[:NAME_LENGTH],
                    url=address,
                    stored_name=stored_name_of(address),
                )
                for address in new
            )
            entries = [
                row_entry(
                    "channel",
                    "logo_create",
                    instance_before=None,
                    instance_after=logo,
                    description=f"Added the logo “{shortened(logo.name)}”",
                    batch_id=outcome.batch_id,
                )
                for logo in logos
            ]
            outcome.note(journal.log_entries(entries))
            outcome.logo_ids += [logo.pk for logo in logos]
    count = len(outcome.logo_ids)
    outcome.message = f"Added {counted(count, 'logo')} to the library." if count else "The library knows all of them already."
    if count and not batch_id:
        journal.log_summary("channel", outcome.batch_id, outcome.message, action_type="logo_create", after={"logos": count})
    return outcome


def name_from_file(file_name: str) -> str:
    """ "Sky One.v2.png" → "Sky One.v2"; folders are no part of it."""
    plain = file_name.replace("\\", "/").rpartition("/")[2]
    stem = plain.rpartition(".")[0] or plain
    return clean_text(stem[:NAME_LENGTH], longest=NAME_LENGTH) or "Logo"


def name_from_address(address: str) -> str:
    """The last part of an address, without ending; its host when that says nothing."""
    try:
        parts = urlsplit(address)
        return name_from_file(unquote(parts.path)) if parts.path.strip("/") else parts.hostname or "Logo"
    except ValueError:
        return "Logo"


def _point_channels(targets: Mapping[str, str], logo_ids: Collection[int], outcome: LogoOutcome) -> None:
    """Channels that show one of the addresses show another one from now on ("" = none).

    Channels that have one of the logos from the settings of their auto-synced group follow these further: nothing is
    pinned on them, while elsewhere the provider's logo must not come back with the next sync.
    """
    given = _given_by_auto_sync(logo_ids)
    rows = Channel.objects.filter(logo_url__in=list(targets)).order_by("pk").values_list("pk", "logo_url", "synced_group")
    changes = [
        (ChannelChange(pk, {"logo_url": old}, {"logo_url": targets[old]}), group_id not in given) for pk, old, group_id in rows
    ]
    for by_hand in (True, False):
        chosen = [change for change, is_by_hand in changes if is_by_hand is by_hand]
        if chosen:
            written = write_changes(chosen, batch_id=outcome.batch_id, by_hand=by_hand)
            outcome.channel_ids += written.changed
            outcome.note(written.entries)


def _given_by_auto_sync(logo_ids: Collection[int]) -> set[int]:
    """Provider groups whose auto-sync gives all channels one of these logos (stored as number or text)."""
    either = [*logo_ids, *map(str, logo_ids)]
    groups = StreamGroup.objects.filter(auto_channel_sync=True, sync_settings__custom_logo_id__in=either)
    return set(groups.values_list("pk", flat=True))


def _names_for(addresses: Sequence[str] | Collection[str]) -> dict[str, str]:
    rows = Channel.objects.filter(logo_url__in=list(addresses)).order_by("-number", "-pk").values_list("logo_url", "name")
    return dict(rows)


def _clean(name: object, address: object) -> dict[str, str]:
    problems: dict[str, str] = {}
    cleaned: dict[str, str] = {}
    try:
        cleaned["name"] = clean_text(name, longest=NAME_LENGTH)
        if not cleaned["name"]:
            problems["name"] = "Give the logo a name."
    except ValueError as error:
        problems["name"] = str(error)
    try:
        cleaned["url"] = clean_logo(address)
        if not cleaned["url"]:
            problems["url"] = "Enter the address of the picture: http:// or https://."
    except ValueError as error:
        problems["url"] = str(error)
    if problems:
        raise EditRefused(problems)
    return cleaned
