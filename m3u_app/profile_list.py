"""What the page of an account's profiles reads, and what a profile does to the account's addresses (20 §6)."""

from collections.abc import Iterable
from dataclasses import dataclass

from ecm_site.conf import get_settings
from ecm_site.masking import mask_text
from m3u_app.account_profiles import NO_MATCH, Rewritten, capacity, default_profile, rewrite, rewrite_with
from m3u_app.expiry_words import ExpiryWords, expiry_words
from m3u_app.models import Account, AccountProfile, Stream
from m3u_app.providers.loose_values import count_of, text_of

SAMPLES = 2000
"""Streams whose addresses a preview looks at: the newest would do, yet one odd group must not decide alone."""


@dataclass(frozen=True)
class Effect:
    """What rewriting does to the account's addresses. ``before`` and ``after`` are one of them, masked;
    empty when the settings hide stream addresses (50 P-4)."""

    total: int = 0
    matched: int = 0
    before: str = ""
    after: str = ""
    note: str = ""
    changes_login: bool = False
    """The address changes in a part that is not shown."""


@dataclass(frozen=True)
class ProfileRow:
    profile: AccountProfile
    effect: Effect | None

    @property
    def expiry(self) -> ExpiryWords | None:
        return expiry_words(self.profile.exp_date)

    @property
    def said(self) -> str:
        """What the provider said about this login: "Active, 1 of 3 connections in use"."""
        info = self.profile.provider_info if isinstance(self.profile.provider_info, dict) else {}
        parts = [mask_text(text_of(info.get("status"))), "trial" if info.get("is_trial") else ""]
        allowed = info.get("max_connections")
        if isinstance(allowed, int):
            parts.append(f"{count_of(info.get('active_connections')):,} of {allowed:,} connections in use")
        return ", ".join(filter(None, parts))

    @property
    def problem(self) -> str:
        """Why the provider could not be asked about this login."""
        info = self.profile.provider_info if isinstance(self.profile.provider_info, dict) else {}
        return mask_text(text_of(info.get("error")))


@dataclass(frozen=True)
class ProfilePage:
    """``capacity`` counts streams at a time over all active profiles; 0 = unlimited."""

    rows: list[ProfileRow]
    capacity: int


def profile_page(account: Account) -> ProfilePage:
    """The default profile and the others, each with what it does to a few addresses. Four queries."""
    default = default_profile(account)
    others = list(account.profiles.filter(is_default=False).order_by("name"))
    urls = sample_urls(account, limit=20) if others else []
    rows = [ProfileRow(default, None)]
    rows += [ProfileRow(profile, effect_on(urls, (rewrite(url, profile) for url in urls))) for profile in others]
    return ProfilePage(rows, capacity(account))


def preview_effect(account: Account, search: str, replace: str) -> Effect:
    """What patterns would do that are not stored yet. Raises nothing: an unusable pattern is in the note."""
    urls = sample_urls(account, limit=SAMPLES)
    return effect_on(urls, (rewrite_with(url, search, replace) for url in urls))


def sample_urls(account: Account, *, limit: int) -> list[str]:
    """Addresses of the account's streams, logins included: for use, not for display."""
    return list(Stream.objects.filter(account_id=account.pk).order_by("pk").values_list("url", flat=True)[:limit])


def effect_on(urls: list[str], rewritten: Iterable[Rewritten]) -> Effect:
    """Sum up what rewriting made of ``urls``."""
    pairs = list(zip(urls, rewritten, strict=True))
    if not pairs:
        return Effect()
    matched = [pair for pair in pairs if not pair[1].note]
    before, (after, note) = matched[0] if matched else pairs[0]
    shown_before, shown_after = mask_text(before), mask_text(after)
    may_show = get_settings().show_stream_urls
    return Effect(
        total=len(pairs),
        matched=len(matched),
        before=shown_before if may_show else "",
        after=shown_after if may_show else "",
        note=note if note != NO_MATCH else "no address matches",
        changes_login=before != after and shown_before == shown_after,
    )
