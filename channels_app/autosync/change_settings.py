"""Stores what an operator chose for a group or an account's leftovers; journalled, and undone from there (20 §4.1, §4.2)."""

import logging
from decimal import Decimal
from typing import Any

from django.db import transaction

from channels_app.autosync.settings import SyncSettings, changed_options, check, merged
from channels_app.models import AccountSync, LeftoverChoice
from channels_app.numbering import format_number
from ecm_site.wording import shortened
from m3u_app.models import Account, StreamGroup
from tasks_app import journal
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo

logger = logging.getLogger(__name__)

GROUP_ENTITY = "stream_group_sync"
ACCOUNT_ENTITY = "account_sync"
CATEGORY = "m3u"


class SyncedElsewhere(Exception):
    """Another account auto-syncs a group of this name already; ``account_name`` is its name."""

    def __init__(self, account_name: str) -> None:
        self.account_name = account_name
        super().__init__(f"“{shortened(account_name)}” already makes channels of its group of this name.")


def register_handlers() -> None:
    """Called once at start-up."""
    register_undo(GROUP_ENTITY, _undo_group)
    register_undo(ACCOUNT_ENTITY, _undo_account)


def synced_elsewhere(group: StreamGroup) -> str | None:
    """The name of another account that auto-syncs the same group, or None (20 §4.1)."""
    others = StreamGroup.objects.filter(name=group.name, enabled=True, auto_channel_sync=True).exclude(account=group.account_id)
    return others.order_by("account__name").values_list("account__name", flat=True).first()


def change_settings(group_id: int, settings: SyncSettings, *, switched_on: bool) -> int | None:
    """Store settings and switch of a group; returns the journal entry, None when nothing is different.

    They are merged into what is stored, so that keys that we do not know survive. Switching on also imports the group
    again. Raises ``SettingsRefused``, :class:`SyncedElsewhere`, ``Account.DoesNotExist`` and ``StreamGroup.DoesNotExist``.
    """
    check(settings)
    with transaction.atomic():
        group = StreamGroup.objects.select_related("account").get(pk=group_id)
        if switched_on and not group.auto_channel_sync:
            other = synced_elsewhere(group)
            if other is not None:
                raise SyncedElsewhere(other)
        before = _stored(group)
        group.auto_channel_sync = switched_on
        group.enabled = group.enabled or switched_on
        group.auto_sync_channel_start, group.auto_sync_channel_end = settings.start, settings.end
        group.sync_settings = merged(settings, group.sync_settings)
        after = _stored(group)
        if after == before:
            return None
        _save(group)
        entry = journal.log_entry(
            CATEGORY,
            "update",
            entity_type=GROUP_ENTITY,
            entity_id=group.pk,
            entity_name=group.name,
            description=_describe(group, before, after),
            before=before,
            after=after,
            undoable=True,
        )
    logger.info("[AUTOSYNC] Settings of group id=%s changed, on=%s", group_id, switched_on)
    return entry.pk if entry else None


def change_leftovers(account_id: int, choice: LeftoverChoice) -> int | None:
    """Store what becomes of leftovers (20 §4.4); returns the journal entry, None when nothing is different."""
    with transaction.atomic():
        account = Account.objects.only("name").get(pk=account_id)
        state, _ = AccountSync.objects.get_or_create(account_id=account_id)
        if state.leftovers == choice:
            return None
        before, state.leftovers = state.leftovers, choice
        state.save(update_fields=["leftovers"])
        entry = journal.log_entry(
            CATEGORY,
            "update",
            entity_type=ACCOUNT_ENTITY,
            entity_id=account_id,
            entity_name=account.name,
            description=f"Auto-sync of “{account.name}”: channels without streams: {choice.label.lower()}",
            before={"leftovers": before},
            after={"leftovers": choice.value},
            undoable=True,
        )
    return entry.pk if entry else None


def _stored(group: StreamGroup) -> dict[str, Any]:
    return {
        "auto_channel_sync": group.auto_channel_sync,
        "enabled": group.enabled,
        "start": format_number(group.auto_sync_channel_start) or None,
        "end": format_number(group.auto_sync_channel_end) or None,
        "settings": dict(group.sync_settings or {}),
    }


def _save(group: StreamGroup) -> None:
    fields = ["auto_channel_sync", "enabled", "auto_sync_channel_start", "auto_sync_channel_end", "sync_settings"]
    group.save(update_fields=fields)


def _describe(group: StreamGroup, before: dict[str, Any], after: dict[str, Any]) -> str:
    told = []
    if before["auto_channel_sync"] != after["auto_channel_sync"]:
        told.append(f"auto-sync {'on' if after['auto_channel_sync'] else 'off'}")
    if before["start"] != after["start"]:
        told.append(f"start channel {before['start'] or 'none'} → {after['start'] or 'none'}")
    if before["end"] != after["end"]:
        told.append(f"last channel {before['end'] or 'none'} → {after['end'] or 'none'}")
    if before["settings"] != after["settings"]:
        told.append(f"settings ({', '.join(changed_options(before['settings'], after['settings']))})")
    return f"Group “{shortened(group.name)}” of account “{group.account.name}”: {', '.join(told) or 'enabled'}"


def _undo_group(entry: JournalEntry) -> None:
    group = StreamGroup.objects.select_related("account").filter(pk=entry.entity_id or 0).first()
    if group is None:
        raise UndoConflict(f"The provider no longer has the group “{shortened(entry.entity_name)}”.")
    before, after = entry.before_value, entry.after_value
    if not isinstance(before, dict) or not isinstance(after, dict) or _stored(group) != after:
        raise UndoConflict(f"The auto-sync settings of “{shortened(entry.entity_name)}” were changed again since.")
    group.auto_channel_sync, group.enabled = before["auto_channel_sync"], before["enabled"]
    group.auto_sync_channel_start, group.auto_sync_channel_end = _read(before["start"]), _read(before["end"])
    group.sync_settings = before["settings"]
    _save(group)


def _undo_account(entry: JournalEntry) -> None:
    state = AccountSync.objects.filter(account_id=entry.entity_id or 0).first()
    before, after = entry.before_value or {}, entry.after_value or {}
    if state is None:
        raise UndoConflict("The account is gone.")
    if state.leftovers != after.get("leftovers"):
        raise UndoConflict("This was changed again since.")
    state.leftovers = before["leftovers"]
    state.save(update_fields=["leftovers"])


def _read(number: str | None) -> Decimal | None:
    return Decimal(number) if number else None
