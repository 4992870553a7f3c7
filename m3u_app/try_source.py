"""Looks at a source before anything is saved (20 §1.4)."""

import logging
from dataclasses import replace

from m3u_app.account_values import AccountRefused, AccountValues, settled
from m3u_app.create_account import COPIED_FIELDS
from m3u_app.models import Account
from m3u_app.providers.registry import ProviderError, TestReport, provider_for

logger = logging.getLogger(__name__)

_UNNAMED = "(not saved yet)"


def try_source(values: AccountValues, current: Account | None = None) -> TestReport:
    """Fetch the first 64 KB, log in, or discover the device, and say what was found. Nothing is written.

    Raises :class:`AccountRefused` when the connection is not filled in; name and limits do not matter here.
    """
    try:
        ready = settled(values, current)
    except AccountRefused as refusal:
        relevant = {field: text for field, text in refusal.errors.items() if field not in ("name", "priority")}
        if relevant:
            raise AccountRefused(relevant) from None
        ready = settled(replace(values, name=_UNNAMED, priority=0), current)
    account = Account(**{field: getattr(ready, field) for field in COPIED_FIELDS})
    account.pk = current.pk if current else None
    try:
        return provider_for(account.account_type).test(account)
    except ProviderError as error:
        logger.info("[M3U] Test of an account failed: %s", error)
        return TestReport(ok=False, message=str(error))
