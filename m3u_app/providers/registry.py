"""Every kind of provider, found by its account type. A new kind is one module of its own that registers itself here."""

import logging
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from m3u_app.entries import EntrySource, ProviderError
from m3u_app.models import Account
from tasks_app.progress import Progress

__all__ = [
    "AsksAfterwards",
    "KeepsCopy",
    "Provider",
    "ProviderError",
    "TestReport",
    "after_refresh",
    "has_copy",
    "provider_for",
    "register_provider",
    "reopen",
]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TestReport:
    """What "Test" found, before anything is saved (20 §1.4)."""

    __test__ = False  # not a test class, whatever pytest thinks

    ok: bool
    message: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    """(label, value) pairs worth showing: entries found so far, expiry, connections, tuners."""


class Provider(Protocol):
    """One kind of provider. Stateless; the account may be unsaved (``test``).

    All network traffic goes through ``ecm_site.http``. Both methods raise :class:`ProviderError` and nothing else for
    anything that is the provider's fault, and ``tasks_app.progress.Cancelled`` when the operator stops.
    """

    account_type: str

    def test(self, account: Account) -> TestReport:
        """Look at the source for a moment: the first 64 KB of a playlist, or one login. Writes nothing."""

    def fetch(self, account: Account, progress: Progress) -> EntrySource:
        """Get everything that is needed for one refresh (download, log in), ready to be read."""


@runtime_checkable
class KeepsCopy(Protocol):
    """A provider that can read its last good source again without asking anybody."""

    def reopen(self, account: Account) -> EntrySource | None:
        """Open what the last good refresh read; None when nothing was kept. Raises :class:`ProviderError`."""

    def has_copy(self, account: Account) -> bool:
        """Whether :meth:`reopen` would find something."""


@runtime_checkable
class AsksAfterwards(Protocol):
    """A provider that has more to ask once a refresh is done."""

    def after_refresh(self, account: Account, progress: Progress) -> None:
        """Ask; must not raise, for the refresh succeeded already."""


_providers: dict[str, Provider] = {}


def register_provider(provider: Provider) -> None:
    """Make a kind of provider known; modules do it when ``m3u_app.providers`` is imported."""
    _providers[provider.account_type] = provider


def provider_for(account_type: str) -> Provider:
    """Return the provider of an account type; raises :class:`ProviderError` for an unknown one."""
    try:
        return _providers[account_type]
    except KeyError:
        raise ProviderError(f"There is no provider of type {account_type!r}.") from None


def reopen(account: Account) -> EntrySource | None:
    """The last good source of an account, to be read again; None when there is none. Raises :class:`ProviderError`."""
    provider = provider_for(account.account_type)
    return provider.reopen(account) if isinstance(provider, KeepsCopy) else None


def has_copy(account: Account) -> bool:
    """Whether changed filters can be applied to an account without a download."""
    try:
        provider = provider_for(account.account_type)
    except ProviderError:
        return False
    return isinstance(provider, KeepsCopy) and provider.has_copy(account)


def after_refresh(account: Account, progress: Progress) -> None:
    """Let the provider ask what it asks after a refresh. Never raises."""
    try:
        provider = provider_for(account.account_type)
        if isinstance(provider, AsksAfterwards):
            provider.after_refresh(account, progress)
    except Exception:  # the refresh's result stands, whatever happens here (20 §2.2 step 10)
        logger.exception("[M3U] Account id=%s: asking after the refresh failed", account.pk)
