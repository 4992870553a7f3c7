"""Loads accounts, also those whose secrets were written with a key that is gone."""

from m3u_app.feeds.find import find_feed
from m3u_app.models import Account


def find_account(account_id: int) -> Account:
    """As :func:`find_feed`. Raises ``Account.DoesNotExist``."""
    return find_feed(Account, account_id, ("server_url", "password"))
