"""Slows down guessing of passwords (50 U-10): per address, and per name from wherever.

Names are counted whether they exist or not, so that waiting tells nobody which names do.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Min
from django.utils import timezone

from ecm_site.models import Outcome, SignInAttempt

ADDRESS_ATTEMPTS = 5
ADDRESS_WINDOW = timedelta(minutes=1)
NAME_FAILURES = 10
NAME_WINDOW = timedelta(minutes=15)
NAME_WAIT = timedelta(minutes=15)
ELSEWHERE_FAILURES = 3  # of one address at another server, whose few sign-ins a minute are everybody's …
ELSEWHERE_PAUSE = timedelta(minutes=5)  # … within NAME_WINDOW; from then on it gets one attempt in this time
SHOWN = 50  # an attack may try thousands of names; a page shows the latest
KEPT = NAME_WINDOW + NAME_WAIT  # older rows cannot change any answer


class TooManyAttempts(Exception):
    """This address tried too often. ``retry_after`` is the number of seconds to wait."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many sign-in attempts. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


def begin_attempt(name: str, address: str, *, provider: str = "") -> SignInAttempt:
    """Count an attempt before the password is checked, so that guesses sent at the same time count too.

    ``provider``: another server that checks the password, "" for our own. Its names are counted apart: failures there lock
    nobody out here, nor the other way round. Its sign-ins are few and shared, so an address that keeps failing there gets
    fewer.
    The returned attempt has outcome REFUSED while the name has to wait: then the password must not be looked at.
    Raises :class:`TooManyAttempts`; such an attempt is not counted again.
    """
    now = timezone.now()
    name = counted_as(name, provider)
    with transaction.atomic():
        SignInAttempt.objects.filter(at__lt=now - KEPT).delete()
        if settings.RATE_LIMIT_ENABLED:
            _check_address(address, now)
            if provider:
                _check_elsewhere(provider, address, now)
        waits = bool(settings.RATE_LIMIT_ENABLED) and _name_waits(name, now)
        outcome = Outcome.REFUSED if waits else Outcome.FAILED
        return SignInAttempt.objects.create(at=now, name=name, address=address, outcome=outcome)


def counted_as(name: str, provider: str = "") -> str:
    """Under which name attempts are counted. What is typed here cannot be counted as a name of another server's."""
    plain = name.strip().lower()
    if provider:
        plain = f"{provider}: {plain}"
    elif ": " in plain:
        plain = f"here: {plain}"  # no name of ours has a colon
    return plain[:150]


def mark_passed(attempt: SignInAttempt) -> None:
    """The password was right: forget the failures of the name, keep counting the address."""
    with transaction.atomic():
        SignInAttempt.objects.filter(pk=attempt.pk).update(outcome=Outcome.PASSED)
        clear_failures(attempt.name)


def clear_failures(name: str) -> int:
    """Let a waiting name try again at once; returns how many failures were forgotten."""
    return SignInAttempt.objects.filter(name=name.strip().lower()[:150], outcome=Outcome.FAILED).delete()[0]


@dataclass(frozen=True)
class Waiting:
    """A name or an address that is refused unseen until ``until``. ``attempts`` are those that led to it."""

    who: str
    attempts: int
    until: datetime
    addresses: tuple[str, ...] = ()


def waiting_names(now: datetime | None = None) -> list[Waiting]:
    """Names that have to wait, with the addresses from which they were tried, longest wait first."""
    now = now or timezone.now()
    failed = SignInAttempt.objects.filter(outcome=Outcome.FAILED, at__gt=now - KEPT)
    many = failed.values("name").annotate(count=Count("id"), last=Max("at")).filter(count__gte=NAME_FAILURES)
    found = []
    for row in many.order_by("-last")[:SHOWN]:
        if _name_waits(row["name"], now):
            addresses = failed.filter(name=row["name"]).order_by("address").values_list("address", flat=True).distinct()
            found.append(Waiting(row["name"], row["count"], row["last"] + NAME_WAIT, tuple(addresses[:10])))
    return found


def waiting_addresses(now: datetime | None = None) -> list[Waiting]:
    """Addresses that used up their attempts of the last minute."""
    now = now or timezone.now()
    recent = SignInAttempt.objects.filter(at__gt=now - ADDRESS_WINDOW)
    many = recent.values("address").annotate(count=Count("id"), first=Min("at")).filter(count__gte=ADDRESS_ATTEMPTS)
    return [Waiting(row["address"], row["count"], row["first"] + ADDRESS_WINDOW) for row in many.order_by("-first")[:SHOWN]]


def is_first_of_its_kind(attempt: SignInAttempt) -> bool:
    """True when this name failed from this address for the first time in the window; more of the same is noise."""
    since = attempt.at - NAME_WINDOW
    earlier = SignInAttempt.objects.filter(name=attempt.name, address=attempt.address, at__gte=since, pk__lt=attempt.pk)
    return not earlier.exclude(outcome=Outcome.PASSED).exists()


def _check_address(address: str, now: datetime) -> None:
    recent = SignInAttempt.objects.filter(address=address, at__gt=now - ADDRESS_WINDOW).order_by("-at")
    times = list(recent.values_list("at", flat=True)[:ADDRESS_ATTEMPTS])
    if len(times) == ADDRESS_ATTEMPTS:
        free_at = times[-1] + ADDRESS_WINDOW
        raise TooManyAttempts(max(1, math.ceil((free_at - now).total_seconds())))


def _check_elsewhere(provider: str, address: str, now: datetime) -> None:
    failures = SignInAttempt.objects.filter(
        address=address, name__startswith=f"{provider}: ", outcome=Outcome.FAILED, at__gt=now - NAME_WINDOW
    ).order_by("-at")
    times = list(failures.values_list("at", flat=True)[:ELSEWHERE_FAILURES])
    if len(times) == ELSEWHERE_FAILURES and now < times[0] + ELSEWHERE_PAUSE:
        raise TooManyAttempts(max(1, math.ceil((times[0] + ELSEWHERE_PAUSE - now).total_seconds())))


def _name_waits(name: str, now: datetime) -> bool:
    failures = SignInAttempt.objects.filter(name=name, outcome=Outcome.FAILED).order_by("-at")
    times = list(failures.values_list("at", flat=True)[:NAME_FAILURES])
    if len(times) < NAME_FAILURES:
        return False
    return times[0] - times[-1] <= NAME_WINDOW and now < times[0] + NAME_WAIT
