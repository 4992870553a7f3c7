"""Use case: sign in with name and password (50 U-9, U-10)."""

import logging

from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User

from ecm_site import sign_in_limits
from ecm_site.models import Outcome, SignInAttempt
from tasks_app import journal

logger = logging.getLogger(__name__)

LONGEST_PASSWORD = 256  # 50 U-12; hashing megabytes would let anybody keep the server busy


def check_sign_in(name: str, password: str, address: str) -> User | None:
    """Return the user when name and password are right, None for any other reason, with similar timing for all of them.

    Raises :class:`ecm_site.sign_in_limits.TooManyAttempts`.
    """
    attempt = sign_in_limits.begin_attempt(name, address)
    user, reason = _verify(name, password, attempt)
    if user is None:
        _record_failure(name, reason, attempt)
        return None
    sign_in_limits.mark_passed(attempt)
    logger.info("[AUTH] Signed in user id=%s from %s", user.pk, address)
    with journal.acting_as(journal.Actor(user.pk, user.get_username())):
        journal.log_entry(
            "auth",
            "login",
            entity_type="user",
            entity_id=user.pk,
            entity_name=user.get_username(),
            description=f"Signed in from {address or 'an unknown address'}",
        )
    return user


def find_user(name: str) -> User | None:
    """Find by exact name, else by a different spelling of upper and lower case when that leaves one person."""
    name = name.strip()
    exact = User.objects.filter(username=name).first()
    if exact is not None:
        return exact
    similar = User.objects.filter(username__iexact=name)[:2]
    return similar[0] if len(similar) == 1 else None


def _verify(name: str, password: str, attempt: SignInAttempt) -> tuple[User | None, str]:
    known = find_user(name)
    if attempt.outcome == Outcome.REFUSED:
        make_password(password[:LONGEST_PASSWORD])  # takes as long as checking one
        return None, "the name has to wait"
    if len(password) > LONGEST_PASSWORD:
        return None, "password too long"
    username = known.username if known else name.strip()
    user = authenticate(username=username, password=password)  # spends the time of a check for unknown names too
    if isinstance(user, User):
        return user, ""
    if known is None:
        return None, "unknown name"
    return None, "wrong password" if known.is_active else "disabled"


def _record_failure(name: str, reason: str, attempt: SignInAttempt) -> None:
    known = find_user(name)
    # What was typed as an unknown name may be a password in the wrong field: it is written nowhere.
    shown = known.username if known else "(unknown name)"
    logger.warning("[AUTH] Sign-in failed name=%s reason=%s address=%s", shown, reason, attempt.address)
    if sign_in_limits.is_first_of_its_kind(attempt):
        with journal.acting_as(journal.Actor(user_initiated=True)):  # a person, whoever that is
            journal.log_entry(
                "auth",
                "login_failed",
                entity_type="user",
                entity_id=known.pk if known else None,
                entity_name=shown,
                description=f"Sign-in as {shown} failed from {attempt.address or 'an unknown address'}: {reason}",
            )
