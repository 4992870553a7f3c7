"""Loads accounts, also those whose secrets were written with a key that is gone."""

import logging

from ecm_site.crypto import SecretUnreadable
from m3u_app.models import Account

logger = logging.getLogger(__name__)

SECRET_FIELDS = ("server_url", "password")


def find_account(account_id: int) -> Account:
    """Return the account. Secrets that this key file cannot read are empty, so that they can be typed in again.

    Raises ``Account.DoesNotExist``.
    """
    try:
        return Account.objects.get(pk=account_id)
    except SecretUnreadable:
        logger.warning("[M3U] Secrets of account id=%s cannot be read with this key file", account_id)
        account = Account.objects.defer(*SECRET_FIELDS).get(pk=account_id)
        for field in SECRET_FIELDS:
            setattr(account, field, "")
        return account
