"""Takes journal entries about accounts and groups back (DESIGN §3)."""

from datetime import datetime
from typing import Any

from m3u_app.account_journal import ENTITY, field_label, shown_value
from m3u_app.account_values import name_problem
from m3u_app.choose_groups import AUTO_SYNCED, CHUNK, DISABLED, ENABLED, GROUPS_ENTITY, group_state
from m3u_app.find_account import find_account
from m3u_app.models import Account, AccountStatus, StreamGroup
from m3u_app.providers.connections import CONNECTION_FIELDS
from tasks_app.journal import log_entry
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo

_CONFLICTS_NAMED = 5


def undo_account_change(entry: JournalEntry) -> None:
    """Put the fields back that still hold what the entry left. Raises :class:`UndoConflict` and then wrote nothing."""
    before, after = entry.before_value, entry.after_value
    if not before or not after or entry.entity_id is None:
        raise UndoConflict("an account cannot be made or removed again from the journal")
    try:
        account = find_account(entry.entity_id)
    except Account.DoesNotExist:
        raise UndoConflict("the account has been deleted since") from None
    if account.locked:
        raise UndoConflict("the account is locked")
    changed_since = [
        f"{field_label(field)} was changed to {_readable(account, field)} since"
        for field, left in after.items()
        if shown_value(field, getattr(account, field)) != left
    ]
    if changed_since:
        raise UndoConflict("; ".join(changed_since))
    if "name" in before and (problem := name_problem(str(before["name"]), account)):
        raise UndoConflict(problem)
    columns = set(before)
    for field, value in before.items():
        setattr(account, field, datetime.fromisoformat(value) if field == "exp_date" and value else value)
    if "is_active" in before:
        account.status = AccountStatus.IDLE if account.is_active else AccountStatus.DISABLED
        columns.add("status")
    if columns & set(CONNECTION_FIELDS):
        account.etag = account.last_modified = ""
        account.held_back = {}
        columns |= {"etag", "last_modified", "held_back"}
    account.save(update_fields=sorted(columns))


def undo_groups_change(entry: JournalEntry) -> None:
    """Switch the groups back that are as the entry left them, and journal which were not.

    Raises :class:`UndoConflict` when that is none of them.
    """
    before: dict[str, Any] = entry.before_value or {}
    after: dict[str, Any] = entry.after_value or {}
    account_id = entry.entity_id or 0
    names = list(before)
    found: dict[str, str] = {}
    for start in range(0, len(names), CHUNK):
        groups = StreamGroup.objects.filter(account_id=account_id, name__in=names[start : start + CHUNK])
        rows = groups.values_list("name", "enabled", "auto_channel_sync")
        found.update((name, group_state(enabled=enabled, auto_sync=auto)) for name, enabled, auto in rows)
    gone = [name for name in names if name not in found]
    moved = [name for name in names if name in found and found[name] != after.get(name)]
    left = "; ".join(filter(None, (_told(gone, "gone"), _told(moved, "switched again"))))
    untouched = {*gone, *moved}
    chosen = [name for name in names if name not in untouched]
    if not chosen:
        raise UndoConflict(left or "the entry names no group")
    for state in (ENABLED, DISABLED, AUTO_SYNCED):
        batch = [name for name in chosen if before[name] == state]
        for start in range(0, len(batch), CHUNK):
            groups = StreamGroup.objects.filter(account_id=account_id, name__in=batch[start : start + CHUNK])
            groups.update(enabled=state != DISABLED, auto_channel_sync=state == AUTO_SYNCED)
    if left:
        log_entry(
            entry.category,
            "update",
            entity_type=GROUPS_ENTITY,
            entity_id=entry.entity_id,
            entity_name=entry.entity_name,
            description=f"{len(chosen):,} groups of account “{entry.entity_name}” switched back, but {left}",
            before={name: after[name] for name in chosen},
            after={name: before[name] for name in chosen},
            undoable=True,
        )


def register() -> None:
    """Called when the app starts."""
    register_undo(ENTITY, undo_account_change)
    register_undo(GROUPS_ENTITY, undo_groups_change)


def _readable(account: Account, field: str) -> str:
    value = shown_value(field, getattr(account, field))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value in ("", None) else f"“{value}”"


def _told(names: list[str], what: str) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:_CONFLICTS_NAMED])
    more = f" and {len(names) - _CONFLICTS_NAMED:,} more" if len(names) > _CONFLICTS_NAMED else ""
    verb = "is" if len(names) == 1 else "are"
    return f"{shown}{more} {verb} {what} since"
