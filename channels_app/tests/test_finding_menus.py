"""The menus of the panes, the selection and the list of keys (10 §5.3–5.5), in a browser and without scripts."""

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect

from channels_app.tests.lineup_fixtures import make_channels, make_group
from tests.browser.fixtures import Site

browser = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.mark.django_db
def test_the_three_dots_lead_to_a_page_where_there_are_no_scripts(admin_client: Client) -> None:
    manager = admin_client.get("/channels/").content.decode()
    assert 'href="/channels/tools/"' in manager
    page = admin_client.get("/channels/tools/").content.decode()
    assert 'href="/channels/keys/"' in page
    assert "role=" not in page.split('aria-label="Channel tools"')[1].split("</nav>")[0], "roles of a menu need the menu"
    assert "Ctrl" in admin_client.get("/channels/keys/").content.decode()


class TestInABrowser:
    pytestmark = browser

    def open_manager(self, page: Any, site: Site) -> None:
        news = make_group("News")
        make_channels(news, CNN="1", BBC="2")
        page.goto(site.url(f"/channels/?open={news.pk}"))
        page.locator("#channel-tree .is-current").first.wait_for()

    def test_the_panes_menu_offers_what_the_selection_allows(self, at_work: Any, site: Site) -> None:
        self.open_manager(at_work, site)
        dots = at_work.locator("#channel-tools")
        dots.click()
        menu = at_work.locator(".cm-menu")
        expect(menu.get_by_role("menuitem", name="Keys")).to_be_visible()
        expect(menu.get_by_role("menuitem", name="Move to group")).to_be_hidden()
        expect(dots).to_have_attribute("aria-expanded", "true")
        at_work.keyboard.press("Escape")
        expect(menu).to_have_count(0)
        expect(dots).to_be_focused()

        at_work.locator("#channel-tree .cm-channel .cm-pick").first.check()
        more = at_work.get_by_label("More for the selected channels")
        more.focus()
        at_work.keyboard.press("Enter")
        expect(menu.get_by_role("menuitem", name="Move to group")).to_be_visible()
        expect(menu).to_contain_text("1 channel")

    def test_a_question_mark_opens_the_list_of_keys(self, at_work: Any, site: Site) -> None:
        self.open_manager(at_work, site)
        at_work.locator("#channel-tree .cm-name").first.focus()
        at_work.keyboard.press("?")
        expect(at_work.get_by_role("heading", name="Keys")).to_be_visible()
        at_work.keyboard.press("Escape")
        expect(at_work.locator("#channel-tree .cm-name").first).to_be_focused()
        at_work.locator("#channel-search").press("?")
        expect(at_work.locator("#dialog")).to_be_hidden()
