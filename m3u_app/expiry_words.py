"""How close a subscription's end is, for pages (20 §1.6). The notices under the bell are in ``expiry_notices``."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from ecm_site.wording import counted
from m3u_app.expiry_notices import TOLD_BEFORE


@dataclass(frozen=True)
class ExpiryWords:
    """``words``: "expires today", "expires in 3 days", "expired on 2026-11-20"."""

    is_over: bool
    words: str


def expiry_words(date: datetime | None, now: datetime | None = None) -> ExpiryWords | None:
    """What to say about an expiry date; None while there is nothing to say (20 §25.2 #46)."""
    if date is None:
        return None
    left = date - (now or timezone.now())
    if left <= timedelta():
        return ExpiryWords(is_over=True, words=f"expired on {date:%Y-%m-%d}")
    if left > TOLD_BEFORE:
        return None
    return ExpiryWords(is_over=False, words=f"expires in {counted(left.days, 'day')}" if left.days else "expires today")
