"""Selecting, editing and saved views in a real browser: all that match with a number that changes, keys, ranges, phones."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from channels_app.models import Channel, SavedView
from channels_app.tests.lineup_fixtures import make_channel, make_channels, make_group
from tests.browser.axe import grave_violations
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.fixture
def lineup() -> dict[str, Any]:
    news, sports = make_group("News"), make_group("Sports")
    channels = make_channels(news, CNN="1", BBC="2", Sky="3", Fox="4") | make_channels(sports, ESPN="50", DAZN="51")
    return {"news": news, "sports": sports, **channels}


# Colours that are still fading from one theme to the other measure nothing.
PAINT = """(theme) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, ::before, ::after { transition: none !important; animation: none !important; }");
  document.adoptedStyleSheets = [sheet];
  document.documentElement.setAttribute("data-bs-theme", theme);
}"""


def open_manager(page: Any, site: Site, query: str = "") -> None:
    page.goto(site.url(f"/channels/{query}"))
    page.locator("#channel-tree .is-current").first.wait_for()  # the scripts have begun


def unfold(page: Any, selector: str) -> None:
    page.locator(f"{selector} .cm-twist").first.click()
    page.locator(f"{selector} .cm-channel").first.wait_for()


def until(page: Any, condition: str) -> None:
    """Wait until a script expression is true. (The page's own policy forbids Playwright to poll by itself.)"""
    for _attempt in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never became true: {condition}")


def selected(page: Any, text: str) -> None:
    until(page, f"document.querySelector('#channel-selection [data-count]').textContent === '{text}'")


def says(page: Any, text: str) -> None:
    page.locator(".ecm-toast-text", has_text=text).first.wait_for()


def name_of(page: Any, item: Channel) -> Any:
    return page.locator(f"#c{item.pk} .cm-name")


def test_everything_that_matches_is_selected_and_the_number_is_checked_again(
    at_work: Any, site: Site, lineup: dict[str, Any]
) -> None:
    open_manager(at_work, site)
    unfold(at_work, f"#g{lineup['news'].pk}")
    name_of(at_work, lineup["CNN"]).focus()
    at_work.keyboard.press("Control+a")
    selected(at_work, "4 selected")
    offer = at_work.get_by_role("button", name="Select all 6 matching")
    name_of(at_work, lineup["CNN"]).click(modifiers=["Control"])
    offer.wait_for(state="hidden")  # not every row in sight is ticked
    name_of(at_work, lineup["CNN"]).click(modifiers=["Control"])
    offer.click()
    selected(at_work, "6 selected")
    until(at_work, "document.getElementById('announcer').textContent.includes('6 channels that match selected')")
    assert at_work.locator(f"#gh{lineup['sports'].pk} .cm-pick").is_checked()  # a group that was never opened
    at_work.keyboard.press("e")
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_role("heading", name="Edit 6 channels").wait_for()
    dialog.get_by_label("Put in front").fill("UK: ")
    dialog.get_by_role("cell", name="UK: CNN", exact=True).wait_for()
    make_channel("Late", "99")  # by somebody else
    dialog.get_by_role("button", name="Change 6 channels").click()
    dialog.get_by_text("You confirmed 6 channels, now it is 7. Look again.").first.wait_for()
    assert not Channel.objects.filter(name__startswith="UK: ").exists()
    dialog.get_by_role("button", name="Change 7 channels").click()
    says(at_work, "Changed 7 channels.")
    assert Channel.objects.filter(name__startswith="UK: ").count() == 7
    until(at_work, f"document.querySelector('#c{lineup['CNN'].pk} .cm-name').textContent === 'UK: CNN'")
    at_work.get_by_role("button", name="Undo").click()
    until(at_work, f"document.querySelector('#c{lineup['CNN'].pk} .cm-name').textContent === 'CNN'")
    assert not Channel.objects.filter(name__startswith="UK: ").exists()


def test_another_filter_ends_the_selection_of_all_that_match_with_words(
    at_work: Any, site: Site, lineup: dict[str, Any]
) -> None:
    open_manager(at_work, site)
    at_work.locator(f"#gh{lineup['news'].pk} .cm-twist").focus()
    at_work.keyboard.press("Control+a")  # every group is closed
    selected(at_work, "6 selected")
    at_work.locator("#channel-search").fill("s")
    says(at_work, "The filter changed")
    at_work.locator("#channel-selection").wait_for(state="hidden")
    name_of(at_work, lineup["ESPN"]).click()
    selected(at_work, "1 selected")
    at_work.locator("#channel-search").fill("cnn")
    at_work.locator("#channel-selection", has_text="also those the filter does not show").wait_for()
    selected(at_work, "1 selected")
    at_work.locator("#channel-search").fill("")
    name_of(at_work, lineup["CNN"]).wait_for(state="hidden")  # the groups are closed as they were
    at_work.get_by_role("button", name="Clear", exact=True).click()
    until(at_work, "document.getElementById('announcer').textContent.includes('Nothing is selected')")


def test_taking_one_row_off_leaves_what_was_ticked(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    unfold(at_work, f"#g{lineup['news'].pk}")
    name_of(at_work, lineup["CNN"]).focus()
    at_work.keyboard.press("Control+a")
    selected(at_work, "4 selected")
    at_work.keyboard.press("Control+a")  # again: all that match
    selected(at_work, "6 selected")
    name_of(at_work, lineup["BBC"]).focus()
    at_work.keyboard.press("Space")
    selected(at_work, "3 selected")
    assert not at_work.locator(f"#gh{lineup['sports'].pk} .cm-pick").is_checked()
    assert at_work.evaluate(f"document.querySelector('#gh{lineup['news'].pk} .cm-pick').indeterminate")
    name_of(at_work, lineup["Sky"]).click(button="right")  # ticked: the menu is about all that is
    at_work.get_by_role("menu").get_by_text("3 channels").wait_for()
    at_work.keyboard.press("Escape")
    selected(at_work, "3 selected")  # Escape closes the menu first
    name_of(at_work, lineup["BBC"]).click(button="right")
    selected(at_work, "1 selected")
    at_work.keyboard.press("Escape")
    at_work.keyboard.press("Escape")
    at_work.locator("#channel-selection").wait_for(state="hidden")


def test_ranges_follow_the_order_that_is_shown(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site, "?sort=name")
    unfold(at_work, f"#g{lineup['news'].pk}")
    assert at_work.locator(f"#g{lineup['news'].pk} .cm-name").all_inner_texts() == ["BBC", "CNN", "Fox", "Sky"]
    name_of(at_work, lineup["BBC"]).click()
    name_of(at_work, lineup["Fox"]).click(modifiers=["Shift"])
    selected(at_work, "3 selected")
    at_work.locator("#channel-selection [data-url='bulk-edit/']").click()
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_label("Number", exact=True).select_option("start")
    dialog.get_by_label("Number or distance").fill("10")
    dialog.get_by_role("cell", name="12", exact=True).wait_for()
    dialog.get_by_role("button", name="Change 3 channels").click()
    says(at_work, "Changed 3 channels.")
    numbers = dict(Channel.objects.filter(number__lt=20).values_list("name", "number"))
    assert numbers == {"BBC": 10, "CNN": 11, "Fox": 12, "Sky": 3}
    name_of(at_work, lineup["BBC"]).focus()
    at_work.keyboard.press("Alt+ArrowDown")
    says(at_work, "not sorted by number")


def test_what_is_typed_stays_while_the_preview_follows_and_errors_stand_beside_it(
    at_work: Any, site: Site, lineup: dict[str, Any]
) -> None:
    open_manager(at_work, site)
    unfold(at_work, f"#g{lineup['news'].pk}")
    name_of(at_work, lineup["CNN"]).focus()
    at_work.keyboard.press("e")  # a row that is not ticked speaks for itself
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_role("heading", name="Edit 1 channel").wait_for()
    dialog.get_by_label("Find").focus()
    at_work.keyboard.type("(")
    dialog.get_by_label("Regular expression").check()
    dialog.locator("#be-error-find", has_text="no valid pattern").wait_for()
    dialog.get_by_label("Find").focus()
    at_work.keyboard.press("End")
    at_work.keyboard.type("N+)")
    dialog.get_by_label("Replace with").fill("[$1]")
    dialog.get_by_role("cell", name="C[NN]", exact=True).wait_for()
    assert dialog.locator("#be-error-find").inner_text() == ""
    assert dialog.get_by_label("Find").input_value() == "(N+)"
    at_work.keyboard.press("Enter")
    says(at_work, "Changed 1 channel.")
    until(at_work, f"document.querySelector('#c{lineup['CNN'].pk} .cm-name').textContent === 'C[NN]'")


def test_a_view_is_saved_changed_and_picked_with_the_keyboard_alone(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    at_work.keyboard.press("/")
    at_work.keyboard.type("s")
    at_work.locator("#channel-chips", has_text="2 channels shown").wait_for()
    button = at_work.locator("#channel-views-button")
    button.focus()
    at_work.keyboard.press("Enter")
    menu = at_work.get_by_role("menu", name="Saved views")
    at_work.keyboard.press("ArrowDown")
    assert at_work.evaluate("document.activeElement.textContent.trim()") == "Save as a view…"
    at_work.keyboard.press("Enter")
    at_work.get_by_role("dialog").get_by_label("Name").wait_for()
    at_work.keyboard.type("With s")
    at_work.keyboard.press("Enter")
    says(at_work, "Saved the view “With s”")
    until(at_work, "document.activeElement.id === 'channel-views-button'")
    view = SavedView.objects.get()
    at_work.wait_for_url("**/channels/?q=s&view=*")
    assert view.values == {"query": "q=s"}
    assert button.inner_text().split() == ["View", "With", "s"]
    at_work.locator("#channel-search").fill("cnn")
    at_work.locator("#channel-views [data-view-changed]").wait_for()
    button.focus()
    at_work.keyboard.press("Enter")
    menu.get_by_role("menuitem", name="Save the changes").press("Enter")
    says(at_work, "Saved the changes to “With s”")
    view.refresh_from_db()
    assert view.values == {"query": "q=cnn"}
    button.focus()
    at_work.keyboard.press("Enter")
    menu.get_by_role("menuitem", name="All channels").press("Enter")
    at_work.wait_for_url("**/channels/?all=1")
    at_work.locator("#channel-tree .is-current").first.wait_for()
    button.focus()
    at_work.keyboard.press("Enter")
    menu.get_by_role("menuitem", name="With s").press("Enter")
    at_work.locator("#channel-chips", has_text="1 channel shown").wait_for()
    assert button.inner_text().split() == ["View", "With", "s"]


def test_on_a_phone_the_offer_and_the_dialog_fit(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    at_work.set_viewport_size({"width": 390, "height": 844})
    open_manager(at_work, site)
    at_work.locator(f"#gh{lineup['news'].pk} .cm-pick").check()
    at_work.get_by_role("button", name="Select all 6 matching").click()
    selected(at_work, "6 selected")
    at_work.locator("#channel-selection [data-url='bulk-edit/']").click()
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_label("Put behind").fill(" HD")
    dialog.get_by_text("6 channels change").wait_for()
    assert at_work.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert at_work.evaluate(
        "(() => { const b = document.querySelector('#bulk-edit'); return b.scrollWidth <= b.clientWidth; })()"
    )


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_dialog_menu_and_page_keep_nobody_out(at_work: Any, site: Site, lineup: dict[str, Any], theme: str) -> None:
    ids = ",".join(str(item.pk) for item in (lineup["CNN"], lineup["BBC"]))
    at_work.goto(
        site.url(f"/channels/bulk-edit/?channel={ids}&step=1&find=NN&front=&number=start&number_value=50&logo=set&logo_value=x")
    )
    at_work.get_by_text("New logo address:").wait_for()
    at_work.evaluate(PAINT, theme)
    assert grave_violations(at_work) == []
    SavedView.objects.create(user=User.objects.get(username="alice"), name="Mine", values={"query": "q=s"})
    for path in ("/channels/views/?q=x", "/channels/views/save/?q=x", "/channels/?q=s"):
        at_work.goto(site.url(path))
        at_work.evaluate(PAINT, theme)
        assert grave_violations(at_work) == [], path
    at_work.locator("#channel-tree .is-current").first.wait_for()
    at_work.locator("#channel-views-button").click()
    at_work.get_by_role("menu", name="Saved views").wait_for()
    assert grave_violations(at_work, within=".cm-menu") == []
