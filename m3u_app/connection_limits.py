"""How many connections a provider allows at once, and who shares them (20 §7): for everything that opens one."""

import hashlib
import hmac
import re
from dataclasses import dataclass

from django.conf import settings

from ecm_site.wording import counted
from m3u_app.models import Account

_LOGIN = re.compile(r"/(?:live|movie|series)/([^/?#]+)/([^/?#]+)/")


@dataclass(frozen=True)
class ConnectionLimit:
    """A counter that a connection takes part in: at most ``most`` connections may hold the same ``key`` at once.

    The key tells nothing of a login. ``words`` say who allows how many.
    """

    key: str
    most: int
    words: str


def connection_limits(account: Account | None, url: str) -> tuple[ConnectionLimit, ...]:
    """The counters for one connection to ``url``: the account's own, and inside a server group that of the login.

    Empty when nothing is limited. Reserve all of them or none. Costs no query when the server group is loaded.
    """
    if account is None or not account.max_streams:
        return ()
    allowed = f"“{account.name}” allows {counted(account.max_streams, 'connection')} at once"
    own = ConnectionLimit(f"account:{account.pk}", account.max_streams, allowed)
    login = _login(account, url)
    if account.server_group_id is None or not login:
        return (own,)
    shared = ConnectionLimit(
        f"login:{account.server_group_id}:{login}",
        account.max_streams,
        f"{allowed}, also for the accounts that share its login",
    )
    return own, shared


def _login(account: Account, url: str) -> str:
    """A keyed fingerprint of the login that the address carries, else of the account's; "" without one."""
    found = _LOGIN.search(url)
    user, password = (found[1], found[2]) if found else (account.username, account.password)
    if not user.strip() and not password.strip():
        return ""
    text = f"{user.strip().lower()}\0{password.strip()}"
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]
