"""The dialogs that give out numbers show while somebody types what would happen, and take nothing typed away."""

from typing import Any

import pytest
from playwright.sync_api import expect

from channels_app.tests.lineup_fixtures import make_channels, make_group, numbers_of
from channels_app.tests.test_manager_browser import open_manager, says
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def test_starts_are_typed_and_previewed_without_losing_the_place(at_work: Any, site: Site) -> None:
    page = at_work
    news, sports = make_group("News"), make_group("Sports")
    make_channels(news, A="10", B="11")
    make_channels(sports, C="20", D="21")
    open_manager(page, site)
    page.locator("#channel-tools").click()
    page.get_by_role("menuitem", name="Renumber all groups").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("4 channels change").wait_for()
    own = dialog.locator(f"#id_start_{sports.pk}")
    own.click()
    own.press_sequentially("500", delay=50)
    expect(dialog.locator(f"#numbering-new-{sports.pk}")).to_have_text("500–501")
    expect(own).to_have_value("500")
    expect(own).to_be_focused()
    own.fill("0.5")
    expect(dialog.locator(f"#numbering-problem-{sports.pk}")).to_contain_text("at least 1")
    expect(dialog.get_by_role("button", name="Renumber", exact=True)).to_be_disabled()
    own.fill("300")
    expect(dialog.get_by_role("button", name="Renumber", exact=True)).to_be_enabled()
    dialog.get_by_role("button", name="Renumber", exact=True).click()
    says(page, "Renumbered all groups: 4 channels changed.")
    assert (numbers_of(news), numbers_of(sports)) == ({"A": "1", "B": "2"}, {"C": "300", "D": "301"})

    page.locator(f"#gh{news.pk} .cm-dots").click()
    page.get_by_role("menuitem", name="Sort & renumber").click()
    dialog.get_by_text("sorted like this already").wait_for()
    dialog.locator("#id_start").fill("7")
    dialog.get_by_text("2 channels: 7–8").wait_for()
    page.keyboard.press("Enter")  # the dialog is a form: Enter agrees
    says(page, "Sorted News by name: 2 channels renumbered.")
    assert numbers_of(news) == {"A": "7", "B": "8"}
