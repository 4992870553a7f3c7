"""Other logins and hosts of one provider: how a profile rewrites a stream's address (20 §6)."""

from functools import lru_cache
from typing import NamedTuple

from ecm_site.regex import Pattern, PatternRefused, Replacement, compile_pattern, compile_replacement
from m3u_app.models import Account, AccountProfile

NO_MATCH = "no match"
BROKEN = "the pattern cannot be used"


class Rewritten(NamedTuple):
    """An address after rewriting. ``note`` says why it stayed as it was; empty when that is as it should be."""

    url: str
    note: str = ""


def rewrite(stream_url: str, profile: AccountProfile) -> Rewritten:
    """The address under which ``profile`` plays a stream. Never raises.

    The default profile and an empty search pattern leave addresses alone; so do no match and an unusable pattern, with a
    note that says so.
    """
    if profile.is_default or not profile.search_pattern:
        return Rewritten(stream_url)
    return rewrite_with(stream_url, profile.search_pattern, profile.replace_pattern)


def rewrite_with(stream_url: str, search: str, replace: str) -> Rewritten:
    """As :func:`rewrite` for patterns that are not stored yet."""
    try:
        pattern, replacement = compiled(search, replace)
    except PatternRefused:
        return Rewritten(stream_url, BROKEN)
    changed = pattern.replace(stream_url, replacement)
    return Rewritten(stream_url, NO_MATCH) if changed is None else Rewritten(changed)


def compiled(search: str, replace: str) -> tuple[Pattern, Replacement]:
    """Both patterns ready for use. Raises ``PatternRefused`` with a sentence."""
    pattern, replacement = _remembered(search, replace)
    # A pattern that can be slow counts its time: what one use cost must not end it for all later ones.
    return (pattern, replacement) if pattern.is_linear else _compiled(search, replace)


def _compiled(search: str, replace: str) -> tuple[Pattern, Replacement]:
    pattern = compile_pattern(search, max_length=AccountProfile.PATTERN_LIMIT)
    return pattern, compile_replacement(replace, pattern)


_remembered = lru_cache(maxsize=64)(_compiled)


def default_profile(account: Account) -> AccountProfile:
    """The profile that stands for the account itself; unsaved when nobody gave it a name or notes yet."""
    stored = account.profiles.filter(is_default=True).first()
    return stored or AccountProfile(account=account, name=default_name(account), is_default=True)


def default_name(account: Account) -> str:
    return f"{account.name} Default"[:255]


def capacity(account: Account) -> int:
    """How many streams the account's active profiles play at a time together; 0 = unlimited (20 §6)."""
    default = account.profiles.filter(is_default=True).values_list("is_active", flat=True).first()
    limits = list(account.profiles.filter(is_active=True, is_default=False).values_list("max_streams", flat=True))
    if default is not False:
        limits.append(account.max_streams)
    return 0 if 0 in limits else sum(limits)
