"""Settings → Dispatcharr: credentials go in and never come out; *Test* says what was found."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from ecm_site.conf import get_settings, save_settings
from tests.fake_dispatcharr import FakeServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(client_of_the_site: Client) -> Client:
    client_of_the_site.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    return client_of_the_site


@pytest.fixture
def client_of_the_site() -> Client:
    return Client()


def test_credentials_are_saved_and_never_shown_again(administrator: Client) -> None:
    page = reverse("settings_dispatcharr")
    values = {
        "dispatcharr_url": "http://192.168.1.10:9191/",
        "dispatcharr_auth": "password",
        "dispatcharr_user": "admin",
        "dispatcharr_password": "a-secret",
        "stats_poll_interval": "20",
    }
    assert administrator.post(page, values).status_code == 302
    record = get_settings()
    assert (record.dispatcharr_url, record.dispatcharr_password) == ("http://192.168.1.10:9191", "a-secret")
    text = administrator.get(page).content.decode()
    assert "a-secret" not in text
    assert "connects nothing by itself" in text


@pytest.mark.parametrize(
    ("address", "words"),
    [("ftp://192.168.1.10", "must be an address such as"), ("http://u:p@host", "not in the address")],
)
def test_addresses_are_checked_beside_their_field(administrator: Client, address: str, words: str) -> None:
    answer = administrator.post(reverse("settings_dispatcharr"), {"dispatcharr_url": address, "dispatcharr_auth": "password"})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert get_settings().dispatcharr_url == ""


@pytest.mark.parametrize("htmx", [True, False], ids=["by htmx", "plain"])
def test_the_test_says_what_was_found(administrator: Client, fake: FakeServer, htmx: bool) -> None:
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    headers = {"HX-Request": "true"} if htmx else {}
    text = administrator.post(reverse("settings_dispatcharr_test"), headers=headers).content.decode()
    assert "The server answers" in text
    assert "1 account, 40 streams, 3 channels, 6 groups, 1 guide source" in text
    assert ("<html" in text) != htmx
    assert fake.password not in text


def test_the_test_says_what_is_wrong(administrator: Client, fake: FakeServer) -> None:
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password="<b>wrong</b>")
    text = administrator.post(reverse("settings_dispatcharr_test"), headers={"HX-Request": "true"}).content.decode()
    assert "The sign-in:" in text
    assert "does not know this user" in text
    assert "wrong" not in text


def test_without_an_address_the_test_says_so(administrator: Client) -> None:
    text = administrator.post(reverse("settings_dispatcharr_test"), headers={"HX-Request": "true"}).content.decode()
    assert "No address was given" in text


def test_only_administrators_test(client_of_the_site: Client) -> None:
    client_of_the_site.force_login(User.objects.create_user("bob", "", "correct horse"))
    assert client_of_the_site.post(reverse("settings_dispatcharr_test")).status_code == 403
    assert client_of_the_site.get(reverse("settings_dispatcharr_test")).status_code == 302
