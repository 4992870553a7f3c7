"""Creates, renames and deletes channel profiles (10 §17)."""

import logging
import re

from django.db import IntegrityError, transaction

from channels_app.channel_fields import clean_text
from channels_app.errors import EditRefused, NotThere
from channels_app.lineup_changed import lineup_changed
from channels_app.models import ChannelProfile
from channels_app.outcomes import Outcome
from channels_app.row_journal import row_entry
from ecm_site.wording import shortened
from tasks_app import journal

logger = logging.getLogger(__name__)

NAME_LENGTH = 100
_NOT_IN_ADDRESSES = re.compile(r"[/\\?#%]")


class ProfileOutcome(Outcome):
    """Always a change: nothing else is made of it."""

    @property
    def changed(self) -> bool:
        return self.entry_id is not None


def create_profile(name: object) -> tuple[ChannelProfile, ProfileOutcome]:
    """A new profile, with no channel enabled. Raises :class:`EditRefused` naming "name"."""
    cleaned = _free_name(name)
    try:
        with transaction.atomic():
            profile = ChannelProfile.objects.create(name=cleaned)
            text = f"Created the channel profile “{shortened(cleaned)}”"
            entry = row_entry("channel", "profile_create", instance_before=None, instance_after=profile, description=text)
            outcome = ProfileOutcome(f"{text}.")
            outcome.note(journal.log_entries([entry]))
            lineup_changed(guide=False)
    except IntegrityError:
        raise _taken(cleaned) from None
    logger.info("[PROFILES] Created channel profile id=%s name=%s", profile.pk, profile.name)
    return profile, outcome


def rename_profile(profile_id: int, name: object) -> ProfileOutcome:
    """Another name; its published addresses change with it. Raises :class:`EditRefused`, :class:`NotThere`."""
    before = ChannelProfile.objects.filter(pk=profile_id).first()
    if before is None:
        raise NotThere("This profile no longer exists. Reload the page.")
    cleaned = _free_name(name, except_id=profile_id)
    if cleaned == before.name:
        return ProfileOutcome("Nothing has changed.")
    try:
        with transaction.atomic():
            after = ChannelProfile.objects.get(pk=profile_id)
            after.name = cleaned
            after.save(update_fields=["name"])
            text = f"Renamed the channel profile “{shortened(before.name)}” to “{shortened(cleaned)}”"
            entry = row_entry("channel", "profile_rename", instance_before=before, instance_after=after, description=text)
            outcome = ProfileOutcome(f"{text}.")
            outcome.note(journal.log_entries([entry]))
            lineup_changed(guide=False)
    except IntegrityError:
        raise _taken(cleaned) from None
    return outcome


def delete_profile(profile_id: int) -> ProfileOutcome:
    """Delete a profile; undoing it brings it back with its channels. One that is gone already does not matter."""
    with transaction.atomic():
        profile = ChannelProfile.objects.filter(pk=profile_id).first()
        if profile is None:
            return ProfileOutcome("This profile was deleted already.")
        text = f"Deleted the channel profile “{shortened(profile.name)}”"
        entry = row_entry("channel", "profile_delete", instance_before=profile, instance_after=None, description=text)
        profile.delete()
        outcome = ProfileOutcome(f"{text}.")
        outcome.note(journal.log_entries([entry]))
        lineup_changed(guide=False)
    logger.info("[PROFILES] Deleted channel profile id=%s", profile_id)
    return outcome


def _free_name(name: object, *, except_id: int | None = None) -> str:
    try:
        cleaned = clean_text(name, longest=NAME_LENGTH)
    except ValueError as error:
        raise EditRefused({"name": str(error)}) from error
    if not cleaned:
        raise EditRefused({"name": "Give the profile a name."})
    if _NOT_IN_ADDRESSES.search(cleaned) or set(cleaned) == {"."}:
        raise EditRefused({"name": "The name becomes a part of addresses for players: leave out / \\ ? # and %."})
    if ChannelProfile.objects.filter(name__iexact=cleaned).exclude(pk=except_id or 0).exists():
        raise _taken(cleaned)
    return cleaned


def _taken(name: str) -> EditRefused:
    return EditRefused({"name": f"There is a profile called “{shortened(name)}” already."})
