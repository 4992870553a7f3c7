"""Use case: give a user a new password, from the page or from the command line (50 U-12, §14)."""

import logging

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password

from ecm_site.sign_in_limits import clear_failures
from tasks_app import journal

logger = logging.getLogger(__name__)


def set_password(user: User, password: str, *, force: bool = False) -> None:
    """Store ``password`` and let the user in at once, however often somebody guessed before.

    Every other sign-in of the user ends, because sessions carry a mark of the password. Raises ``ValidationError`` for a
    password that the rules refuse, unless ``force``.
    """
    if not force:
        validate_password(password, user)
    user.password = make_password(password)
    user.save(update_fields=["password"])
    clear_failures(user.username)
    journal.log_entry(
        "user",
        "update",
        entity_type="user",
        entity_id=user.pk,
        entity_name=user.username,
        description=f"Changed the password of {user.username}",
    )
    logger.info("[AUTH] Password changed for user id=%s", user.pk)
