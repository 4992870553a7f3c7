"""Colours: the server writes them into the page; the user's choice comes before the install's (50 P-1, §5.6)."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from ecm_site.conf import save_settings
from ecm_site.models import UserPreferences
from ecm_site.theme import COOKIE

CHOOSE = "/account/theme/"


@pytest.fixture(autouse=True)
def fresh_settings(settings: object, tmp_path: Path) -> None:
    settings.CONFIG_DIR = tmp_path


def painted(client: Client, path: str = "/journal/") -> tuple[str, bool]:
    """What <html> says: Bootstrap's scheme, and whether the contrast is high."""
    tag = re.search(r"<html [^>]*>", client.get(path).content.decode())
    assert tag
    scheme = re.search(r'data-bs-theme="(\w+)"', tag[0])
    assert scheme
    return scheme[1], 'data-ecm-contrast="high"' in tag[0]


@pytest.mark.parametrize(
    ("theme", "expected"),
    [("dark", ("dark", False)), ("light", ("light", False)), ("high-contrast", ("dark", True)), ("system", ("dark", False))],
)
def test_the_install_paints_every_page_also_before_sign_in(
    client: Client, alice: User, theme: str, expected: tuple[str, bool]
) -> None:
    save_settings(theme=theme)
    assert painted(client, "/sign-in/") == expected
    assert painted(client, "/sign-in/?next=/m3u/") == expected
    client.force_login(alice)
    assert painted(client) == expected
    assert painted(client, "/no/such/page/") == expected


def test_dark_is_where_everything_begins(client: Client, alice: User) -> None:
    assert painted(client, "/sign-in/") == ("dark", False)


def test_a_users_own_choice_goes_where_the_user_goes(signed_in: Client, alice: User) -> None:
    assert signed_in.post(CHOOSE, {"theme": "light"}, headers={"Referer": "http://testserver/m3u/"})["Location"].endswith(
        "/m3u/"
    )
    elsewhere = Client()
    elsewhere.force_login(alice)
    assert painted(elsewhere) == ("light", False)
    elsewhere.force_login(User.objects.create_user("bob"))
    assert painted(elsewhere) == ("dark", False), "nobody else's"
    save_settings(theme="high-contrast")
    assert painted(signed_in) == ("light", False)


def test_giving_the_choice_back_shows_what_the_install_shows(signed_in: Client) -> None:
    save_settings(theme="high-contrast")
    signed_in.post(CHOOSE, {"theme": "light"})
    signed_in.post(CHOOSE, {"theme": ""})
    assert painted(signed_in) == ("dark", True)
    assert not signed_in.cookies[COOKIE].value


def test_a_browser_remembers_for_its_sign_in_page(client: Client, alice: User) -> None:
    client.post(CHOOSE, {"theme": "light"})
    assert painted(client, "/sign-in/") == ("light", False)
    assert UserPreferences.objects.count() == 0
    assert client.cookies[COOKIE]["httponly"]
    client.cookies[COOKIE] = 'pink" onload="x'
    assert painted(client, "/sign-in/") == ("dark", False)


def test_an_unknown_choice_is_refused_and_nothing_kept(signed_in: Client) -> None:
    assert signed_in.post(CHOOSE, {"theme": "pink"}).status_code == 400
    assert UserPreferences.objects.count() == 0
    assert signed_in.get(CHOOSE).status_code == 405


@pytest.mark.parametrize("origin", ["https://evil.example/", "//evil.example", "", "javascript:alert(1)"])
def test_the_way_back_never_leaves_the_site(signed_in: Client, origin: str) -> None:
    assert signed_in.post(CHOOSE, {"theme": "dark"}, headers={"Referer": origin})["Location"] == "/"


def test_htmx_gets_no_page(signed_in: Client) -> None:
    assert signed_in.post(CHOOSE, {"theme": "dark"}, headers={"HX-Request": "true"}).status_code == 204


def test_the_choice_costs_no_query(signed_in: Client, alice: User) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    signed_in.get("/journal/")  # the first visit of a day also renews the session
    with CaptureQueriesContext(connection) as without:
        signed_in.get("/journal/")
    UserPreferences.objects.create(user=alice, theme="light")
    with CaptureQueriesContext(connection) as chosen:
        assert painted(signed_in) == ("light", False)
    assert len(chosen) == len(without)


def test_a_deactivated_user_is_out_at_once(signed_in: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert signed_in.get("/settings/general/").status_code == 302


def test_the_page_of_a_fault_is_painted_without_the_database(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(alice)
    client.cookies[COOKIE] = "high-contrast"
    client.raise_request_exception = False
    monkeypatch.setattr("ecm_site.views.settings_pages.find_page", lambda slug: 1 / 0)
    answer = client.get("/settings/general/")
    assert answer.status_code == 500
    assert 'data-ecm-contrast="high"' in answer.content.decode()


def test_the_menu_marks_what_was_chosen(signed_in: Client) -> None:
    def marked() -> list[str]:
        html = signed_in.get("/journal/").content.decode()
        return re.findall(r'value="([\w-]*)"\s+class="dropdown-item active"\s+aria-pressed="true"', html)

    assert marked() == [""]
    signed_in.post(CHOOSE, {"theme": "high-contrast"})
    assert marked() == ["high-contrast"]


def test_everybody_may_choose_colours_without_a_script(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("bob"))
    html = client.get("/settings/appearance/").content.decode()
    assert 'action="/account/theme/"' in html
    assert re.search(r'value=""\s+data-theme-preview="dark" checked', html)
    client.post(CHOOSE, {"theme": "light"}, headers={"Referer": "http://testserver/settings/appearance/"})
    assert re.search(
        r'value="light"\s+data-theme-preview="light" checked', client.get("/settings/appearance/").content.decode()
    )
