"""Which channel profiles new channels join: a setting (10 §1.3), changed from the page of profiles."""

from django.db import transaction

from channels_app.models import ChannelProfile
from ecm_site.conf import get_settings, save_settings
from ecm_site.wording import shortened
from tasks_app import journal
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict

ENTITY = "default_profiles"
_NAME = "default_channel_profile_ids"


def set_default(profile: ChannelProfile, *, joins: bool) -> int | None:
    """Have new channels join ``profile``, or not. Returns the journal entry's id, None when nothing changed.

    Settings are no part of a draft: call it on the live lineup.
    """
    before = get_settings().default_channel_profile_ids
    wanted = [key for key in before if key != str(profile.pk)] + ([str(profile.pk)] if joins else [])
    if set(wanted) == set(before):
        return None
    save_settings(**{_NAME: tuple(wanted)})
    verb = "join" if joins else "no longer join"
    entry = journal.log_entry(
        "settings",
        "update",
        entity_type=ENTITY,
        entity_id=profile.pk,
        entity_name=profile.name,
        description=f"New channels {verb} the profile “{shortened(profile.name)}”",
        before={_NAME: list(before)},
        after={_NAME: wanted},
        undoable=True,
    )
    return entry.pk if entry else None


def undo_default(entry: JournalEntry) -> None:
    """Take one change back. Raises :class:`UndoConflict`."""
    before = tuple((entry.before_value or {}).get(_NAME, ()))
    if set(get_settings().default_channel_profile_ids) != set((entry.after_value or {}).get(_NAME, ())):
        raise UndoConflict("Which profiles new channels join was changed again since.")
    transaction.on_commit(lambda: save_settings(**{_NAME: before}))  # looking whether it would work must not already do it
