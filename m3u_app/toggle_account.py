"""Switches a provider on and off (20 §1.1, §1.5)."""

import logging

from django.db import transaction

from m3u_app.account_journal import toggle_entry
from m3u_app.account_values import AccountLocked
from m3u_app.delete_account import is_being_deleted
from m3u_app.find_account import find_account
from m3u_app.models import Account, AccountStatus
from m3u_app.request_refresh import cancel_work
from tasks_app.journal import log_entries

logger = logging.getLogger(__name__)


def toggle_account(account_id: int, *, active: bool) -> tuple[Account, int | None]:
    """Switch an account on (status idle) or off (status disabled; a running refresh is asked to stop).

    Switching on an account whose deletion was cancelled keeps what is left of it.

    Returns the account and the journal entry's id, None when it already was so. Raises :class:`AccountLocked` and
    ``Account.DoesNotExist``.
    """
    account = find_account(account_id)
    if account.locked or (account.deleting_since is not None and is_being_deleted(account_id)):
        raise AccountLocked(account)
    if account.is_active == active:
        return account, None
    account.is_active = active
    account.status = AccountStatus.IDLE if active else AccountStatus.DISABLED
    account.deleting_since = None  # a deletion that was cancelled half way: what is left stays
    with transaction.atomic():
        account.save(update_fields=["is_active", "status", "deleting_since"])
        written = log_entries([toggle_entry(account)])
    if not active:
        cancel_work(account.pk)
    logger.info("[M3U] Account id=%s is now %s", account.pk, "enabled" if active else "disabled")
    return account, written[0].pk if written else None
