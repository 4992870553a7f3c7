"""Accounts and logins that are about to expire, or have (20 §1.5): looked at every minute, told once per date.

The bell keeps one notice per login while it is true: its days count down in place, it goes when the date moves out of reach
or is cleared, and when the account is switched off. "Expiring" and "expired" are two notices: deleting the first does not
hide the second. A notice that somebody deleted does not come back for the same date.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.urls import reverse

from ecm_site.wording import counted, shortened
from m3u_app.models import Account, AccountProfile
from tasks_app.alerts.events import AlertEvent
from tasks_app.alerts.raise_alert import raise_alert
from tasks_app.models import Notification, ToldOnce
from tasks_app.notifications.notify import notify_once
from tasks_app.notifications.store import touch
from tasks_app.ticks import register_due_check

EXPIRING = "m3u_expiring"
EXPIRED = "m3u_expired"
TOLD_BEFORE = timedelta(days=7)


@dataclass(frozen=True)
class Expiry:
    """One login with a date that is near or past."""

    account_id: int
    profile_id: int | None
    name: str
    at: datetime
    now: datetime

    @property
    def source(self) -> str:
        return EXPIRED if self.at <= self.now else EXPIRING

    @property
    def source_id(self) -> str:
        return f"{self.account_id}:{self.profile_id}" if self.profile_id else str(self.account_id)

    @property
    def key(self) -> str:
        """What was told: this login, this date, this stage."""
        return f"{self.source}:{self.source_id}:{self.at.astimezone(UTC):%Y-%m-%dT%H:%M}"

    @property
    def title(self) -> str:
        return f"“{shortened(self.name)}” has expired" if self.source == EXPIRED else f"“{shortened(self.name)}” expires soon"

    @property
    def sentence(self) -> str:
        date = f"{self.at.astimezone(UTC):%Y-%m-%d}"
        if self.source == EXPIRED:
            return f"It expired on {date}: its streams may stop playing. Renew it with the provider, or correct the date."
        return f"It expires {_in_days((self.at - self.now).days)}, on {date}."


def register() -> None:
    """Called when the app is ready."""
    register_due_check(look_for_expiries)


def look_for_expiries(now: datetime) -> None:
    """Tell what is new, bring what is known up to date, take back what is no longer true."""
    found = list(expiries(now))
    told = {(row.source, row.source_id): row for row in Notification.objects.filter(source__in=(EXPIRING, EXPIRED))}
    for expiry in found:
        known = told.pop((expiry.source, expiry.source_id), None)
        if known is None:
            _tell(expiry)
        elif known.message != expiry.sentence or known.title != expiry.title:
            touch(Notification.objects.filter(pk=known.pk), message=expiry.sentence, title=expiry.title)
    if told:
        Notification.objects.filter(pk__in=[row.pk for row in told.values()]).delete()
    _forget_marks({expiry.key for expiry in found})


def expiries(now: datetime) -> Iterator[Expiry]:
    """Every active account and login whose date lies within a week, or in the past. Two queries."""
    soon = now + TOLD_BEFORE
    accounts = Account.objects.filter(is_active=True, deleting_since=None)
    for pk, name, at in accounts.filter(exp_date__lte=soon).values_list("pk", "name", "exp_date"):
        if at is not None:
            yield Expiry(pk, None, name, at, now)
    profiles = AccountProfile.objects.filter(is_active=True, account__in=accounts, exp_date__lte=soon)
    for pk, account_id, account, name, at in profiles.values_list("pk", "account_id", "account__name", "name", "exp_date"):
        if at is not None:
            yield Expiry(account_id, pk, f"{shortened(account, 30)} – {name}", at, now)


def _tell(expiry: Expiry) -> None:
    kind = "error" if expiry.source == EXPIRED else "warning"
    told = notify_once(
        expiry.key,
        kind,
        expiry.sentence,
        title=expiry.title,
        source=expiry.source,
        source_id=expiry.source_id,
        action_label="Open account",
        action_url=reverse("m3u:account", args=[expiry.account_id]),
        expires_at=expiry.now + timedelta(days=365),  # it goes when it is no longer true, not by age
    )
    if told is not None:
        raise_alert(
            AlertEvent(
                severity=kind, title=expiry.title, message=expiry.sentence, source="m3u_expiry", entity_id=expiry.account_id
            )
        )


def _forget_marks(current: set[str]) -> None:
    marks = ToldOnce.objects.filter(key__startswith="m3u_expir")
    gone = [key for key in marks.values_list("key", flat=True) if key not in current]
    if gone:
        ToldOnce.objects.filter(key__in=gone).delete()


def _in_days(days: int) -> str:
    return "today" if days == 0 else f"in {counted(days, 'day')}"
