"""Use case: sign in to ECM with an account of the Dispatcharr server (50 U-17, U-18)."""

import logging
from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from ecm_site import sign_in_limits
from ecm_site.conf import get_settings
from ecm_site.dispatcharr.people import WRONG, Person, PersonRefused, who_is
from ecm_site.identities.new_user import create_user_for, follow_level, refresh_user
from ecm_site.identities.providers import DISPATCHARR
from ecm_site.models import ExternalIdentity, Outcome, SignInAttempt
from tasks_app import journal

logger = logging.getLogger(__name__)

LONGEST_PASSWORD = 256
ASK = "Dispatcharr knows you, but ECM does not. Ask an administrator of ECM to let you in."
OTHER_PERSON = (
    "Dispatcharr knows you under another name than before, and it is another server than before. Ask an administrator of ECM."
)
LINK_AGAIN = (
    "The server, or your name there, is another than at your last sign-in. Sign in with your ECM password, then link the"
    " account again under Settings → Linked Accounts."
)

Verify = Callable[[str, str, str], Person]


def sign_in_with_dispatcharr(name: str, password: str, address: str, *, verify: Verify = who_is) -> User:
    """The user for whom the server of the settings vouches. New people get a user, if the settings allow it, whose
    role follows their level on the server.

    Raises :class:`~ecm_site.sign_in_limits.TooManyAttempts` and :class:`PersonRefused`; a disabled user reads the same as a
    wrong password. Attempts are counted and journalled as those with a local password, under a name of their own.
    """
    attempt = begin(name, address)
    try:
        person = vouched_for(attempt, name, password, verify)
        user, is_new = _user_of(person)
    except PersonRefused as refusal:
        record_failure(name, refusal, attempt)
        raise
    sign_in_limits.mark_passed(attempt)
    logger.info("[AUTH] Signed in user id=%s with Dispatcharr from %s", user.pk, address)
    with journal.acting_as(journal.Actor(user.pk, user.get_username())):
        if not is_new:
            refresh_user(user, person)
            follow_level(user, person)
        journal.log_entry(
            "auth",
            "login",
            entity_type="user",
            entity_id=user.pk,
            entity_name=user.get_username(),
            description=f"Signed in with Dispatcharr from {address or 'an unknown address'}",
        )
    return user


def begin(name: str, address: str) -> SignInAttempt:
    """Count an attempt. Another server's names are counted apart: failures there lock nobody out here."""
    return sign_in_limits.begin_attempt(name, address, provider=DISPATCHARR)


def vouched_for(attempt: SignInAttempt, name: str, password: str, verify: Verify) -> Person:
    """Ask the server, unless the name has to wait or the password cannot be one. Raises :class:`PersonRefused`."""
    if attempt.outcome == Outcome.REFUSED:
        raise PersonRefused(401, WRONG, why="the name has to wait")
    if len(password) > LONGEST_PASSWORD:
        raise PersonRefused(401, WRONG, why="password too long")
    return verify(get_settings().dispatcharr_url, name.strip(), password)


def _user_of(person: Person) -> tuple[User, bool]:
    """The user of a person and whether it was made just now. Two first sign-ins at once make one user: transactions wait
    for each other."""
    with transaction.atomic():
        known = (
            ExternalIdentity.objects.select_related("user").filter(provider=DISPATCHARR, external_id=person.external_id).first()
        )
        if known is None:
            if not get_settings().dispatcharr_create_users:
                raise PersonRefused(403, ASK, why="unknown here, and no users are made")
            user = create_user_for(person)
            ExternalIdentity.objects.create(
                user=user,
                provider=DISPATCHARR,
                external_id=person.external_id,
                last_used_at=timezone.now(),
                **_as_known(person),
            )
            return user, True
        if not known.user.is_active:
            raise PersonRefused(401, WRONG, why="disabled")
        if _may_do_all(known.user) and not _as_last_time(known, person):
            raise PersonRefused(403, LINK_AGAIN, why="an administrator, and the server or the name there is another")
        if known.server != person.server and known.name.casefold() != person.username.casefold():
            # Ids begin at 1 on every server: after a change of servers they belong to other people.
            raise PersonRefused(403, OTHER_PERSON, why="the same id, but another name on another server")
        ExternalIdentity.objects.filter(pk=known.pk).update(last_used_at=timezone.now(), **_as_known(person))
        return known.user, False


def _may_do_all(user: User) -> bool:
    """An administrator who has another way in: whoever sets up a server must not become one by choosing an id."""
    return bool(user.is_staff and user.has_usable_password())


def _as_last_time(known: ExternalIdentity, person: Person) -> bool:
    return known.server == person.server and known.name.casefold() == person.username.casefold()


def _as_known(person: Person) -> dict[str, str]:
    return {"name": person.username, "server": person.server}


def record_failure(name: str, refusal: PersonRefused, attempt: SignInAttempt) -> None:
    """Log and journal a no, once per name and address; unknown names may be passwords in the wrong field and stay unsaid.

    A server that does not answer, or asks to wait, says nothing about the name: that is no failure of it.
    """
    if refusal.status in (429, 503):
        SignInAttempt.objects.filter(pk=attempt.pk).update(outcome=Outcome.REFUSED)
    known = ExternalIdentity.objects.select_related("user").filter(provider=DISPATCHARR, name__iexact=name.strip()).first()
    shown = known.user.username if known else "(unknown name)"
    logger.warning("[AUTH] Sign-in with Dispatcharr failed name=%s reason=%s address=%s", shown, refusal.why, attempt.address)
    if not sign_in_limits.is_first_of_its_kind(attempt):
        return
    where = attempt.address or "an unknown address"
    with journal.acting_as(journal.Actor(user_initiated=True)):
        journal.log_entry(
            "auth",
            "login_failed",
            entity_type="user",
            entity_id=known.user_id if known else None,
            entity_name=shown,
            description=f"Sign-in with Dispatcharr as {shown} failed from {where}: {refusal.why}",
        )
