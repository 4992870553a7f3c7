"""What a user is called whom Dispatcharr vouches for, and which e-mail address stays with whom (50 U-18)."""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ecm_site.change_role import WORDS, change_role, first_role
from ecm_site.dispatcharr.people import Person
from ecm_site.models import DecidedBy
from ecm_site.roles import Role
from tasks_app import journal

LONGEST_NAME = 150
PREFIX = "disp_"
ADMIN_LEVEL = 10  # on the server; those below may only watch there
_is_name = UnicodeUsernameValidator()


def create_user_for(person: Person) -> User:
    """A user without a password of ECM; an editor if the person administers the server, else a viewer.

    Call it inside a transaction: names are looked at and taken.
    """
    user = User(
        username=free_name(person.username),
        email=free_email(person.email, None),
        first_name=person.first_name,
        last_name=person.last_name,
        password=make_password(None),  # none fits
    )
    user.save()
    role = role_for(person)
    first_role(user, role)
    with journal.acting_as(journal.Actor(user.pk, user.username, user_initiated=True)):
        journal.log_entry(
            "user",
            "create",
            entity_type="user",
            entity_id=user.pk,
            entity_name=user.username,
            description=f"Made the user {user.username}, {WORDS[role]}, at the first sign-in with Dispatcharr",
            after={"username": user.username, "email": user.email, "is_superuser": False, "role": role.value},
        )
    return user


def role_for(person: Person) -> Role:
    """What somebody may do here whose rights come from the server. Never an administrator: they are made here. A server that
    does not say what somebody may do lets nobody edit."""
    return Role.EDITOR if person.level is not None and person.level >= ADMIN_LEVEL else Role.VIEWER


def follow_level(user: User, person: Person) -> None:
    """Rights that came from the server rise and fall with the level there; those that an administrator gave here stay."""
    change_role(user, role_for(person), decided_by=DecidedBy.SERVER)


def free_name(wanted: str) -> str:
    """``wanted`` if nobody here has it, else ``disp_<wanted>``, then ``disp_<wanted>2`` and so on. Letter case does not make
    a name another one: :func:`ecm_site.check_sign_in.find_user` would mix them up."""
    plain = _allowed(wanted)
    candidate, number = plain, 0
    while User.objects.filter(username__iexact=candidate).exists():
        number += 1
        tail = "" if number == 1 else str(number)
        candidate = f"{PREFIX}{plain[: LONGEST_NAME - len(PREFIX) - len(tail)]}{tail}"
    return candidate


def refresh_user(user: User, person: Person) -> None:
    """Take over e-mail and display name of a known user; what somebody else has, or nothing at all, is left as it is."""
    wanted = {
        "email": free_email(person.email, user) or user.email,
        "first_name": person.first_name or user.first_name,
        "last_name": person.last_name or user.last_name,
    }
    changed = {name: value for name, value in wanted.items() if getattr(user, name) != value}
    if not changed:
        return
    before = {name: getattr(user, name) for name in changed}
    for name, value in changed.items():
        setattr(user, name, value)
    user.save(update_fields=list(changed))
    journal.log_entry(
        "user",
        "update",
        entity_type="user",
        entity_id=user.pk,
        entity_name=user.username,
        description=f"Took over the profile of {user.username} from Dispatcharr",
        before=before,
        after=changed,
    )


def free_email(wanted: str, owner: User | None) -> str:
    """``wanted`` if it is an address that nobody else has, else nothing."""
    try:
        validate_email(wanted)
    except ValidationError:
        return ""
    others = User.objects.filter(email__iexact=wanted)
    if owner is not None:
        others = others.exclude(pk=owner.pk)
    return "" if others.exists() else wanted


def _allowed(name: str) -> str:
    """``name`` with every letter that names here cannot have replaced."""
    letters = []
    for letter in name.strip()[:LONGEST_NAME]:
        try:
            _is_name(letter)
        except ValidationError:
            letters.append("_")
        else:
            letters.append(letter)
    return "".join(letters) or "user"
