"""From a password to an API key: the one that is there is taken, one is made where there is none, and it is tried first."""

import logging

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from ecm_site.conf import get_settings, save_settings
from ecm_site.dispatcharr.check import check_connection
from ecm_site.dispatcharr.credentials import Credentials
from ecm_site.take_api_key import KeyRefused, can_take_key, take_api_key
from tasks_app.models import JournalEntry
from tests.fake_dispatcharr import FakeServer, Kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(fake: FakeServer) -> FakeServer:
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    return fake


def test_a_key_that_is_there_is_taken_and_not_made_anew(stored: FakeServer) -> None:
    taken = take_api_key("Dispatcharr")
    assert (taken.user, taken.was_made) == ("admin", False)
    assert stored.count("POST", "/api-keys/generate/") == 0
    record = get_settings()
    assert (record.dispatcharr_auth, record.dispatcharr_api_key, record.dispatcharr_password) == ("api_key", stored.api_key, "")
    assert check_connection(record.dispatcharr_url, Credentials.from_settings(record)).ok
    assert len(stored.auth.sign_ins) == 1


def test_where_there_is_none_one_is_made(stored: FakeServer) -> None:
    stored.world.change("users", 1, api_key=None)
    assert take_api_key("Dispatcharr").was_made
    assert get_settings().dispatcharr_api_key == stored.api_key != ""


def test_it_is_journalled_and_said_nowhere_in_clear(stored: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    take_api_key("Dispatcharr")
    entries = list(JournalEntry.objects.filter(category="settings"))
    assert {name for entry in entries for name in entry.after_value or ()} == {
        "dispatcharr_auth",
        "dispatcharr_api_key",
        "dispatcharr_password",
    }
    said = caplog.text + "".join(str((entry.before_value, entry.after_value, entry.description)) for entry in entries)
    assert stored.api_key not in said
    assert stored.password not in said


@pytest.mark.parametrize(
    ("path", "status"), [("api-keys/", 404), ("api-keys/generate/", 403), ("users/me/", 500), ("api-keys/", 200)]
)
def test_a_server_that_gives_none_changes_nothing_here(stored: FakeServer, path: str, status: int) -> None:
    stored.world.change("users", 1, api_key=None)
    before = get_settings()
    stored.faults.order(Kind.HTML if status == 200 else Kind.STATUS, path=path, status=status, times=9)
    with pytest.raises(KeyRefused):
        take_api_key("Dispatcharr")
    assert get_settings() == before


def test_a_key_that_does_not_work_is_not_saved(stored: FakeServer) -> None:
    before = get_settings()
    stored.world.add_user("other", "other-pass", 10, api_key="x")
    stored.world.tables["users"] = dict(reversed(stored.world.tables["users"].items()))
    stored.world.change("users", 1, api_key="x")  # the server takes it for the other one's
    with pytest.raises(KeyRefused, match="another user"):
        take_api_key("Dispatcharr")
    assert get_settings() == before


def test_a_house_that_has_a_key_or_nothing_is_not_asked(fake: FakeServer) -> None:
    assert not can_take_key(get_settings())
    save_settings(dispatcharr_url=fake.url, dispatcharr_auth="api_key", dispatcharr_api_key=fake.api_key)
    assert not can_take_key(get_settings())
    with pytest.raises(KeyRefused):
        take_api_key("Dispatcharr")
    assert fake.calls == []


@pytest.mark.parametrize("htmx", [True, False], ids=["by htmx", "plain"])
def test_the_question_is_asked_first_and_asks_no_server(alice: Client, stored: FakeServer, htmx: bool) -> None:
    headers = {"HX-Request": "true"} if htmx else {}
    tested = alice.post(reverse("settings_dispatcharr_test"), headers=headers).content.decode()
    assert reverse("settings_dispatcharr_key") in tested
    calls = len(stored.calls)
    asked = alice.get(reverse("settings_dispatcharr_key"), headers=headers)
    assert "Nothing is changed on the server" in asked.content.decode()
    assert len(stored.calls) == calls
    answer = alice.post(reverse("settings_dispatcharr_key"), headers=headers)
    assert answer.status_code == (200 if htmx else 302)
    assert answer.headers["HX-Redirect" if htmx else "Location"] == reverse("settings_dispatcharr")
    assert get_settings().dispatcharr_auth == "api_key"
    tested = alice.post(reverse("settings_dispatcharr_test"), headers=headers).content.decode()
    assert "Better with an API key" not in tested


def test_what_is_only_typed_offers_no_key_yet(alice: Client, stored: FakeServer) -> None:
    stored.world.add_user("second", "second-pass", 10)
    values = {
        "dispatcharr_url": stored.url,
        "dispatcharr_auth": "password",
        "dispatcharr_user": "second",
        "dispatcharr_password": "second-pass",
    }
    text = alice.post(reverse("settings_dispatcharr_test"), values, headers={"HX-Request": "true"}).content.decode()
    assert "Once this is saved" in text
    assert reverse("settings_dispatcharr_key") not in text


def test_a_refusal_is_said_in_the_dialog(alice: Client, stored: FakeServer) -> None:
    stored.faults.order(Kind.STATUS, path="api-keys/", status=403)
    answer = alice.post(reverse("settings_dispatcharr_key"))
    assert answer.status_code == 422
    assert "may not read the API key" in answer.content.decode()
    save_settings(dispatcharr_auth="api_key", dispatcharr_api_key=stored.api_key)
    assert "on the user’s page in Dispatcharr" in alice.get(reverse("settings_dispatcharr_key")).content.decode()


def test_only_administrators_take_keys(stored: FakeServer) -> None:
    client = Client()
    client.force_login(User.objects.create_user("bob", "", "correct horse"))
    assert client.get(reverse("settings_dispatcharr_key")).status_code == 403
    assert client.post(reverse("settings_dispatcharr_key")).status_code == 403
    assert get_settings().dispatcharr_auth == "password"
