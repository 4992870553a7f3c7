"""Creates, changes and deletes stream profiles (10 §17): how a channel is played."""

import logging
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from channels_app.channel_fields import clean_text
from channels_app.errors import EditRefused, NotThere
from channels_app.lineup_changed import lineup_changed
from channels_app.models import Channel, StreamProfile
from channels_app.profiles.edit_profiles import ProfileOutcome
from channels_app.row_journal import row_entry
from channels_app.write_changes import ChannelChange, write_changes
from ecm_site.wording import counted, shortened
from tasks_app import journal

logger = logging.getLogger(__name__)

FIELDS = ("name", "command", "parameters", "is_active")
_LENGTHS = {"name": 100, "command": 255, "parameters": 4000}


def create_stream_profile(values: Mapping[str, Any]) -> tuple[StreamProfile, ProfileOutcome]:
    """A new stream profile. Raises :class:`EditRefused` naming the fields that are wrong, unknown ones included."""
    cleaned = _clean({"is_active": True, "command": "", "parameters": "", "name": "", **values})
    _refuse_taken(cleaned["name"])
    try:
        with transaction.atomic():
            profile = StreamProfile.objects.create(**cleaned)
            text = f"Created the stream profile “{shortened(profile.name)}”"
            outcome = _journalled(None, profile, "stream_profile_create", text)
    except IntegrityError:
        raise _taken(cleaned["name"]) from None
    logger.info("[PROFILES] Created stream profile id=%s name=%s", profile.pk, profile.name)
    return profile, outcome


def update_stream_profile(profile_id: int, values: Mapping[str, Any]) -> ProfileOutcome:
    """Change fields. Raises :class:`EditRefused` (locked ones cannot be changed), :class:`NotThere`."""
    before = _editable(profile_id)
    cleaned = _clean(values)
    changed = {name: value for name, value in cleaned.items() if getattr(before, name) != value}
    if not changed:
        return ProfileOutcome("Nothing has changed.")
    if "name" in changed:
        _refuse_taken(changed["name"], except_id=profile_id)
    try:
        with transaction.atomic():
            after = StreamProfile.objects.get(pk=profile_id)
            for name, value in changed.items():
                setattr(after, name, value)
            after.save(update_fields=list(changed))
            return _journalled(before, after, "stream_profile_update", f"Changed the stream profile “{shortened(before.name)}”")
    except IntegrityError:
        raise _taken(changed["name"]) from None


def delete_stream_profile(profile_id: int) -> ProfileOutcome:
    """Delete a stream profile; its channels go back to the default. Raises :class:`EditRefused` for a locked one."""
    if not StreamProfile.objects.filter(pk=profile_id).exists():
        return ProfileOutcome("This stream profile was deleted already.")
    profile = _editable(profile_id)
    batch_id = journal.new_batch_id()
    ids = Channel.objects.filter(stream_profile_id=profile_id).order_by("pk").values_list("pk", flat=True)
    changes = [ChannelChange(pk, {"stream_profile_id": profile_id}, {"stream_profile_id": None}) for pk in ids]
    written = write_changes(changes, batch_id=batch_id, by_hand=False)  # nobody chose this for the channels: no pins
    with transaction.atomic():
        text = f"Deleted the stream profile “{shortened(profile.name)}”"
        if written.changed:
            text += f"; {counted(len(written.changed), 'channel')} back to the default"
        entry = row_entry(
            "channel",
            "stream_profile_delete",
            instance_before=profile,
            instance_after=None,
            description=text,
            batch_id=batch_id,
        )
        StreamProfile.objects.filter(pk=profile_id).delete()
        outcome = ProfileOutcome(f"{text}.", batch_id, channel_ids=written.changed)
        outcome.note(written.entries or journal.log_entries([entry]))
        if written.entries:
            journal.log_entries([entry])
        lineup_changed(guide=False)
    logger.info("[PROFILES] Deleted stream profile id=%s", profile_id)
    return outcome


def _journalled(before: StreamProfile | None, after: StreamProfile, action: str, text: str) -> ProfileOutcome:
    entry = row_entry("channel", action, instance_before=before, instance_after=after, description=text)
    outcome = ProfileOutcome(f"{text}.")
    outcome.note(journal.log_entries([entry]))
    return outcome


def _editable(profile_id: int) -> StreamProfile:
    profile = StreamProfile.objects.filter(pk=profile_id).first()
    if profile is None:
        raise NotThere("This stream profile no longer exists. Reload the page.")
    if profile.locked:
        raise EditRefused(f"“{shortened(profile.name)}” is locked: it belongs to the server and cannot be changed here.")
    return profile


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, value in values.items():
        if name not in FIELDS:
            problems[name] = f"A stream profile has no field “{name[:60]}”."
        elif name == "is_active":
            if isinstance(value, bool):
                cleaned[name] = value
            else:
                problems[name] = "Say yes or no."
        else:
            try:
                cleaned[name] = clean_text(value, longest=_LENGTHS[name])
            except ValueError as error:
                problems[name] = str(error)
    if "name" in cleaned and not cleaned["name"]:
        problems["name"] = "Give the stream profile a name."
    if problems:
        raise EditRefused(problems)
    return cleaned


def _refuse_taken(name: str, *, except_id: int | None = None) -> None:
    if StreamProfile.objects.filter(name__iexact=name).exclude(pk=except_id or 0).exists():
        raise _taken(name)


def _taken(name: str) -> EditRefused:
    return EditRefused({"name": f"There is a stream profile called “{shortened(name)}” already."})
