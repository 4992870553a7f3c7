"""Adds a provider (20 §1.5)."""

import logging
from dataclasses import replace

from django.db import IntegrityError, transaction

from m3u_app.account_journal import creation_entry, upload_entries
from m3u_app.account_values import AccountRefused, AccountValues, settled
from m3u_app.models import Account, AccountStatus
from m3u_app.store_upload import UploadRefused, delete_upload, keep_upload
from tasks_app.journal import log_entries

logger = logging.getLogger(__name__)

COPIED_FIELDS = (
    "name",
    "account_type",
    "server_url",
    "file_path",
    "username",
    "password",
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


def with_kept_upload(ready: AccountValues) -> tuple[AccountValues, int]:
    """Give a pending upload its lasting place. Returns the values with its path, and its size (0 = no upload).

    Raises :class:`AccountRefused` when the file is gone.
    """
    if not ready.upload_path:
        return ready, 0
    try:
        path, size = keep_upload(ready.upload_path)
    except UploadRefused as refusal:
        raise AccountRefused({"playlist_file": str(refusal)}) from refusal
    return replace(ready, file_path=path), size


def create_account(values: AccountValues) -> Account:
    """Save a new account and journal it. The first refresh is the caller's next step, so that its failure undoes nothing.

    Raises :class:`AccountRefused` with a sentence per wrong field.
    """
    ready, uploaded = with_kept_upload(settled(values))
    account = Account(**{field: getattr(ready, field) for field in COPIED_FIELDS})
    account.status = AccountStatus.IDLE if account.is_active else AccountStatus.DISABLED
    try:
        with transaction.atomic():
            account.save(force_insert=True)
            log_entries([creation_entry(account), *upload_entries(account, uploaded)])
    except IntegrityError as error:  # somebody else took the name since it was checked
        delete_upload(account.file_path)
        raise AccountRefused({"name": "Another account has this name. Choose another one."}) from error
    logger.info("[M3U] Created account id=%s type=%s", account.pk, account.account_type)
    return account
