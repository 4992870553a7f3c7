"""Use case: what a user may do (50 U-5), and who decided that."""

import logging

from django.contrib.auth.models import User
from django.db import transaction

from ecm_site.models import DecidedBy, UserRole
from ecm_site.roles import Role, role_of
from tasks_app import journal

logger = logging.getLogger(__name__)


def change_role(user: User, role: Role, *, decided_by: DecidedBy = DecidedBy.ADMINISTRATOR) -> bool:
    """Make ``user`` a viewer or an editor; True when that changed what the user may do.

    A decision of an administrator is kept: what the server says afterwards changes nothing. Administrators are made and
    unmade by their staff status alone: raises ``ValueError`` for that role. Takes effect with the user's next request.
    """
    if role is Role.ADMINISTRATOR:
        raise ValueError("Administrators are made by staff status.")
    with transaction.atomic():
        known = UserRole.objects.filter(user=user).first()
        if decided_by is DecidedBy.SERVER and (known is None or known.decided_by != DecidedBy.SERVER):
            return False
        before = Role(known.role) if known else Role.EDITOR
        UserRole.objects.update_or_create(user=user, defaults={"role": role.value, "decided_by": decided_by.value})
        forget(user)
        if before is role or role_of(user) is Role.ADMINISTRATOR:
            return False
        log_role(user, before, role, decided_by)
    logger.info("[AUTH] User id=%s is %s now, decided by %s", user.pk, role, decided_by)
    return True


def first_role(user: User, role: Role) -> None:
    """The role with which somebody begins whom the server vouches for; it follows the server from then on."""
    UserRole.objects.create(user=user, role=role.value, decided_by=DecidedBy.SERVER)


def forget(user: User) -> None:
    """What was loaded along with ``user`` is no longer true."""
    user._state.fields_cache.pop("ecm_role", None)


def log_role(user: User, before: Role, after: Role, decided_by: DecidedBy) -> None:
    """The journal's entry about a change; roles are not taken back from there, they are set again."""
    why = ": so the level on the Dispatcharr server says" if decided_by is DecidedBy.SERVER else ""
    journal.log_entry(
        "user",
        "update",
        entity_type="user",
        entity_id=user.pk,
        entity_name=user.username,
        description=f"{user.username} is {WORDS[after]} now{why}",
        before={"role": before.value},
        after={"role": after.value},
    )


WORDS = {Role.VIEWER: "a viewer", Role.EDITOR: "an editor", Role.ADMINISTRATOR: "an administrator"}
