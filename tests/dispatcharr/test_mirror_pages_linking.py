"""Settings → Linked Accounts: linking, unlinking, a first password (50 U-19; §18.6 row 122)."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from ecm_site.conf import save_settings
from ecm_site.dispatcharr.people import WRONG
from ecm_site.models import ExternalIdentity
from tasks_app.models import JournalEntry
from tests.dispatcharr.test_mirror_pages_sign_in import forget_turns
from tests.fake_dispatcharr import FakeServer, World

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse"
PAGE = "/settings/linked-accounts/"


@pytest.fixture
def opened(fake: FakeServer, world: World) -> FakeServer:
    world.add_user("bob", "bob's own", 1)
    save_settings(dispatcharr_url=fake.url, dispatcharr_sign_in=True)
    return fake


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice", "", PASSWORD)


@pytest.fixture
def visitor(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def link(visitor: Client, password: str = "bob's own", **headers: Any) -> Any:
    return visitor.post(f"{PAGE}dispatcharr/link/", {"username": "bob", "password": password}, **headers)


def test_a_linked_account_signs_the_same_user_in(visitor: Client, opened: FakeServer, alice: User) -> None:
    assert link(visitor)["Location"] == PAGE
    page = visitor.get(PAGE).content.decode()
    assert "As <b>bob</b>" in page
    other = Client()
    other.post("/sign-in/dispatcharr/", {"username": "bob", "password": "bob's own"})
    assert other.session["_auth_user_id"] == str(alice.pk)
    assert User.objects.count() == 1
    assert JournalEntry.objects.filter(category="user", action_type="link", user_name="alice").count() == 1


def test_wrong_credentials_link_nothing(visitor: Client, opened: FakeServer) -> None:
    answer = link(visitor, "wrong")
    assert (answer.status_code, WRONG in answer.content.decode()) == (401, True)
    assert not ExternalIdentity.objects.exists()


def test_a_refusal_is_shown_in_the_dialog(visitor: Client, opened: FakeServer) -> None:
    answer = link(visitor, "wrong", headers={"HX-Request": "true"})
    assert answer.status_code == 422, "the only refusal that htmx shows"
    assert WRONG in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_somebody_elses_account_is_refused(visitor: Client, opened: FakeServer) -> None:
    """Row 122."""
    bob = User.objects.create_user("bob")
    ExternalIdentity.objects.create(user=bob, provider="dispatcharr", external_id="2", name="bob", server="x")
    answer = link(visitor)
    assert answer.status_code == 409
    assert "belongs to another user" in answer.content.decode()
    assert ExternalIdentity.objects.get().user == bob


def test_one_account_per_provider(visitor: Client, opened: FakeServer) -> None:
    link(visitor)
    asked = len(opened.calls)
    assert link(visitor).status_code == 409
    assert len(opened.calls) == asked, "nothing is asked when the answer cannot matter"


def test_a_closed_provider_and_one_that_does_not_exist(visitor: Client, opened: FakeServer) -> None:
    assert visitor.post(f"{PAGE}google/link/", {"username": "x", "password": "y"}).status_code == 400
    assert visitor.post(f"{PAGE}google/unlink/").status_code == 400
    save_settings(dispatcharr_sign_in=False)
    assert link(visitor).status_code == 404
    assert "Dispatcharr</div>" not in visitor.get(PAGE).content.decode()


def test_the_last_way_stays(visitor: Client, opened: FakeServer, alice: User) -> None:
    """Row 122; the password counts as one."""
    assert visitor.post(f"{PAGE}local/unlink/").status_code == 400
    link(visitor)
    assert visitor.post(f"{PAGE}local/unlink/")["Location"] == PAGE
    alice.refresh_from_db()
    assert not alice.has_usable_password()
    assert visitor.get(PAGE).status_code == 200, "whoever does it stays signed in"
    assert visitor.post(f"{PAGE}dispatcharr/unlink/").status_code == 400
    assert ExternalIdentity.objects.filter(user=alice).exists()


def test_a_way_that_is_switched_off_is_no_way(visitor: Client, opened: FakeServer, alice: User) -> None:
    link(visitor)
    save_settings(dispatcharr_sign_in=False)
    assert visitor.post(f"{PAGE}local/unlink/").status_code == 400
    alice.refresh_from_db()
    assert alice.has_usable_password()
    assert visitor.post(f"{PAGE}dispatcharr/unlink/")["Location"] == PAGE, "what is off can be taken away"


def test_unlinking_says_first_what_it_means_and_signs_others_out(visitor: Client, opened: FakeServer, alice: User) -> None:
    link(visitor)
    other, stranger = Client(), Client()
    other.force_login(alice)
    stranger.force_login(User.objects.create_user("eve"))
    assert "Other browsers" in visitor.get(f"{PAGE}dispatcharr/unlink/").content.decode()
    assert ExternalIdentity.objects.exists()
    visitor.post(f"{PAGE}dispatcharr/unlink/")
    assert not ExternalIdentity.objects.exists()
    assert visitor.get(PAGE).status_code == 200
    assert other.get(PAGE).status_code == 302
    assert stranger.get(PAGE).status_code == 200
    assert visitor.post(f"{PAGE}dispatcharr/unlink/").status_code == 404


def test_who_has_no_password_can_set_one(opened: FakeServer) -> None:
    bob = User.objects.create_user("bob")
    ExternalIdentity.objects.create(user=bob, provider="dispatcharr", external_id="2", name="bob", server="x")
    visitor = Client()
    visitor.force_login(bob)
    assert visitor.get("/account/password/")["Location"] == PAGE
    address = f"{PAGE}local/link/"
    weak = visitor.post(address, {"password": "password", "password_again": "password"})
    assert weak.status_code == 422
    assert visitor.post(address, {"password": "tree of steel", "password_again": "tree of wood"}).status_code == 422
    good = {"password": "tree of steel", "password_again": "tree of steel"}
    assert visitor.post(address, good)["Location"] == PAGE
    assert visitor.get(PAGE).status_code == 200, "whoever sets it stays signed in"
    assert visitor.post(address, good).status_code == 409
    assert Client().post("/sign-in/", {"username": "bob", "password": "tree of steel"}).status_code == 302


def test_forms_of_other_sites_are_refused(opened: FakeServer, alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert link(client).status_code == 403
    assert client.post(f"{PAGE}local/unlink/").status_code == 403


def test_the_settings_say_what_is_missing(opened: FakeServer) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root", "", PASSWORD))
    save_settings(dispatcharr_url="", dispatcharr_sign_in=False)
    answer = client.post("/settings/authentication/", {"dispatcharr_sign_in": "on", "dispatcharr_create_users": "on"})
    assert answer.status_code == 422
    assert "Enter the address of the server first" in answer.content.decode()


@pytest.mark.parametrize("changed", [{"server": "elsewhere.test:9191"}, {"name": "robert"}])
def test_an_administrator_links_again_after_another_server_or_name(
    visitor: Client, opened: FakeServer, alice: User, changed: dict[str, str]
) -> None:
    """Ids begin at 1 everywhere: the server that somebody enters in the settings must not choose who is an administrator."""
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    link(visitor)
    ExternalIdentity.objects.update(**changed)
    other = Client()
    answer = other.post("/sign-in/dispatcharr/", {"username": "bob", "password": "bob's own"})
    assert answer.status_code == 403
    assert "link the account again" in answer.content.decode()
    assert "_auth_user_id" not in other.session
    identity = ExternalIdentity.objects.get()
    visitor.post(f"{PAGE}dispatcharr/unlink/")
    assert not ExternalIdentity.objects.filter(pk=identity.pk).exists()
    opened.world.clock.advance(61)  # the server takes three sign-ins a minute
    forget_turns()
    link(visitor)
    other.post("/sign-in/dispatcharr/", {"username": "bob", "password": "bob's own"})
    assert "_auth_user_id" in other.session
