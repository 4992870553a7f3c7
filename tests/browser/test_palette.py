"""Ctrl-K in a real browser: only keys, on any page, with roles that screen readers understand."""

from typing import Any

import pytest
from playwright.sync_api import expect

from channels_app.models import Channel
from channels_app.tests.lineup_fixtures import make_channel, make_group
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.fixture
def channel() -> Channel:
    make_channel("Other news", "2", group=make_group("Others"))
    return make_channel("BBC News", "101", group=make_group("News"))


def test_a_channel_is_found_and_opened_by_keys_alone_and_stands_first_next_time(
    at_work: Any, site: Site, channel: Channel
) -> None:
    at_work.goto(site.url("/journal/"))
    at_work.keyboard.press("Control+k")
    field = at_work.get_by_role("combobox", name="Find")
    expect(field).to_be_focused()
    options = at_work.locator(".ecm-palette [role=option]")
    expect(options.first).to_contain_text("Dashboard")
    at_work.keyboard.type("bbc")
    expect(options).to_have_count(1)
    expect(options.first).to_contain_text("BBC News")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    assert field.get_attribute("aria-controls") == at_work.locator(".ecm-palette [role=listbox]").get_attribute("id")
    at_work.keyboard.press("Enter")
    at_work.wait_for_url(f"**/channels/?q=BBC+News#c{channel.pk}")
    expect(at_work.locator(f"#c{channel.pk} .cm-name")).to_be_focused()

    at_work.keyboard.press("Control+k")
    expect(options.first).to_contain_text("BBC News")
    at_work.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(options.first).to_have_attribute("aria-selected", "false")
    at_work.keyboard.press("ArrowUp")
    at_work.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    at_work.keyboard.press("Escape")
    expect(at_work.locator(".ecm-palette")).to_be_hidden()
    expect(at_work.locator(f"#c{channel.pk} .cm-name")).to_be_focused()


def test_enter_before_the_answer_opens_what_was_meant(at_work: Any, site: Site, channel: Channel) -> None:
    at_work.goto(site.url("/"))
    at_work.get_by_label("Find (Ctrl K)").click()
    expect(at_work.locator(".ecm-palette [role=option]").first).to_be_visible()
    at_work.keyboard.type("tasks")
    at_work.keyboard.press("Enter")
    at_work.wait_for_url("**/tasks/")


def test_an_action_opens_its_dialog_where_the_channel_manager_is(at_work: Any, site: Site, channel: Channel) -> None:
    at_work.goto(site.url("/channels/"))
    at_work.locator("#channel-tree .is-current").first.wait_for()
    at_work.keyboard.press("Control+k")
    at_work.keyboard.type("new channel gr")
    expect(at_work.locator(".ecm-palette [role=option]").first).to_contain_text("New channel group")
    at_work.keyboard.press("Enter")
    expect(at_work.locator("#dialog").get_by_role("heading", name="New group")).to_be_visible()


def test_what_was_found_stays_when_the_server_does_not_answer(at_work: Any, site: Site, channel: Channel) -> None:
    at_work.goto(site.url("/"))
    at_work.keyboard.press("Control+k")
    at_work.keyboard.type("bbc")
    expect(at_work.locator(".ecm-palette [role=option]")).to_have_count(1)
    at_work.route("**/find/**", lambda route: route.abort())
    at_work.keyboard.type(" n")
    expect(at_work.locator(".ecm-palette-note")).to_have_text("The server does not answer. Type on to try again.")
    expect(at_work.locator(".ecm-palette [role=option]")).to_have_count(1)
    at_work.unroute("**/find/**")
    at_work.keyboard.type("e")
    expect(at_work.locator(".ecm-palette-note")).to_have_text("1 result")
    at_work.keyboard.type("zzz")
    expect(at_work.locator(".ecm-palette-note")).to_contain_text("Nothing matches")
    at_work.complaints.clear()
