"""The server's accounts, read once for all kinds that stand in their rows."""

import time
from collections.abc import Collection
from weakref import WeakKeyDictionary

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound
from ecm_site.dispatcharr.shapes import Account
from m3u_app.account_values import RESERVED_NAME
from tasks_app.mirror.kinds import LinkBook

_KEEP_SECONDS = 20.0
_SINGLY = 3  # so many accounts are read one by one; more come faster in one request

_read: "WeakKeyDictionary[LinkBook, tuple[float, list[Account]]]" = WeakKeyDictionary()


def all_accounts(client: Dispatcharr, links: LinkBook) -> list[Account]:
    """All accounts, the one for custom streams included; kept for a few seconds within a run (``links`` belongs to one)."""
    kept = _read.get(links)
    if kept is not None and time.monotonic() - kept[0] < _KEEP_SECONDS:
        return kept[1]
    found = client.accounts.all()
    _read[links] = (time.monotonic(), found)
    return found


def forget_accounts(links: LinkBook) -> None:
    """Call after anything about accounts was written there."""
    _read.pop(links, None)


def some_accounts(client: Dispatcharr, links: LinkBook, ids: Collection[int] | None) -> list[Account]:
    """The accounts of ``ids`` that exist, as they are at this moment; None = all, which may be some seconds old.

    Without the account for custom streams.
    """
    if ids is None:
        return [account for account in all_accounts(client, links) if not holds_custom_streams(account)]
    wanted = set(ids)
    if len(wanted) > _SINGLY:
        return [
            account for account in client.accounts.all() if account.get("id") in wanted and not holds_custom_streams(account)
        ]
    found: list[Account] = []
    for account_id in sorted(wanted):
        try:
            account = client.accounts.get(account_id)
        except NotFound:
            continue
        if not holds_custom_streams(account):
            found.append(account)
    return found


def holds_custom_streams(account: Account) -> bool:
    """The built-in account, which nobody is shown (20 §1.1)."""
    return str(account.get("name")).lower() == RESERVED_NAME
