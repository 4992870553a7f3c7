"""What opens on top of the channel manager – menus, panels, dialogs, Ctrl-K – has no serious or critical violation either."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from channels_app.tests.lineup_fixtures import make_channel, make_channels, make_entry, make_group, make_streams
from tests.browser.axe import grave_violations
from tests.browser.fixtures import Site
from tests.browser.test_every_page import AT_ONCE, AXE_RULES, PAINT

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]
FIRST = "#channel-tree .cm-channel"


def right_click(page: Any, selector: str) -> None:
    page.locator(selector).first.click(button="right")
    page.locator(".cm-menu").wait_for()


def open_panel(page: Any, selector: str) -> None:
    page.locator(selector).first.click()
    page.locator(".cm-drop[open] .cm-drop-panel").wait_for()


def tick(page: Any) -> None:
    page.locator(f"{FIRST} .cm-pick").first.check()
    page.locator(f"{FIRST} .cm-pick").nth(1).check()


def choose(page: Any, menu: str, entry: str) -> None:
    right_click(page, menu)
    page.locator(".cm-menu").get_by_role("menuitem", name=entry).click()
    expect(page.locator("#dialog")).to_be_visible()


def click_dialog(page: Any, selector: str) -> None:
    page.locator(selector).first.click()
    expect(page.locator("#dialog")).to_be_visible()


def with_selection(page: Any, selector: str) -> None:
    tick(page)
    click_dialog(page, selector)


def selection_menu(page: Any) -> None:
    tick(page)
    page.get_by_label("More for the selected channels").click()
    page.locator(".cm-menu").wait_for()


def tools_menu(page: Any) -> None:
    page.locator("#channel-tools").click()
    page.locator(".cm-menu").wait_for()


def palette(page: Any) -> None:
    page.keyboard.press("Control+k")
    page.locator(".ecm-palette [role=option]").first.wait_for()


def expanded(page: Any) -> None:
    page.locator(f"{FIRST} .cm-twist").first.click()
    page.locator(".cm-stream").first.wait_for()


def inline(page: Any) -> None:
    page.locator(f"{FIRST} .cm-name").first.dblclick()
    page.locator(".cm-inline input").wait_for()


def bulk_create(page: Any) -> None:
    page.locator("#stream-tree .cm-group .cm-pick").first.check()
    click_dialog(page, "#stream-selection [data-act=create-from-selected]")


OPENED: dict[str, Callable[[Any], None]] = {
    "nothing": lambda page: None,
    "a channel's menu": lambda page: right_click(page, f"{FIRST} .cm-name"),
    "a group's menu": lambda page: right_click(page, "#channel-tree .cm-group-head .cm-group-name"),
    "a stream's menu": lambda page: right_click(page, "#stream-tree .cm-source .cm-stream-name"),
    "a stream group's menu": lambda page: right_click(page, "#stream-tree .cm-group-head .cm-group-name"),
    "the pane's menu": tools_menu,
    "the selection's menu": selection_menu,
    "the channel filter": lambda page: open_panel(page, "#channel-filter-button"),
    "the group picker": lambda page: open_panel(page, "#channel-groups-button"),
    "the provider picker": lambda page: open_panel(page, "#stream-filter summary"),
    "streams of a channel": expanded,
    "editing in place": inline,
    "new channel": lambda page: click_dialog(page, "[href='/channels/create/']"),
    "new group": lambda page: click_dialog(page, "[href='/channels/groups/create/']"),
    "editing a channel": lambda page: choose(page, f"{FIRST} .cm-name", "Edit"),
    "deleting a channel": lambda page: choose(page, f"{FIRST} .cm-name", "Delete"),
    "deleting a group": lambda page: choose(page, "#channel-tree .cm-group:not(.is-uncategorized) .cm-group-name", "Delete"),
    "moving channels": lambda page: with_selection(page, "#channel-selection [data-act=move-selected]"),
    "numbering channels": lambda page: with_selection(page, "#channel-selection [data-act=renumber-selected]"),
    "creating channels": bulk_create,
    "the keys": lambda page: page.locator(f"{FIRST} .cm-name").first.press("?"),
    "Ctrl-K": palette,
}


@pytest.fixture
def manager(at_work: Any, site: Site) -> Any:
    news, sports = make_group("News"), make_group("Sports")
    streams = make_streams(["CNN HD", "Fox <b>"], group="US", logo_url="")
    make_channel("CNN", "1", group=news, streams=streams, guide_entry=make_entry("cnn.us"))
    make_channels(news, BBC="2", Twin="2", Unnumbered=None)
    make_channels(sports, ESPN="50")
    at_work.goto(site.url(f"/channels/?open={news.pk}"))
    at_work.locator("#channel-tree .is-current").first.wait_for()
    at_work.locator("#stream-tree .cm-group .cm-twist").first.click()
    at_work.locator("#stream-tree .cm-source").first.wait_for()
    return at_work


def test_the_channel_manager_with_anything_open_has_no_grave_violation(manager: Any) -> None:
    wrong: list[str] = []
    for name, show in OPENED.items():
        manager.reload()
        manager.locator("#channel-tree .is-current").first.wait_for()
        if not manager.locator("#stream-tree .cm-source").count():
            manager.locator("#stream-tree .cm-group .cm-twist").first.click()
            manager.locator("#stream-tree .cm-source").first.wait_for()
        show(manager)
        manager.evaluate(AT_ONCE)
        for theme, rules in AXE_RULES.items():
            manager.evaluate(PAINT, theme)
            wrong += [f"{name} {theme}: {found}" for found in grave_violations(manager, rules=rules)]
    assert not wrong, "\n".join(wrong)


def test_axe_sees_what_is_wrong(page: Any) -> None:
    page.set_content(
        '<html lang="en"><title>t</title><main><h1>h</h1><img src="x.png">'
        '<p style="color:#777;background:#888">Hard to read</p></main>'
    )
    found = grave_violations(page)
    assert [line.split(":")[0] for line in found] == ["serious color-contrast", "critical image-alt"]
    assert grave_violations(page, rules=("image-alt",)) == found[1:]
    page.complaints.clear()
