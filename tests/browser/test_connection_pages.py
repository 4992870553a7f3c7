"""Connecting to a Dispatcharr server in a real browser: a test before anything is saved, and readable in every state."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from ecm_site.conf import get_settings, save_settings
from tasks_app.models import MirrorState
from tests.browser.fixtures import Site
from tests.browser.test_server_pages import faults
from tests.fake_dispatcharr import FakeServer, World, serving

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    world = World(seed=3)
    world.add_user("viewer", "viewer-pass", 1)
    world.add_channel("One")
    with serving(world) as server:
        yield server


def test_a_first_connection_is_saved_once_it_was_tested(at_work: Any, site: Site, fake: FakeServer) -> None:
    at_work.goto(site.url("/welcome/"))
    at_work.get_by_role("link", name="Connect it").click()
    dialog = at_work.locator("#dialog")
    save, test = dialog.get_by_role("button", name="Save"), dialog.get_by_role("button", name="Test")
    expect(save).to_be_disabled()
    test.click()
    expect(dialog.locator("#tried-dispatcharr_url")).to_contain_text("Enter the address")
    dialog.get_by_label("Address").fill(fake.url)
    dialog.get_by_label("User", exact=True).fill("viewer")
    dialog.get_by_label("Password", exact=True).fill("viewer-pass")
    test.click()
    expect(dialog.locator("#dispatcharr-report")).to_contain_text("The rights:")
    expect(dialog.locator("#tried-dispatcharr_url")).to_be_empty()
    expect(save).to_be_disabled()
    assert faults(at_work) == []
    dialog.get_by_label("An API key").check()
    dialog.get_by_label("API key", exact=True).fill(fake.api_key)
    expect(dialog.get_by_label("Password", exact=True)).to_be_hidden()
    test.click()
    expect(dialog.locator("#dispatcharr-report")).to_contain_text("The server answers")
    dialog.get_by_label("API key", exact=True).press_sequentially("x")
    expect(save).to_be_disabled()
    dialog.get_by_label("API key", exact=True).fill(fake.api_key)
    test.click()
    expect(save).to_be_enabled()
    save.click()
    at_work.wait_for_url("**/settings/dispatcharr/**")
    assert get_settings().dispatcharr_api_key == fake.api_key
    assert faults(at_work) == []


def test_the_settings_page_can_be_read_in_every_state(at_work: Any, site: Site, fake: FakeServer) -> None:
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    at_work.goto(site.url("/settings/dispatcharr/"))
    form, report = at_work.locator("#settings-form"), at_work.locator("#dispatcharr-report")
    test = form.get_by_role("button", name="Test")
    test.click()
    expect(report).to_contain_text("Use an API key")
    assert faults(at_work) == []
    form.get_by_label("Address").fill("http://192.0.2.9:9191")
    test.click()
    expect(form.locator("#tried-dispatcharr_password")).to_contain_text("the address changed")
    assert faults(at_work) == []
    at_work.on("dialog", lambda question: question.accept())  # what was typed may go
    at_work.goto(site.url("/settings/dispatcharr/key/"))
    assert faults(at_work) == []
    at_work.get_by_role("button", name="Use the key").click()
    at_work.wait_for_url("**/settings/dispatcharr/")
    assert get_settings().dispatcharr_auth == "api_key"


def test_the_question_about_another_server_can_be_read_and_answered(at_work: Any, site: Site) -> None:
    save_settings(dispatcharr_url="http://192.0.2.1:9191")
    doubt = {
        "at": timezone.now().isoformat(),
        "address": "http://192.0.2.1:9191",
        "marks": {"user 1": "2026-11-20T10:00:00.500+00:00"},
    }
    MirrorState.objects.update_or_create(
        pk=1,
        defaults={
            "connected": True,
            "address": "http://192.0.2.1:9191",
            "marks": {"user 1": "2026-01-20T10:00:00.500+00:00"},
            "doubt": doubt,
        },
    )
    for path in ("/server/", "/settings/dispatcharr/", "/server/install/"):
        at_work.goto(site.url(path))
        assert faults(at_work) == [], path
    at_work.goto(site.url("/server/"))
    at_work.get_by_role("link", name="Look and answer").click()
    at_work.get_by_role("button", name="It is the same: go on").click()
    expect(at_work.get_by_text("This looks like another server.")).to_have_count(0)
    assert MirrorState.objects.get(pk=1).doubt == {}


def test_leaving_the_page_asks_only_about_what_was_typed(at_work: Any, site: Site, fake: FakeServer) -> None:
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    asked: list[str] = []
    at_work.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    at_work.goto(site.url("/settings/dispatcharr/"))
    at_work.get_by_role("button", name="Test").click()
    expect(at_work.locator("#dispatcharr-report")).to_contain_text("The server answers")
    at_work.goto(site.url("/settings/general/"))
    assert asked == []
    at_work.goto(site.url("/settings/dispatcharr/"))
    at_work.get_by_label("Address").fill("http://192.0.2.9:9191")
    at_work.goto(site.url("/settings/general/"))
    assert asked == ["beforeunload"]


def test_enter_saves_as_on_every_page_of_settings(at_work: Any, site: Site, fake: FakeServer) -> None:
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    at_work.goto(site.url("/settings/dispatcharr/"))
    seconds = at_work.locator("#settings-form [name=stats_poll_interval]")
    seconds.fill("30")
    with at_work.expect_navigation():
        seconds.press("Enter")
    expect(seconds).to_have_value("30")
    assert get_settings().stats_poll_interval == 30
    assert faults(at_work) == []
