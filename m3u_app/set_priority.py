"""Sets how much a provider is preferred over the others (20 §1.1, §9)."""

import logging

from django.db import transaction

from m3u_app.account_journal import change_entries
from m3u_app.account_values import AccountLocked, AccountRefused, check_numbers
from m3u_app.find_account import find_account
from m3u_app.models import Account
from tasks_app.journal import log_entries

logger = logging.getLogger(__name__)


def set_priority(account_id: int, priority: int) -> tuple[Account, int | None]:
    """Store the priority, journalled and undoable. Returns the account and the journal entry's id, None if nothing changed.

    Raises :class:`AccountRefused`, :class:`AccountLocked` and ``Account.DoesNotExist``.
    """
    account = find_account(account_id)
    if account.locked or account.deleting_since is not None:
        raise AccountLocked(account)
    problems = check_numbers(priority=priority)
    if problems:
        raise AccountRefused(problems)
    before = account.priority
    if before == priority:
        return account, None
    account.priority = priority
    with transaction.atomic():
        account.save(update_fields=["priority"])
        written = log_entries(change_entries(account, {"priority": (before, priority)}, batch_id=""))
    logger.info("[M3U] Account id=%s has priority %s", account_id, priority)
    return account, written[0].pk if written else None
