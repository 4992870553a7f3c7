"""What each kind of provider asks an operator for. A provider module registers its own; forms and pages only look here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from m3u_app.models import Account

CONNECTION_FIELDS = ("server_url", "file_path", "username", "password")
"""The columns that say where the streams come from; changing one of them calls for a refresh (20 §1.5)."""


@dataclass
class Connection:
    """The connection part of an account while it is typed in. ``check`` functions may rewrite it (normalise)."""

    server_url: str = ""
    file_path: str = ""
    username: str = ""
    password: str = ""
    has_upload: bool = False


Errors = dict[str, str]


@dataclass(frozen=True)
class ConnectionKind:
    """One kind of provider as forms and lists show it.

    ``fields`` are the boxes that apply; ``labels``, ``hints`` and ``placeholders`` word them. ``check`` normalises a
    connection in place and returns one sentence per field that is wrong. ``guides`` names guide addresses that come with
    the account, credentials included. ``order`` sorts lists (20 §1.1).
    """

    account_type: str
    label: str
    badge: str
    order: int
    fields: tuple[str, ...]
    check: Callable[[Connection], Errors]
    labels: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)
    placeholders: Mapping[str, str] = field(default_factory=dict)
    guides: Callable[[Account], list[str]] = lambda account: []


class UnknownConnectionKind(LookupError):
    """No provider of this type is known."""


_kinds: dict[str, ConnectionKind] = {}


def register_connection(kind: ConnectionKind) -> None:
    """Make a kind of provider known to forms and lists."""
    _kinds[kind.account_type] = kind


def connection_kinds() -> list[ConnectionKind]:
    """All kinds in the order in which they are offered and listed."""
    return sorted(_kinds.values(), key=lambda kind: (kind.order, kind.label))


def kind_of(account_type: str) -> ConnectionKind:
    """The kind behind a stored type; raises :class:`UnknownConnectionKind`."""
    try:
        return _kinds[account_type]
    except KeyError:
        raise UnknownConnectionKind(f"There is no provider of type {account_type!r}.") from None
