"""Use case: change how the lineup is published; journalled, and undone from there."""

from dataclasses import asdict
from typing import Any

from django.db import transaction

from channels_app.publishing.request_publish import request_publish
from ecm_site.conf import get_settings, save_settings
from tasks_app import journal
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo

ENTITY = "output_settings"
WORDS = {
    "output_access": "who may fetch it",
    "public_base_url": "public address",
    "output_tvg_id_source": "guide ids",
    "output_direct_urls": "provider addresses",
}


def change_output(changes: dict[str, Any]) -> int | None:
    """Save ``changes`` of the settings in :data:`WORDS` and publish again if files change.

    Returns the journal entry's id, None when nothing changed. Raises ``ValueError`` naming the field.
    """
    foreign = changes.keys() - WORDS.keys()
    if foreign:
        raise ValueError(f"{', '.join(sorted(foreign))}: not an output setting")
    before = asdict(get_settings())
    changed = {name: value for name, value in changes.items() if before[name] != value}
    if not changed:
        return None
    save_settings(**changed)
    _publish_if_needed(changed)
    entry = journal.log_entry(
        "output",
        "update",
        entity_type=ENTITY,
        entity_name="Publishing",
        description=f"Changed publishing: {', '.join(WORDS[name] for name in changed)}",
        before={name: before[name] for name in changed},
        after=changed,
        undoable=True,
    )
    return entry.pk if entry else None


def undo_change(entry: JournalEntry) -> None:
    """Take back one change. Raises :class:`UndoConflict`."""
    current = asdict(get_settings())
    before, after = entry.before_value or {}, entry.after_value or {}
    for name, value in after.items():
        if current[name] != value:
            raise UndoConflict(f"The setting “{WORDS[name]}” was changed again since.")
    transaction.on_commit(lambda: _put_back(before))  # looking whether it would work must not already do it


def _put_back(values: dict[str, Any]) -> None:
    save_settings(**values)
    _publish_if_needed(values)


def register_handlers() -> None:
    """Called once at start-up."""
    register_undo(ENTITY, undo_change, admin_only=True)


def _publish_if_needed(changed: dict[str, Any]) -> None:
    if changed.keys() & {"output_tvg_id_source", "public_base_url"}:  # everything else is put in while sending
        request_publish()
