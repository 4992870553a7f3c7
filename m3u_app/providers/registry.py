"""Every kind of provider, found by its account type. A new kind is one module of its own that registers itself here."""

from dataclasses import dataclass, field
from typing import Protocol

from m3u_app.entries import EntrySource, ProviderError
from m3u_app.models import Account
from tasks_app.progress import Progress

__all__ = ["Provider", "ProviderError", "TestReport", "provider_for", "register_provider"]


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
