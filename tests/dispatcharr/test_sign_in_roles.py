"""What people may do here whom the Dispatcharr server vouches for: it follows their level there (50 §7.5)."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from ecm_site.change_role import change_role
from ecm_site.conf import get_settings, save_settings
from ecm_site.dispatcharr.people import _person
from ecm_site.identities.new_user import role_for
from ecm_site.models import DecidedBy, ExternalIdentity, SignInAttempt, UserRole
from ecm_site.roles import Role, role_of
from tasks_app.models import JournalEntry
from tests.fake_dispatcharr import FakeServer, World

pytestmark = pytest.mark.django_db
PASSWORD = "bob's own"
SignIn = Callable[[], Client]


@pytest.fixture
def bob(world: World, fake: FakeServer) -> dict[str, Any]:
    """A Standard user of the server, which ECM lets in."""
    User.objects.create_superuser("alice", "alice@example.org", "correct horse")
    save_settings(dispatcharr_url=fake.url, dispatcharr_sign_in=True)
    row: dict[str, Any] = world.add_user("bob", PASSWORD, 1)
    return row


@pytest.fixture
def sign_in(fake: FakeServer) -> Callable[[], Client]:
    return lambda: _sign_in(fake)


def _sign_in(fake: FakeServer) -> Client:
    fake.world.clock.advance(61)  # the server takes three sign-ins a minute, and ECM five from one address
    SignInAttempt.objects.all().delete()
    for path in Path(settings.CONFIG_DIR).glob("dispatcharr-*"):
        path.unlink()
    visitor = Client()
    assert visitor.post("/sign-in/dispatcharr/", {"username": "bob", "password": PASSWORD}).status_code == 302
    return visitor


def bobs_role() -> Role:
    return role_of(User.objects.select_related("ecm_role").get(username="bob"))


@pytest.mark.parametrize(
    ("level", "role"),
    [(0, Role.VIEWER), (1, Role.VIEWER), (9, Role.VIEWER), (10, Role.EDITOR), (11, Role.EDITOR)],
)
def test_a_new_person_begins_with_what_the_level_says(bob: dict[str, Any], level: int, role: Role, sign_in: SignIn) -> None:
    bob.update(user_level=level, is_staff=True, is_superuser=True)
    visitor = sign_in()
    user = User.objects.get(username="bob")
    assert (bobs_role(), user.is_staff, user.is_superuser) == (role, False, False)
    assert visitor.post("/m3u/refresh/").status_code == (403 if role is Role.VIEWER else 302)
    assert (
        f"Made the user bob, a{'n' if role is Role.EDITOR else ''} {role}"
        in JournalEntry.objects.get(category="user", action_type="create").description
    )


@pytest.mark.parametrize("level", [None, True, "10", [], float("inf")])
def test_a_server_that_does_not_say_the_level_lets_nobody_edit(level: object) -> None:
    person = _person({"id": 7, "username": "bob", "user_level": level}, "bob", "tv.example:9191")
    assert role_for(person) is Role.VIEWER


def test_rights_from_the_server_fall_and_rise_with_the_level(bob: dict[str, Any], sign_in: SignIn) -> None:
    seen = []
    for level in (1, 10, 10, 1, 0, 10):
        bob["user_level"] = level
        sign_in()
        seen.append(bobs_role())
    viewer, editor = Role.VIEWER, Role.EDITOR
    assert seen == [viewer, editor, editor, viewer, viewer, editor]
    told = (
        JournalEntry.objects.filter(category="user", action_type="update").order_by("pk").values_list("description", flat=True)
    )
    assert list(told) == [
        f"bob is {role} now: so the level on the Dispatcharr server says" for role in ("an editor", "a viewer", "an editor")
    ]


@pytest.mark.parametrize(("level", "decided"), [(1, Role.EDITOR), (10, Role.VIEWER)])
def test_what_an_administrator_has_decided_stays(bob: dict[str, Any], level: int, decided: Role, sign_in: SignIn) -> None:
    bob["user_level"] = level
    sign_in()
    change_role(User.objects.get(username="bob"), decided)
    sign_in()
    assert bobs_role() is decided


def test_an_administrator_stays_one_at_any_level(bob: dict[str, Any], sign_in: SignIn) -> None:
    sign_in()
    User.objects.filter(username="bob").update(is_staff=True)
    bob["user_level"] = 0
    sign_in()
    assert bobs_role() is Role.ADMINISTRATOR


def test_a_user_of_ecm_who_links_an_account_keeps_the_own_rights(bob: dict[str, Any], sign_in: SignIn) -> None:
    """The server made nobody of them: it takes nothing away, and gives nothing."""
    own = User.objects.create_user("bob", password="correct horse")
    server = urlsplit(get_settings().dispatcharr_url).netloc
    ExternalIdentity.objects.create(user=own, provider="dispatcharr", external_id=str(bob["id"]), name="bob", server=server)
    bob["user_level"] = 0
    sign_in()
    assert bobs_role() is Role.EDITOR
    assert not UserRole.objects.filter(user=own).exists()


def test_who_was_made_by_a_sign_in_before_there_were_roles_follows_the_server_from_now_on() -> None:
    """The upgrade: nobody here had let them edit."""
    made = User.objects.create_user("made", password=None)
    linked = User.objects.create_user("linked", password="correct horse")
    for number, user in enumerate((made, linked)):
        ExternalIdentity.objects.create(
            user=user, provider="dispatcharr", external_id=str(number), name=user.username, server="x"
        )
    import_module("ecm_site.migrations.0005_user_roles").rights_of_the_server(apps, None)
    assert list(UserRole.objects.values_list("user__username", "role", "decided_by")) == [("made", "editor", DecidedBy.SERVER)]
