"""Use case: the first administrator of an install (50 U-1)."""

import logging

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import transaction

from tasks_app import journal

logger = logging.getLogger(__name__)


class AlreadySetUp(Exception):
    """Somebody has set this install up already."""


def is_set_up() -> bool:
    """An install is set up once it has a user; there is no flag that could disagree (50 U-3)."""
    return User.objects.exists()


def create_administrator(username: str, email: str, password: str) -> User:
    """Create the administrator of a new install. The values must be valid (:class:`ecm_site.forms.SetupForm`).

    Raises :class:`AlreadySetUp`, also for the slower one of two people who try at the same time.
    """
    hashed = make_password(password)  # slow by design: before the transaction, which holds the only write lock
    with transaction.atomic():
        if is_set_up():
            raise AlreadySetUp
        user = User(username=username, email=email, password=hashed, is_staff=True, is_superuser=True)
        user.save()
        with journal.acting_as(journal.Actor(user.pk, username)):
            journal.log_entry(
                "user",
                "create",
                entity_type="user",
                entity_id=user.pk,
                entity_name=username,
                description=f"Set up ECM with the administrator {username}",
                after={"username": username, "email": email, "is_superuser": True},
            )
    logger.info("[AUTH] Set up with administrator id=%s", user.pk)
    return user
