"""Use cases: link one's user with an account of Dispatcharr or with a password, and take that back (50 U-19)."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.utils import timezone

from ecm_site import sign_in_limits
from ecm_site.dispatcharr.people import PersonRefused, who_is
from ecm_site.identities.providers import DISPATCHARR, LOCAL, WORDS, is_open
from ecm_site.identities.sign_in_with import Verify, begin, record_failure, vouched_for
from ecm_site.models import ExternalIdentity
from ecm_site.set_password import set_password
from tasks_app import journal

logger = logging.getLogger(__name__)


class LinkRefused(Exception):
    """``str()`` says why, ``status`` is the HTTP status of the chapter."""

    def __init__(self, status: int, sentence: str, *, retry_after: int = 0) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True)
class Way:
    """One way to sign in, as the page lists it."""

    provider: str
    label: str
    is_linked: bool
    is_open: bool
    is_last: bool
    name: str = ""
    linked_at: datetime | None = None
    last_used_at: datetime | None = None


def ways_of(user: User) -> list[Way]:
    """The ways of ``user`` to sign in: linked ones, and those that could be."""
    identities = {identity.provider: identity for identity in ExternalIdentity.objects.filter(user=user)}
    found = []
    for provider, label in WORDS.items():
        identity = identities.get(provider)
        linked = user.has_usable_password() if provider == LOCAL else identity is not None
        if not linked and not is_open(provider):
            continue
        others = _usable(user, identities.keys()) - {provider}
        found.append(
            Way(
                provider,
                label,
                linked,
                is_open(provider),
                is_last=linked and not others,
                name=identity.name if identity else "",
                linked_at=identity.linked_at if identity else None,
                last_used_at=identity.last_used_at if identity else None,
            )
        )
    return found


def link_dispatcharr(user: User, name: str, password: str, address: str, *, verify: Verify = who_is) -> ExternalIdentity:
    """Link ``user`` with the account that these credentials prove.

    Raises :class:`LinkRefused` (404 closed, 409 linked already or somebody else's), :class:`PersonRefused` and
    :class:`~ecm_site.sign_in_limits.TooManyAttempts`.
    """
    if not is_open(DISPATCHARR):
        raise LinkRefused(404, "Signing in with Dispatcharr is switched off.")
    if ExternalIdentity.objects.filter(user=user, provider=DISPATCHARR).exists():
        raise LinkRefused(409, "Your user is linked with Dispatcharr already. Unlink it first.")
    attempt = begin(name, address)
    try:
        person = vouched_for(attempt, name, password, verify)
    except PersonRefused as refusal:
        record_failure(name, refusal, attempt)
        raise
    sign_in_limits.mark_passed(attempt)
    try:
        with transaction.atomic():
            identity = ExternalIdentity.objects.create(
                user=user, provider=DISPATCHARR, external_id=person.external_id, name=person.username, server=person.server
            )
            _journal(user, "link", f"Linked {user.username} with {person.username} of Dispatcharr")
    except IntegrityError as error:
        raise LinkRefused(409, "This account of Dispatcharr belongs to another user of ECM.") from error
    logger.info("[AUTH] Linked user id=%s with Dispatcharr", user.pk)
    return identity


def link_password(user: User, password: str) -> None:
    """Give a user who has none a password of ECM. Raises :class:`LinkRefused` (409) and ``ValidationError`` (U-12)."""
    if user.has_usable_password():
        raise LinkRefused(409, "You have a password of ECM already. Change it instead.")
    set_password(user, password)


def unlink(user: User, provider: str, *, keep_session: str = "") -> None:
    """Take a way to sign in away; all other browsers of the user are signed out.

    Raises :class:`LinkRefused`: 400 for the last way that still works, 404 for one that is not linked.
    """
    if provider not in WORDS:
        raise LinkRefused(400, "There is no such way to sign in.")
    with transaction.atomic():
        identities = set(ExternalIdentity.objects.filter(user=user).values_list("provider", flat=True))
        linked = user.has_usable_password() if provider == LOCAL else provider in identities
        if not linked:
            raise LinkRefused(404, f"{WORDS[provider]} is not linked.")
        if not _usable(user, identities) - {provider}:
            raise LinkRefused(400, "This is the only way in which you can sign in. Link another one first.")
        if provider == LOCAL:
            user.password = make_password(None)
            user.save(update_fields=["password"])
        else:
            ExternalIdentity.objects.filter(user=user, provider=provider).delete()
        _journal(user, "unlink", f"{WORDS[provider]} no longer signs {user.username} in")
    _sign_out_elsewhere(user, keep_session)
    logger.info("[AUTH] Unlinked user id=%s from %s", user.pk, provider)


def _usable(user: User, identities: Iterable[str]) -> set[str]:
    """Ways that work now: one whose provider is switched off lets nobody in."""
    ways = {provider for provider in identities if is_open(provider)}
    return ways | {LOCAL} if user.has_usable_password() else ways


def _journal(user: User, action: str, description: str) -> None:
    journal.log_entry("user", action, entity_type="user", entity_id=user.pk, entity_name=user.username, description=description)


def _sign_out_elsewhere(user: User, keep_session: str) -> None:
    for session in Session.objects.filter(expire_date__gte=timezone.now()).exclude(session_key=keep_session):
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
