"""Edit mode in a real browser: the bar, undo and redo by keys, reloading, checkpoints, discarding, two tabs."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from channels_app.drafts.lives import unfinished_draft
from channels_app.models import Channel
from channels_app.tests.lineup_fixtures import make_channels, make_group
from channels_app.tests.test_manager_browser import channel, open_manager, says, unfold
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.fixture
def editing(at_work: Any, site: Site) -> tuple[Any, dict[str, Channel]]:
    """The page in edit mode with an open group."""
    news = make_group("News")
    channels = make_channels(news, CNN="1", BBC="2")
    open_manager(at_work, site)
    at_work.locator("#draft-start").click()
    at_work.locator("#draft-undo").wait_for()
    unfold(at_work, f"#g{news.pk}")
    return at_work, channels


def rename(page: Any, item: Channel, name: str) -> None:
    channel(page, item).locator(".cm-name").dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(channel(page, item).locator(".cm-name")).to_have_text(name)


def test_edits_wait_and_are_undone_and_redone_by_keys(editing: tuple[Any, dict[str, Channel]], site: Site) -> None:
    page, channels = editing
    rename(page, channels["CNN"], "CNN Two")
    expect(page.locator("#draft-done")).to_have_text("Done (1)")
    expect(channel(page, channels["CNN"])).to_have_attribute("data-mark", "changed")
    rename(page, channels["BBC"], "BBC Two")
    expect(page.locator("#draft-done")).to_have_text("Done (2)")
    channel(page, channels["CNN"]).locator(".cm-name").focus()
    page.keyboard.press("Control+z")
    expect(channel(page, channels["BBC"]).locator(".cm-name")).to_have_text("BBC")
    page.keyboard.press("Control+z")
    expect(channel(page, channels["CNN"]).locator(".cm-name")).to_have_text("CNN")
    expect(page.locator("#draft-undo")).to_be_disabled()
    page.keyboard.press("Control+Shift+Z")
    expect(channel(page, channels["CNN"]).locator(".cm-name")).to_have_text("CNN Two")
    page.keyboard.press("Control+y")
    expect(page.locator("#draft-done")).to_have_text("Done (2)")
    page.reload()
    expect(page.locator("#draft-done")).to_have_text("Done (2)")
    expect(channel(page, channels["BBC"]).locator(".cm-name")).to_have_text("BBC Two")
    assert set(Channel.objects.values_list("name", flat=True)) == {"CNN", "BBC"}


def test_keys_in_a_search_box_are_left_to_it(editing: tuple[Any, dict[str, Channel]]) -> None:
    page, channels = editing
    rename(page, channels["CNN"], "CNN Two")
    expect(page.locator("#draft-done")).to_have_text("Done (1)")
    page.locator("#channel-search").click()
    page.keyboard.press("Control+z")
    page.wait_for_timeout(500)
    expect(page.locator("#draft-done")).to_have_text("Done (1)")


def test_one_goes_back_to_a_checkpoint_and_discards_the_rest(editing: tuple[Any, dict[str, Channel]]) -> None:
    page, channels = editing
    rename(page, channels["CNN"], "CNN Two")
    expect(page.locator("#draft-done")).to_have_text("Done (1)")
    page.locator("#draft-checkpoints").click()
    page.locator("#checkpoint-name").fill("Before the rest")
    page.keyboard.press("Enter")
    says(page, "“Before the rest” is where you can come back to.")
    rename(page, channels["BBC"], "BBC Two")
    expect(page.locator("#draft-done")).to_have_text("Done (2)")
    page.locator("#draft-checkpoints").click()
    page.get_by_role("button", name="Go back to Before the rest").click()
    expect(channel(page, channels["BBC"]).locator(".cm-name")).to_have_text("BBC")
    expect(channel(page, channels["CNN"]).locator(".cm-name")).to_have_text("CNN Two")
    page.locator("#draft-cancel").click()
    page.get_by_role("button", name="Discard the draft").click()
    page.locator("#draft-start").wait_for()
    expect(channel(page, channels["CNN"]).locator(".cm-name")).to_have_text("CNN")
    assert unfinished_draft(User.objects.get()) is None


def test_a_tab_from_before_edit_mode_edits_nothing_and_shows_the_draft(
    editing: tuple[Any, dict[str, Channel]], site: Site
) -> None:
    page, channels = editing
    other = page.context.new_page()
    open_manager(other, site)
    if not channel(other, channels["CNN"]).count():  # unless the server knows already that the group was left open
        unfold(other, f"#g{channels['CNN'].group_id}")
    page.bring_to_front()
    page.locator("#draft-done").click()  # nothing was changed: edit mode just ends
    page.locator("#draft-start").wait_for()
    other.bring_to_front()
    channel(other, channels["CNN"]).locator(".cm-name").dblclick()
    other.keyboard.type("X")
    other.keyboard.press("Enter")
    says(other, "Edit mode began or ended in another tab.")
    other.locator("#draft-start").wait_for()
    assert set(Channel.objects.values_list("name", flat=True)) == {"CNN", "BBC"}
    other.close()


def test_the_bar_fits_a_phone(editing: tuple[Any, dict[str, Channel]]) -> None:
    page, channels = editing
    rename(page, channels["CNN"], "CNN Two")
    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator("#draft-done")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_head_of_other_pages_stays_one_line_on_a_phone_while_a_draft_waits(
    editing: tuple[Any, dict[str, Channel]], site: Site
) -> None:
    page, channels = editing
    rename(page, channels["CNN"], "CNN Two")
    page.goto(site.url("/journal/"))
    page.locator(".ecm-draft-hint").wait_for()
    for width in (390, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.locator(".ecm-navbar").bounding_box()["height"] < 70


def test_a_channel_without_a_logo_says_so_once(editing: tuple[Any, dict[str, Channel]], site: Site) -> None:
    page, channels = editing
    page.goto(site.url(f"/channels/{channels['CNN'].pk}/"))
    page.get_by_text("No logo", exact=True).wait_for()
    picture = page.locator("[data-logo-now]")
    picture.evaluate("picture => picture.classList.add('is-broken')")  # an empty address is one that shows nothing
    assert picture.evaluate("picture => getComputedStyle(picture.parentElement, '::after').content") == "none"
