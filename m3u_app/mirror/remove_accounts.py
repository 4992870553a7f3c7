"""Removes accounts that the server no longer has: small ones at once, large ones in the background."""

import logging
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from m3u_app.delete_account import DELETE_TASK
from m3u_app.models import Account
from m3u_app.request_refresh import cancel_work
from tasks_app import engine
from tasks_app.models import Trigger

logger = logging.getLogger(__name__)


def remove_accounts(ids: Collection[int]) -> None:
    """Mark the accounts as being deleted and start their deletion once the transaction is stored.

    A hundred thousand streams do not go within a transaction that others wait for. Nothing refreshes the accounts any more;
    an account that is being deleted and has no link is never made on the server again.
    """
    marked = list(Account.objects.filter(pk__in=ids).values_list("pk", flat=True))
    Account.objects.filter(pk__in=marked, deleting_since=None).update(deleting_since=timezone.now())
    Account.objects.filter(pk__in=marked).update(is_active=False, held_back={})  # nobody is asked about what goes anyway
    transaction.on_commit(lambda: _start(marked))


def _start(ids: list[int]) -> None:
    for account_id in ids:
        cancel_work(account_id)
        try:
            engine.start_run(DELETE_TASK, {"account_id": account_id}, triggered_by=Trigger.SCHEDULED)
        except engine.AlreadyRunning:
            continue
        logger.info("[M3U] Account id=%s is gone on the server; its deletion here was started", account_id)
