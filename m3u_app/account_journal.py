"""Journal entries about accounts (20 §1.5): what changed, with every credential masked."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from ecm_site.masking import MASK, mask_text
from m3u_app.models import Account
from m3u_app.providers.connections import CONNECTION_FIELDS
from m3u_app.store_upload import display_name, is_upload
from tasks_app.journal import entry_about
from tasks_app.models import JournalEntry

CATEGORY = "m3u"
ENTITY = "account"
_entry = partial(entry_about, CATEGORY, ENTITY)

JOURNALLED_FIELDS = (
    "name",
    "account_type",
    *CONNECTION_FIELDS,
    "user_agent",
    "allow_private_addresses",
    "max_streams",
    "refresh_interval",
    "stale_stream_days",
    "priority",
    "is_active",
    "auto_enable_new_groups",
    "favorites_group",
    "shrink_guard_percent",
    "exp_date",
)


def shown_value(field: str, value: Any) -> Any:
    """``value`` as the journal may hold it: logins are hidden, uploads go by the name they came with."""
    if field in ("username", "password"):
        return MASK if value else ""
    if field == "server_url":
        return mask_text(value)
    if field == "file_path":
        return display_name(value)
    return value.isoformat() if isinstance(value, datetime) else value


def shown_values(account: Account, fields: Iterable[str] = JOURNALLED_FIELDS) -> dict[str, Any]:
    """All journalled values of an account, masked."""
    return {field: shown_value(field, getattr(account, field)) for field in fields}


def creation_entry(account: Account) -> JournalEntry:
    after = {field: value for field, value in shown_values(account).items() if value not in ("", None)}
    return _entry(account, "create", f"Added account “{account.name}”", after=after)


def change_entries(account: Account, changed: dict[str, tuple[Any, Any]], *, batch_id: str) -> list[JournalEntry]:
    """One entry for what can be taken back and one for what cannot, because the journal does not know the secret.

    ``changed`` is field → (before, after), unmasked.
    """
    hidden = {field for field in changed if field in CONNECTION_FIELDS and _cannot_be_restored(field, changed[field])}
    if hidden or "account_type" in changed:
        hidden |= {field for field in changed if field in (*CONNECTION_FIELDS, "account_type")}
    open_fields = {field: values for field, values in changed.items() if field not in hidden}
    entries = []
    if open_fields:
        entries.append(_change_entry(account, open_fields, batch_id=batch_id, undoable=True))
    if hidden:
        secret_fields = {field: values for field, values in changed.items() if field in hidden}
        entries.append(_change_entry(account, secret_fields, batch_id=batch_id, undoable=False))
    return entries


def upload_entries(account: Account, size: int) -> list[JournalEntry]:
    """The ``m3u/upload`` entry (20 §1.5); none when nothing was uploaded. ``size`` counts bytes."""
    if not size:
        return []
    name = display_name(account.file_path)
    description = f"Uploaded “{name}” ({size:,} bytes) for account “{account.name}”"
    return [_entry(account, "upload", description, after={"file": name, "bytes": size})]


def toggle_entry(account: Account) -> JournalEntry:
    """Spec words: journal ``m3u/update`` "enabled"/"disabled"."""
    word = "enabled" if account.is_active else "disabled"
    before, after = {"is_active": not account.is_active}, {"is_active": account.is_active}
    return _entry(account, "update", f"Account “{account.name}” {word}", before=before, after=after, undoable=True)


def _change_entry(account: Account, changed: dict[str, tuple[Any, Any]], *, batch_id: str, undoable: bool) -> JournalEntry:
    labels = ", ".join(field_label(field) for field in changed)
    return _entry(
        account,
        "update",
        f"Changed {labels} of account “{account.name}”",
        before={field: shown_value(field, before) for field, (before, _) in changed.items()},
        after={field: shown_value(field, after) for field, (_, after) in changed.items()},
        batch_id=batch_id,
        undoable=undoable,
    )


def _cannot_be_restored(field: str, values: tuple[Any, Any]) -> bool:
    if field == "file_path":
        return any(is_upload(value) for value in values)
    return any(shown_value(field, value) != value for value in values)


def field_label(field: str) -> str:
    """What an operator calls a column."""
    labels = {
        "account_type": "type",
        "server_url": "address",
        "file_path": "file",
        "username": "user name",
        "is_active": "enabled",
        "favorites_group": "favorites group",
        "exp_date": "expiry date",
        "user_agent": "User-Agent",
        "auto_enable_new_groups": "enable new groups",
        "shrink_guard_percent": "shrink guard",
        "stale_stream_days": "days to keep missing streams",
        "allow_private_addresses": "redirects into the local network",
    }
    return labels.get(field, field.replace("_", " "))
