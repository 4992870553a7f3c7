"""What an operator says about an account, and whether it can be so (20 §1.3, §1.4). Knows no HTTP."""

from dataclasses import dataclass, replace
from datetime import datetime

from ecm_site.refusals import ValuesRefused
from m3u_app.models import Account, AccountType
from m3u_app.providers.connections import CONNECTION_FIELDS, Connection, UnknownConnectionKind, kind_of
from tasks_app.mirror.state import is_connected

RESERVED_NAME = "custom"
"""The name of the account that holds typed-in streams on connected servers; hidden everywhere (20 §1.1)."""


LIMITS = {
    "max_streams": (0, 100_000),
    "refresh_interval": (0, 24 * 365),
    "stale_stream_days": (0, 3650),
    "priority": (0, 100),
    "shrink_guard_percent": (0, 100),
}
"""Smallest and largest value of each number; hours, days and percent where the names say so."""


class AccountRefused(ValuesRefused):
    """The account cannot be so."""


class AccountLocked(Exception):
    """Locked accounts cannot be refreshed, edited or deleted (20 §1.1), nor those that are about to go."""

    def __init__(self, account: Account) -> None:
        if account.deleting_since is not None:
            super().__init__(f"“{account.name}” is being deleted.")
        else:
            super().__init__(f"“{account.name}” is locked and cannot be changed here.")


@dataclass(frozen=True)
class AccountValues:
    """All that can be said about an account. ``None`` for a secret keeps the stored one; new accounts have none.

    ``refresh_interval`` counts hours (0 = by hand only), ``stale_stream_days`` days, ``shrink_guard_percent`` 0–100.
    ``upload_path`` is a file that was uploaded with these values; it replaces address and path.
    """

    name: str
    account_type: str = AccountType.STANDARD.value
    server_url: str | None = ""
    file_path: str = ""
    upload_path: str = ""
    username: str = ""
    password: str | None = ""
    user_agent: str = ""
    allow_private_addresses: bool = False
    max_streams: int = 0
    refresh_interval: int = 24
    stale_stream_days: int = 7
    priority: int = 0
    is_active: bool = True
    auto_enable_new_groups: bool = True
    favorites_group: bool = False
    shrink_guard_percent: int = 50
    exp_date: datetime | None = None


def settled(values: AccountValues, current: Account | None = None) -> AccountValues:
    """Return ``values`` with kept secrets filled in and the connection normalised.

    Raises :class:`AccountRefused` with a sentence per wrong field. Reads the database once (is the name free?).
    """
    errors: dict[str, str] = {}
    name = " ".join(values.name.split())
    problem = name_problem(name, current)
    if problem:
        errors["name"] = problem
    try:
        kind = kind_of(values.account_type)
    except UnknownConnectionKind:
        raise AccountRefused(errors | {"account_type": "Choose what kind of provider this is."}) from None
    connection = connection_of(values, current)
    problems = kind.check(connection)
    if current is not None and connection.file_path == current.file_path and is_connected():
        problems.pop("file_path", None)  # the file is on the mirrored server, not here
    errors |= problems
    errors |= check_numbers(**{name: getattr(values, name) for name in LIMITS})
    if not values.user_agent.isprintable():
        errors["user_agent"] = "A line break or another control character cannot be part of this."
    if errors:
        raise AccountRefused(errors)
    return replace(
        values,
        name=name,
        server_url=connection.server_url,
        file_path=values.upload_path or connection.file_path,
        username=connection.username,
        password=connection.password,
    )


def connection_of(values: AccountValues, current: Account | None) -> Connection:
    """The connection as typed, with what the operator left as it is taken from ``current``.

    A stored secret is only kept while the type stays the same: a playlist address is no Xtream server.
    """
    stored = current if current is not None and current.account_type == values.account_type else None
    server_url = values.server_url
    if server_url is None:
        server_url = stored.server_url if stored else ""
    password = values.password
    if password is None:
        password = stored.password if stored else ""
    return Connection(
        server_url=server_url,
        file_path=values.file_path,
        username=values.username,
        password=password,
        has_upload=bool(values.upload_path),
    )


def name_problem(name: str, current: Account | None = None) -> str:
    """A sentence when ``name`` cannot be used, else nothing."""
    if not name:
        return "Give the account a name."
    if len(name) > 255:
        return "The name is longer than 255 characters. Shorten it."
    if name.lower() == RESERVED_NAME:
        return "The name “custom” is reserved. Choose another one."
    others = Account.objects.filter(name__iexact=name)
    if current is not None:
        others = others.exclude(pk=current.pk)
    return "Another account has this name. Choose another one." if others.exists() else ""


def connection_differs(account: Account, values: AccountValues) -> bool:
    """Whether settled ``values`` lead to other streams than what is stored (20 §1.5: asks "refresh now?")."""
    if account.account_type != values.account_type or account.favorites_group != values.favorites_group:
        return True
    return any(getattr(account, name) != getattr(values, name) for name in CONNECTION_FIELDS)


def check_numbers(**values: int) -> dict[str, str]:
    """A sentence for each of the named numbers that is out of range."""
    return {
        name: f"Give a whole number from {LIMITS[name][0]:,} to {LIMITS[name][1]:,}."
        for name, value in values.items()
        if not LIMITS[name][0] <= value <= LIMITS[name][1]
    }
