"""What a caller allows one fetch to do, and what it gets back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from ecm_site.conf import get_settings
from ecm_site.version import VERSION

PRODUCT_USER_AGENT = f"ECM/{VERSION}"
MEGABYTE = 1_048_576


@dataclass(frozen=True, repr=False)
class FetchPolicy:
    """Limits and manners of one fetch. Times are seconds, sizes bytes.

    ``allow_private`` lets a redirect lead from the internet into the local network; a private address that was typed in
    is always fine. ``allow_own_server`` is for checking how we look from outside. ``auth`` is (user, password) for basic
    authentication; ``user:password@`` in the address does the same. ``headers`` and ``auth`` are not sent to another host
    after a redirect. ``max_bytes`` bounds the body before and after decoding; None = the setting ``fetch_max_megabytes``.
    ``max_ratio`` bounds how much a Content-Encoding may expand. ``total_timeout`` ends even a server that always sends a
    little; None = no end.
    """

    user_agent: str = ""
    allow_private: bool = False
    allow_own_server: bool = False
    private_hosts: frozenset[str] | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    auth: tuple[str, str] | None = None
    connect_timeout: float = 30
    read_timeout: float = 60
    max_bytes: int | None = None
    max_redirects: int = 5
    max_ratio: int = 200
    total_timeout: float | None = None
    verify_tls: bool = True

    def __repr__(self) -> str:
        return f"FetchPolicy(user_agent={self.user_agent!r}, allow_private={self.allow_private})"  # never the secrets

    @property
    def byte_limit(self) -> int:
        return get_settings().fetch_max_megabytes * MEGABYTE if self.max_bytes is None else self.max_bytes

    @property
    def agent(self) -> str:
        return self.user_agent or PRODUCT_USER_AGENT


@dataclass(frozen=True)
class Download:
    """A finished download. With ``not_modified`` the file at ``path`` is the old one, untouched.

    ``size`` is that of the file. ``final_url`` is the address after redirects, masked.
    """

    path: Path
    size: int
    status: int
    content_type: str
    charset: str
    etag: str
    last_modified: str
    not_modified: bool
    content_encoding: str
    final_url: str


@dataclass(frozen=True)
class HeadBytes:
    """The start of an answer. ``total`` is what the server announces, 0 if it does not; ``complete`` = that was all."""

    data: bytes
    status: int
    content_type: str
    charset: str
    total: int
    complete: bool
    final_url: str
