"""Changes a provider's settings (20 §1.5)."""

import logging
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from m3u_app.account_journal import change_entries, upload_entries
from m3u_app.account_values import AccountLocked, AccountRefused, AccountValues, connection_differs, settled
from m3u_app.create_account import COPIED_FIELDS, with_kept_upload
from m3u_app.find_account import find_account
from m3u_app.kept_uploads import let_go_of_upload
from m3u_app.models import Account, AccountStatus, AccountType
from m3u_app.providers.connections import CONNECTION_FIELDS
from m3u_app.store_upload import delete_upload
from tasks_app.journal import log_entries, new_batch_id

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AccountEdit:
    """What an edit did. ``source_changed``: the streams now come from elsewhere, so a refresh is due."""

    account: Account
    changed: tuple[str, ...]
    source_changed: bool


def edit_account(account_id: int, values: AccountValues) -> AccountEdit:
    """Save what differs, and nothing else: a refresh that runs meanwhile keeps its own columns (20 §24 trap 22).

    An upload that is replaced is deleted. Raises :class:`AccountRefused` with a sentence per wrong field,
    :class:`AccountLocked`, and ``Account.DoesNotExist``.
    """
    account = find_account(account_id)
    if account.locked or account.deleting_since is not None:
        raise AccountLocked(account)
    ready, uploaded = with_kept_upload(settled(values, account))
    source_changed = connection_differs(account, ready)
    old_file = account.file_path
    changed = _apply(account, ready)
    if not changed:
        return AccountEdit(account, (), source_changed=False)
    columns = [*changed, *_consequences(account, changed)]
    try:
        with transaction.atomic():
            account.save(update_fields=sorted(set(columns)))
            entries = change_entries(account, changed, batch_id=new_batch_id())
            log_entries([*entries, *upload_entries(account, uploaded)])
    except IntegrityError as error:
        if uploaded:
            delete_upload(account.file_path)
        raise AccountRefused({"name": "Another account has this name. Choose another one."}) from error
    if "file_path" in changed:
        let_go_of_upload(old_file)
    logger.info("[M3U] Changed account id=%s fields=%s", account.pk, ",".join(changed))
    return AccountEdit(account, tuple(changed), source_changed)


def _apply(account: Account, ready: AccountValues) -> dict[str, tuple[Any, Any]]:
    changed: dict[str, tuple[Any, Any]] = {}
    for field in COPIED_FIELDS:
        if field == "exp_date" and ready.account_type == AccountType.XTREAM == account.account_type:
            continue  # the panel knows it better
        before, after = getattr(account, field), getattr(ready, field)
        if before != after:
            changed[field] = (before, after)
            setattr(account, field, after)
    return changed


def _consequences(account: Account, changed: dict[str, tuple[Any, Any]]) -> list[str]:
    """Columns that no longer hold once others changed; sets them and returns their names."""
    columns = []
    if changed.keys() & {"account_type", *CONNECTION_FIELDS}:
        account.etag = account.last_modified = ""  # they describe a copy of the old source
        account.held_back = {}  # so does a refresh that waits for a yes
        columns += ["etag", "last_modified", "held_back"]
    if "account_type" in changed:
        account.provider_info = {}  # leftovers would outlive a hand-typed expiry date (20 §24 trap 29)
        account.playlist_header = {}
        columns += ["provider_info", "playlist_header"]
    if "is_active" in changed:
        account.status = AccountStatus.IDLE if account.is_active else AccountStatus.DISABLED
        columns.append("status")
    return columns
