"""The menu of the settings: sections of all apps in the chapter's order, the right one marked (50 §5.9)."""

import re
from html import escape

import pytest
from django.contrib.auth.models import User
from django.test import Client

from ecm_site import settings_navigation
from ecm_site.settings_navigation import ORDER, Section, active_section, register_section, visible_sections


@pytest.fixture
def secret_section(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_navigation, "_sections", dict(settings_navigation._sections))
    register_section(Section("users", "Users", "settings_general", "users", ORDER["users"], admin_only=True))


def menu(client: Client, path: str) -> list[str]:
    html = client.get(path).content.decode()
    nav = re.search(r'<nav class="card d-none d-md-block".*?</nav>', html, re.DOTALL)
    assert nav
    return re.findall(r'<span class="min-w-0">([^<]+)</span>', nav[0])


def test_sections_stand_in_the_order_of_the_chapter(signed_in: Client) -> None:
    titles = menu(signed_in, "/settings/general/")
    wanted = ["General", "Channel Defaults", "Appearance", "Notification Settings", "Scheduled Tasks", "Maintenance"]
    assert [title for title in titles if title in wanted] == wanted
    assert len(titles) == len(set(titles))


def test_every_section_leads_somewhere_and_marks_itself(signed_in: Client, transactional_db: None) -> None:
    own_look = {"publishing"}  # a page of the main menu, linked here because people look for it here
    for section in visible_sections(is_admin=True):
        answer = signed_in.get(section.url)
        assert answer.status_code == 200, section.slug
        if section.slug in own_look:
            continue
        html = answer.content.decode()
        assert section.url == f"/settings/{section.slug}/", "each has an address of its own"
        assert re.search(rf'href="{section.url}"\s+aria-current="page"', html), section.slug
        assert f"{escape(section.title)} – Settings · ECM</title>" in html, section.slug


def test_what_is_for_administrators_is_hidden_from_others(secret_section: None, client: Client, alice: User) -> None:
    client.force_login(User.objects.create_user("bob"))
    assert "Users" not in menu(client, "/settings/general/")
    client.force_login(alice)
    assert menu(client, "/settings/general/")[-1] == "Users"


def test_a_page_below_a_section_belongs_to_it() -> None:
    sections = visible_sections(is_admin=True)
    found = active_section("/settings/maintenance/log/", sections)
    assert found is not None
    assert found.slug == "maintenance"
    assert active_section("/channels/", sections) is None
