"""The wizard's dialog: nothing is saved that was not tried, and exactly what was tried is saved (50 U-2)."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.signing import TimestampSigner
from django.test import Client
from django.urls import reverse

from ecm_site.conf import get_settings, save_settings
from ecm_site.dispatcharr import tested
from ecm_site.dispatcharr.credentials import API_KEY, Credentials
from tests.fake_dispatcharr import FakeServer

pytestmark = pytest.mark.django_db


def values(fake: FakeServer, **more: str) -> dict[str, str]:
    return {
        "dispatcharr_url": fake.url,
        "dispatcharr_auth": "password",
        "dispatcharr_user": fake.user,
        "dispatcharr_password": fake.password,
        **more,
    }


def post(client: Client, sent: dict[str, str], *, htmx: bool = False) -> Any:
    return client.post(reverse("welcome_dispatcharr"), sent, headers={"HX-Request": "true"} if htmx else {})


def proof_in(answer: Any) -> str:
    found = re.search(r'name="proof" value="([^"]*)"', answer.content.decode())
    assert found is not None
    return found[1]


@pytest.mark.parametrize("htmx", [True, False], ids=["by htmx", "plain"])
@pytest.mark.parametrize("auth", ["password", "api_key"])
def test_test_then_save(alice: Client, fake: FakeServer, htmx: bool, auth: str) -> None:
    assert reverse("welcome_dispatcharr") in alice.get(reverse("welcome")).content.decode()
    opened = alice.get(reverse("welcome_dispatcharr"), headers={"HX-Request": "true"} if htmx else {})
    assert proof_in(opened) == ""
    assert 'value="save" disabled' in opened.content.decode()
    sent = values(fake, dispatcharr_auth=auth, dispatcharr_api_key=fake.api_key if auth == API_KEY else "")
    answer = post(alice, {**sent, "do": "test"}, htmx=htmx)
    assert answer.status_code == 200
    assert 'value="save" disabled' not in answer.content.decode()
    assert fake.password not in answer.content.decode()
    assert get_settings().dispatcharr_url == ""
    saved = post(alice, {**sent, "do": "save", "proof": proof_in(answer)}, htmx=htmx)
    assert saved.status_code == (200 if htmx else 302)
    assert saved.headers["HX-Redirect" if htmx else "Location"] == f"{reverse('settings_dispatcharr')}#connection"
    assert (get_settings().dispatcharr_url, get_settings().dispatcharr_auth) == (fake.url, auth)
    assert len(fake.auth.sign_ins) == (0 if auth == API_KEY else 1)
    assert alice.get(reverse("welcome_dispatcharr")).status_code == 302, "a house that has a server goes to its settings"
    assert reverse("welcome_dispatcharr") not in alice.get(reverse("welcome")).content.decode()


def test_without_a_test_nothing_is_saved(alice: Client, fake: FakeServer) -> None:
    for proof in ("", "made up", TimestampSigner().sign("x")):
        answer = post(alice, values(fake, do="save", proof=proof))
        assert answer.status_code == 422
        assert "Test these values first" in answer.content.decode()
    assert get_settings().dispatcharr_url == ""
    assert fake.calls == []


@pytest.mark.parametrize(
    "changed",
    [
        {"dispatcharr_url": "http://127.0.0.1:1"},
        {"dispatcharr_user": "other"},
        {"dispatcharr_password": "other"},
        {"dispatcharr_auth": "api_key", "dispatcharr_api_key": "other"},
    ],
)
def test_what_was_changed_after_the_test_has_to_be_tested_again(
    alice: Client, fake: FakeServer, changed: dict[str, str]
) -> None:
    proof = proof_in(post(alice, values(fake, do="test")))
    answer = post(alice, values(fake, do="save", proof=proof) | changed)
    assert answer.status_code == 422
    assert get_settings().dispatcharr_url == ""


def test_a_test_that_failed_proves_nothing(alice: Client, fake: FakeServer) -> None:
    answer = post(alice, values(fake, do="test", dispatcharr_password="wrong"), htmx=True)
    assert "does not know this user" in answer.content.decode()
    assert proof_in(answer) == ""


def test_a_proof_ages(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = Credentials(user="a", password="b")
    proof = tested.proof_for("http://x", credentials)
    assert tested.is_proven(proof, "http://x", credentials)
    monkeypatch.setattr(tested, "GOOD_FOR", -1)
    assert not tested.is_proven(proof, "http://x", credentials)


@pytest.mark.parametrize(
    ("left_out", "field", "words"),
    [
        ("dispatcharr_url", "dispatcharr_url", "Enter the address of the server."),
        ("dispatcharr_user", "dispatcharr_user", "Enter the user."),
        ("dispatcharr_password", "dispatcharr_password", "Enter the password."),
    ],
)
@pytest.mark.parametrize("doing", ["test", "save"])
def test_what_is_missing_is_said_beside_its_field(
    alice: Client, fake: FakeServer, left_out: str, field: str, words: str, doing: str
) -> None:
    sent = values(fake, do=doing) | {left_out: ""}
    plain = post(alice, sent)
    assert plain.status_code == 422
    assert words in plain.content.decode().split(f'id="id_{field}_errors"')[1].split("</div>")[0]
    if doing == "test":
        by_htmx = post(alice, sent, htmx=True)
        assert by_htmx.status_code == 422
        assert words in by_htmx.content.decode().split(f'id="tried-{field}"')[1].split("</div>")[0]
    assert fake.calls == []


def test_only_administrators_connect(fake: FakeServer) -> None:
    client = Client()
    client.force_login(User.objects.create_user("bob", "", "correct horse"))
    assert client.get(reverse("welcome_dispatcharr")).status_code == 403
    assert client.post(reverse("welcome_dispatcharr"), values(fake, do="test")).status_code == 403
    save_settings(dispatcharr_url=fake.url)
    assert client.get(reverse("welcome_dispatcharr")).status_code == 403
