"""Hands guide addresses that come with a playlist to whoever keeps guides (20 §3.2).

Guides live on a higher floor, which registers here how to take one. The address may carry a login, so it is passed in
memory and never through an address or a page.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ecm_site.masking import mask_text
from m3u_app.models import Account
from m3u_app.providers.connections import UnknownConnectionKind, kind_of


@dataclass(frozen=True)
class GuideTaken:
    """What became of an offered guide: the page to go on with, and a sentence for the operator."""

    url: str
    message: str


GuideTaker = Callable[[str, str], GuideTaken]
"""Gets (name, address) and makes a guide source of it. Raises ``GuideRefused``."""


class GuideRefused(Exception):
    """The guide cannot be taken, for instance because it is there already; the message says so."""


_takers: list[GuideTaker] = []


def register_guide_taker(taker: GuideTaker) -> None:
    """The app that keeps guides calls this when it starts."""
    _takers[:] = [taker]


def can_take_guides() -> bool:
    return bool(_takers)


def offered_guides(account: Account) -> list[str]:
    """Guide addresses that come with the account, credentials included: for use, not for display."""
    try:
        return kind_of(account.account_type).guides(account)
    except UnknownConnectionKind:
        return []


def shown_guides(account: Account) -> list[str]:
    """The same addresses, masked, in the same order."""
    return [mask_text(address) for address in offered_guides(account)]


def take_guide(account: Account, position: int) -> GuideTaken:
    """Make a guide source of the offer at ``position``. Raises :class:`GuideRefused`."""
    offers = offered_guides(account)
    if not _takers:
        raise GuideRefused("Guides cannot be added here.")
    if not 0 <= position < len(offers):
        raise GuideRefused("The account no longer offers this guide. Refresh it and look again.")
    name = account.name if len(offers) == 1 else f"{account.name} {position + 1}"
    return _takers[0](name, offers[position])
