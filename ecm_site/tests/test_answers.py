"""What all answers share: headers, error pages (50 O-4, O-5)."""

from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client


def test_pages_carry_the_security_headers(signed_in: Client) -> None:
    answer = signed_in.get("/")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "no-cache" in answer["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/settings/guide/", "/nope/", "/journal/", "/m3u/"])
def test_pages_are_never_taken_from_a_cache_nor_mistaken_for_their_parts(signed_in: Client, path: str) -> None:
    answer = signed_in.get(path, follow=True)
    assert "no-cache" in answer["Cache-Control"]
    assert "HX-Request" in answer["Vary"]


def test_the_content_security_policy_allows_no_inline_script(signed_in: Client) -> None:
    answer = signed_in.get("/")
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";") if part.strip())
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    page = answer.content.decode()
    assert "<script>" not in page
    assert "<style" not in page
    assert "onclick=" not in page


@pytest.mark.parametrize("path", ["/nope/", "/m3u/999999/nope/"])
def test_a_missing_page_says_so(signed_in: Client, path: str) -> None:
    answer = signed_in.get(path)
    assert answer.status_code == 404
    assert "nothing at this address" in answer.content.decode()


def test_an_error_of_ours_shows_nothing_of_the_inside(alice: User) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    with mock.patch("ecm_site.views.dashboard.overview", side_effect=RuntimeError("secret detail /srv/x")):
        page = client.get("/")
        part = client.get("/", headers={"HX-Request": "true"})
    assert page.status_code == part.status_code == 500
    assert "error of its own" in page.content.decode()
    assert "secret detail" not in page.content.decode() + part.content.decode()
    assert part["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(("trouble", "sentence"), [("database is locked", "busy"), ("database or disk is full", "disk")])
def test_a_database_that_cannot_be_written_now_is_said_in_words(alice: User, trouble: str, sentence: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    with mock.patch("ecm_site.views.dashboard.overview", side_effect=OperationalError(trouble)):
        page = client.get("/")
        part = client.get("/", headers={"HX-Request": "true"})
    assert page.status_code == part.status_code == 503
    assert sentence in page.content.decode()
    assert "nothing was changed" in part.content.decode()
    assert part["Content-Type"].startswith("text/plain")
    assert part["Retry-After"]
    with mock.patch("ecm_site.views.dashboard.overview", side_effect=OperationalError("no such table: x")):
        assert client.get("/").status_code == 500


def test_a_form_without_its_token_is_explained(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post("/settings/general/", {"time_zone": ""})
    assert answer.status_code == 403
    assert "open for too long" in answer.content.decode()


def test_a_form_from_another_address_names_the_proxy_settings(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post("/settings/general/", {"time_zone": ""}, headers={"Origin": "https://tv.example.org"})
    assert answer.status_code == 403
    assert "ECM_BEHIND_TLS" in answer.content.decode()


@pytest.mark.parametrize(
    "path", ["/api/channels/{}/normalize-preview", "/channels/groups/{}/delete/", "/api/m3u/accounts/1/filters/{}"]
)
def test_an_id_that_no_row_can_have_is_nothing_and_no_error(alice: User, path: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    for too_large in (2**63, 2**64, 10**400):
        assert client.get(path.format(too_large)).status_code == 404


@pytest.mark.parametrize("path", ["/sign-in/", "/account/theme/"])
def test_a_way_back_that_is_no_address_is_not_taken(alice: User, path: str) -> None:
    alice.set_password("correct horse battery")
    alice.save()
    client = Client(raise_request_exception=False)
    values = {"username": alice.username, "password": "correct horse battery", "next": "1e400", "theme": "dark"}
    answer = client.post(path, values, headers={"Referer": "1e400"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
