"""Settings → Dispatcharr: *Test* tries what is typed, and a stored secret goes nowhere but where it was entered for."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from ecm_site.conf import get_settings, save_settings
from ecm_site.dispatcharr import client
from ecm_site.dispatcharr.transport import Patience
from tasks_app.change_settings import change_settings
from tasks_app.engine import run_here
from tasks_app.mirror.state import mirror_state
from tasks_app.models import JournalEntry, MirrorState
from tasks_app.undo import undo_entry
from tests.fake_dispatcharr import FakeServer, Kind

pytestmark = pytest.mark.django_db

TYPED: dict[str, str] = {
    "dispatcharr_url": "",
    "dispatcharr_auth": "password",
    "dispatcharr_user": "",
    "dispatcharr_password": "",
    "dispatcharr_api_key": "",
    "stats_poll_interval": "10",
}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def alice() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    return client


@pytest.fixture
def stored(fake: FakeServer) -> FakeServer:
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    return fake


def typed(fake: FakeServer, **values: str) -> dict[str, str]:
    return {**TYPED, "dispatcharr_url": fake.url, "dispatcharr_user": fake.user, **values}


def press_test(client: Client, values: dict[str, str], *, htmx: bool = True) -> Any:
    return client.post(reverse("settings_dispatcharr_test"), values, headers=HTMX if htmx else {})


def save(client: Client, values: dict[str, str]) -> Any:
    return client.post(reverse("settings_dispatcharr"), values)


@pytest.mark.parametrize("htmx", [True, False], ids=["by htmx", "plain"])
def test_what_is_typed_is_tried_before_anything_is_saved(alice: Client, fake: FakeServer, htmx: bool) -> None:
    before = get_settings()
    answer = press_test(alice, typed(fake, dispatcharr_password=fake.password), htmx=htmx)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "The server answers" in text
    assert "0.29.0" in text
    assert "admin, administrator" in text
    assert fake.password not in text
    assert get_settings() == before
    assert not JournalEntry.objects.filter(category="settings").exists()
    assert [call.path for call in fake.calls if call.method != "GET"] == ["/api/accounts/token/"]
    if not htmx:
        assert f'value="{fake.url}"' in text, "what was typed is still there"
        assert "type it again before you save" in text


def test_an_empty_secret_means_the_stored_one_where_it_was_entered_for(alice: Client, stored: FakeServer) -> None:
    assert press_test(alice, typed(stored, dispatcharr_url=f"{stored.url}/")).status_code == 200
    save_settings(dispatcharr_auth="api_key", dispatcharr_api_key=stored.api_key)
    assert press_test(alice, typed(stored, dispatcharr_auth="api_key")).status_code == 200


@pytest.mark.parametrize(
    ("auth", "changed", "field", "words"),
    [
        ("password", {"dispatcharr_url": "http://127.0.0.2:1"}, "dispatcharr_password", "the address changed"),
        ("password", {"dispatcharr_url": "https://127.0.0.1"}, "dispatcharr_password", "the address changed"),
        ("password", {"dispatcharr_user": "bob"}, "dispatcharr_password", "the user changed"),
        ("password", {"dispatcharr_auth": "api_key"}, "dispatcharr_api_key", "the way to sign in changed"),
        ("api_key", {"dispatcharr_url": "http://127.0.0.2:1"}, "dispatcharr_api_key", "the address changed"),
        ("api_key", {"dispatcharr_auth": "password"}, "dispatcharr_password", "the way to sign in changed"),
    ],
)
@pytest.mark.parametrize("doing", ["test", "test by htmx", "save"])
def test_a_stored_secret_goes_nowhere_else(
    alice: Client, stored: FakeServer, auth: str, changed: dict[str, str], field: str, words: str, doing: str
) -> None:
    """50 §5.1 and §18.6 row 107."""
    save_settings(dispatcharr_auth=auth, dispatcharr_api_key=stored.api_key)
    before = get_settings()
    values = typed(stored, dispatcharr_auth=auth) | changed
    answer = save(alice, values) if doing == "save" else press_test(alice, values, htmx=doing == "test by htmx")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    beside = f'id="tried-{field}"' if doing == "test by htmx" else f'id="id_{field}_errors"'
    assert words in text.split(beside)[1].split("</div>")[0]
    assert stored.calls == []
    assert get_settings() == before


def test_with_the_secret_typed_again_it_is_tried_and_saved_elsewhere(alice: Client, stored: FakeServer) -> None:
    elsewhere = stored.url.replace("127.0.0.1", "localhost")
    values = typed(stored, dispatcharr_url=elsewhere, dispatcharr_password=stored.password)
    assert press_test(alice, values).status_code == 200
    assert save(alice, values).status_code == 302
    assert get_settings().dispatcharr_url == elsewhere


def test_a_slash_or_capitals_ask_for_nothing(alice: Client, stored: FakeServer) -> None:
    """50 §18.6 row 109."""
    save_settings(dispatcharr_url="http://Server:9191", dispatcharr_password="kept")
    assert save(alice, typed(stored, dispatcharr_url="http://server:9191/")).status_code == 302
    assert get_settings().dispatcharr_password == "kept"


def test_an_address_alone_is_enough_for_people_to_sign_in_with(alice: Client) -> None:
    assert save(alice, {**TYPED, "dispatcharr_url": "http://server:9191"}).status_code == 302
    assert save(alice, {**TYPED, "dispatcharr_url": "http://server:9191", "dispatcharr_user": "admin"}).status_code == 422


def test_a_removed_password_is_not_asked_for(alice: Client, stored: FakeServer) -> None:
    values = typed(stored, dispatcharr_user="bob", remove_dispatcharr_password="on")
    assert save(alice, values).status_code == 302
    assert (get_settings().dispatcharr_user, get_settings().dispatcharr_password) == ("bob", "")


def test_errors_of_what_is_not_tried_do_not_keep_from_trying(alice: Client, stored: FakeServer) -> None:
    assert press_test(alice, typed(stored, stats_poll_interval="4")).status_code == 200
    assert save(alice, typed(stored, stats_poll_interval="4")).status_code == 422


@pytest.mark.parametrize(
    ("changes", "password", "key"),
    [
        ({"dispatcharr_url": "http://other:1"}, "", ""),
        ({"dispatcharr_url": ""}, "", ""),
        ({"dispatcharr_url": "http://other:1", "dispatcharr_password": "new"}, "new", ""),
        ({"dispatcharr_user": "bob"}, "", "key"),
        ({"dispatcharr_url": "http://HOST:80/"}, "pass", "key"),
        ({"dispatcharr_auth": "api_key"}, "pass", "key"),
        ({"stats_poll_interval": 20}, "pass", "key"),
    ],
)
@pytest.mark.parametrize(
    "way", [save_settings, lambda **changes: change_settings("Dispatcharr", changes)], ids=["raw", "use case"]
)
def test_whoever_sets_the_address_the_secrets_of_another_server_stay_behind(
    changes: dict[str, Any], password: str, key: str, way: Any
) -> None:
    save_settings(dispatcharr_url="http://host", dispatcharr_user="admin")
    save_settings(dispatcharr_password="pass", dispatcharr_api_key="key")
    way(**changes)
    assert (get_settings().dispatcharr_password, get_settings().dispatcharr_api_key) == (password, key)


@pytest.mark.django_db(transaction=True)
def test_taking_a_changed_address_back_does_not_send_the_new_password_there(alice: Client) -> None:
    save_settings(dispatcharr_url="http://first:1", dispatcharr_user="admin", dispatcharr_password="one")
    values = {**TYPED, "dispatcharr_url": "http://second:1", "dispatcharr_user": "admin", "dispatcharr_password": "two"}
    assert save(alice, values).status_code == 302
    undo_entry(JournalEntry.objects.get(category="settings", undoable=True))
    assert (get_settings().dispatcharr_url, get_settings().dispatcharr_password) == ("http://first:1", "")


def test_other_credentials_that_are_tried_take_no_sign_in_from_those_that_work(alice: Client, stored: FakeServer) -> None:
    assert press_test(alice, typed(stored)).status_code == 200
    assert "does not know this user" in press_test(alice, typed(stored, dispatcharr_password="wrong")).content.decode()
    assert "The server answers" in press_test(alice, typed(stored)).content.decode()
    assert len(stored.auth.sign_ins) == 2  # one of each


def test_when_the_sign_ins_are_used_up_the_wait_and_a_key_are_named(alice: Client, stored: FakeServer) -> None:
    stored.faults.order(Kind.THROTTLE, path="/token/", seconds=47)
    text = press_test(alice, typed(stored)).content.decode()
    assert "asks to wait 47 s" in text
    assert "Test again after that." in text
    assert "API key" in text
    again = press_test(alice, typed(stored)).content.decode()
    assert "Test again after that." in again
    assert len([call for call in stored.calls if call.path == "/api/accounts/token/"]) == 1


@pytest.mark.parametrize("path", ["version", "/token/", "users/me"])
def test_a_network_policy_is_named_and_not_taken_for_rights(alice: Client, stored: FakeServer, path: str) -> None:
    stored.faults.order(Kind.STATUS, path=path, status=403, times=9)
    text = press_test(alice, typed(stored)).content.decode()
    assert "The network:" in text
    assert "network policy" in text


@pytest.mark.parametrize(("level", "words"), [(0, "streamer (may only watch)"), (1, "standard user (may only read)")])
def test_an_account_without_rights_is_named_with_what_it_may(alice: Client, stored: FakeServer, level: int, words: str) -> None:
    stored.world.add_user("viewer", "viewer-pass", level)
    text = press_test(alice, typed(stored, dispatcharr_user="viewer", dispatcharr_password="viewer-pass")).content.decode()
    assert "The rights:" in text
    assert words in text
    assert "Better with an API key" not in text, "that would not help"


def test_a_server_that_hangs_is_given_up(alice: Client, fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (client.HURRY.read, client.HURRY.total) == (10, 10)
    monkeypatch.setattr(client, "HURRY", Patience(read=0.3, total=0.3, is_long=True))
    fake.faults.order(Kind.SLOW, times=10, seconds=3600)
    answer = press_test(alice, typed(fake, dispatcharr_password=fake.password))
    assert "did not answer" in answer.content.decode()


def test_an_address_may_leave_out_how_it_is_spoken_to(alice: Client, fake: FakeServer) -> None:
    host = fake.url.removeprefix("http://")
    answer = press_test(alice, typed(fake, dispatcharr_url=f" {host}/ ", dispatcharr_password=fake.password))
    assert "The server answers" in answer.content.decode()
    save(alice, typed(fake, dispatcharr_url=host, dispatcharr_password=fake.password))
    assert get_settings().dispatcharr_url == fake.url


@pytest.mark.parametrize("text", ["not an address", "ftp://host", "admin@host", "host:port", ":9191", "javascript:alert(1)"])
def test_what_is_no_address_is_refused(alice: Client, fake: FakeServer, text: str) -> None:
    answer = press_test(alice, typed(fake, dispatcharr_url=text, dispatcharr_password="x"))
    assert answer.status_code == 422
    assert "The address must be" in answer.content.decode()


@pytest.mark.parametrize("auth", ["password", "api_key"])
def test_the_same_secret_can_be_typed_for_another_address(alice: Client, fake: FakeServer, auth: str) -> None:
    save_settings(
        dispatcharr_url="http://192.0.2.9:9191",
        dispatcharr_auth=auth,
        dispatcharr_user=fake.user,
        dispatcharr_password=fake.password,
        dispatcharr_api_key=fake.api_key,
    )
    secret = {"dispatcharr_password": fake.password} if auth == "password" else {"dispatcharr_api_key": fake.api_key}
    assert save(alice, typed(fake, dispatcharr_auth=auth, **secret)).status_code == 302
    name, value = next(iter(secret.items()))
    assert (get_settings().dispatcharr_url, getattr(get_settings(), name)) == (fake.url, value)
    others = {"dispatcharr_password", "dispatcharr_api_key"} - {name}
    assert [getattr(get_settings(), other) for other in others] == [""], "what was not typed again stays with the old address"


@pytest.fixture
def mirrored(stored: FakeServer) -> FakeServer:
    MirrorState.objects.create(pk=1, connected=True, address=stored.url)
    return stored


def test_the_address_of_a_mirrored_server_is_not_emptied_and_the_way_out_is_shown(alice: Client, mirrored: FakeServer) -> None:
    before = get_settings()
    leave = f'href="{reverse("settings_switch", args=["leave"])}">Go back to standalone</a> first'
    answer = save(alice, typed(mirrored, dispatcharr_url="  "))
    assert answer.status_code == 422
    assert leave in answer.content.decode()
    answer = press_test(alice, typed(mirrored, dispatcharr_url=""))
    assert answer.status_code == 422
    assert leave in answer.content.decode()
    with pytest.raises(ValueError, match="dispatcharr_url: ECM mirrors a server"):
        change_settings("Dispatcharr", {"dispatcharr_url": ""})
    assert get_settings() == before
    assert not JournalEntry.objects.filter(category="settings").exists()
    assert mirrored.calls == []
    MirrorState.objects.update(connected=False)
    assert save(alice, typed(mirrored, dispatcharr_url="")).status_code == 302
    assert get_settings().dispatcharr_url == ""


@pytest.mark.django_db(transaction=True)
def test_taking_the_first_address_back_waits_until_the_server_is_let_go(alice: Client, fake: FakeServer) -> None:
    change_settings("Dispatcharr", {"dispatcharr_url": fake.url})
    MirrorState.objects.create(pk=1, connected=True, address=fake.url)
    entry = JournalEntry.objects.get(category="settings", undoable=True)
    [conflict] = undo_entry(entry).conflicts
    assert "Go back to standalone first" in conflict
    assert get_settings().dispatcharr_url == fake.url
    MirrorState.objects.update(connected=False)
    undo_entry(entry)
    assert get_settings().dispatcharr_url == ""


def test_a_mirrored_server_whose_address_is_gone_all_the_same_is_told_on_the_page(alice: Client, mirrored: FakeServer) -> None:
    page = reverse("settings_dispatcharr")
    assert "No address is entered above" not in alice.get(page).content.decode()
    save_settings(dispatcharr_url="")  # a file edited by hand, or a backup that is put back
    text = alice.get(page).content.decode()
    assert "No address is entered above, so nothing is sent and nothing is read" in text
    assert "Edits made here are delivered" not in text
    assert alice.get(reverse("settings_switch", args=["leave"])).status_code == 200
    assert run_here("deliver_outbox").message.startswith("No address is entered for the server that is mirrored.")
    assert mirror_state().trouble.startswith("No address is entered for the server that is mirrored.")
    again = typed(mirrored, dispatcharr_password=mirrored.password)
    assert save(alice, again).status_code == 302
    assert "No address is entered above" not in alice.get(page).content.decode()
