"""Asks the panel about the other logins of an account: until when they are paid, how many streams they play (20 §1.6)."""

import logging
import time
from typing import Any
from urllib.parse import unquote

from ecm_site.http import FetchPolicy
from ecm_site.masking import MASK
from m3u_app.account_profiles import rewrite
from m3u_app.models import Account, AccountProfile, AccountType
from m3u_app.providers.registry import ProviderError
from m3u_app.providers.xtream.address import AddressUnusable, normalise_base, stream_url
from m3u_app.providers.xtream.client import Panel, log_in
from m3u_app.providers.xtream.mapping import account_facts
from tasks_app.progress import Cancelled, Progress

logger = logging.getLogger(__name__)

PAUSE = 2.5
"""Seconds before each login: logging in with one after the other gets accounts banned (20 §24 trap 13)."""
_TIMEOUT = 20.0
_TOTAL = 45.0
_SAMPLE = "1234"


def update_profile_logins(account: Account, progress: Progress, *, pause: float | None = None) -> int:
    """Log in once per active profile and store what the panel says about it; returns how many answered.

    Never raises: a failure is stored on the profile and logged, and the refresh that came before it stays a success.
    """
    if account.account_type != AccountType.XTREAM:
        return 0
    answered = 0
    for profile in account.profiles.filter(is_active=True, is_default=False).order_by("pk"):
        login = rewritten_login(account, profile)
        if login is None:
            continue  # the page says already that the profile changes nothing
        try:
            progress.report(phase="Asking about other logins")
            _wait(PAUSE if pause is None else pause, progress)
            changes: dict[str, Any] = _ask(account, *login, progress)
        except Cancelled:
            return answered
        except ProviderError as error:
            logger.warning("[M3U] A login of account id=%s could not be asked about: profile id=%s", account.pk, profile.pk)
            changes = {"provider_info": {"error": _without(str(error), login)}}
        else:
            answered += 1
            if changes["exp_date"] is None:
                del changes["exp_date"]  # the panel names none; one that was typed by hand stays
        AccountProfile.objects.filter(pk=profile.pk).update(**changes)
    return answered


def rewritten_login(account: Account, profile: AccountProfile) -> tuple[str, str, str] | None:
    """Base address, user name and password that a profile makes of the account's own; None when it changes nothing.

    An address is rewritten as a stream's would be, and the login read back from its last three parts.
    """
    try:
        before = stream_url(normalise_base(account.server_url), account.username, account.password, _SAMPLE)
    except AddressUnusable:
        return None
    after = rewrite(before, profile).url
    parts = after.rsplit("/", 3)
    if after == before or len(parts) != 4 or not parts[0].endswith("/live"):
        return None
    return parts[0].removesuffix("/live"), unquote(parts[1]), unquote(parts[2])


def _ask(account: Account, base: str, username: str, password: str, progress: Progress) -> dict[str, Any]:
    policy = FetchPolicy(
        user_agent=account.user_agent,
        allow_private=account.allow_private_addresses,
        connect_timeout=10,
        read_timeout=_TIMEOUT,
        total_timeout=_TOTAL,
    )
    panel = Panel(base, username, password, policy, retries=0)
    return account_facts(log_in(panel, should_stop=progress.raise_if_cancelled))


def _wait(seconds: float, progress: Progress) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        progress.raise_if_cancelled()
        time.sleep(min(left, 0.25))


def _without(text: str, login: tuple[str, str, str]) -> str:
    """A panel may repeat the login in its error text."""
    for secret in login[1:]:
        if len(secret) >= 4:
            text = text.replace(secret, MASK)
    return text[:500]
