"""The frame of all pages in a real browser: colours, menu, dialogs, toasts, errors, keyboard."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from ecm_site.conf import get_settings
from ecm_site.models import UserPreferences
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def theme(page: Any) -> str:
    return page.evaluate("document.documentElement.dataset.bsTheme")


def is_high_contrast(page: Any) -> bool:
    return page.evaluate("document.documentElement.dataset.ecmContrast === 'high'")


def choose(page: Any, name: str) -> None:
    """Choose colours in the menu and wait until the server knows."""
    page.get_by_role("button", name="Colours").click()
    with page.expect_response("**/account/theme/") as answer:
        page.get_by_role("button", name=name).click()
    assert answer.value.status == 204


def test_colours_are_chosen_at_once_and_stay(at_work: Any, site: Site) -> None:
    at_work.goto(site.url("/"))
    assert theme(at_work) == "dark"
    choose(at_work, "Light")
    assert theme(at_work) == "light"
    at_work.goto(site.url("/settings/general/"))
    assert theme(at_work) == "light"
    choose(at_work, "High contrast")
    assert (theme(at_work), is_high_contrast(at_work)) == ("dark", True)
    at_work.context.clear_cookies(name="sessionid")
    at_work.goto(site.url("/sign-in/"))
    assert is_high_contrast(at_work)
    choose(at_work, "As in the settings")
    assert (theme(at_work), is_high_contrast(at_work)) == ("dark", False)


def test_colours_can_follow_the_device(at_work: Any, site: Site) -> None:
    at_work.emulate_media(color_scheme="light")
    at_work.goto(site.url("/"))
    assert theme(at_work) == "dark"
    choose(at_work, "Like this device")
    assert theme(at_work) == "light"
    at_work.emulate_media(color_scheme="dark")
    at_work.locator("html[data-bs-theme=dark]").wait_for()


@pytest.mark.parametrize(("choice", "device", "expected"), [("light", "dark", "light"), ("system", "light", "light")])
def test_the_theme_is_set_before_anything_is_painted(at_work: Any, site: Site, choice: str, device: str, expected: str) -> None:
    """No flash: the attribute is there when the parser reaches the body, before deferred scripts run."""
    UserPreferences.objects.create(user=User.objects.get(username="alice"), theme=choice)
    at_work.add_init_script(
        "new MutationObserver(() => { if (document.body && !window.early) "
        "window.early = document.documentElement.dataset.bsTheme }).observe(document, {childList: true, subtree: true})"
    )
    at_work.emulate_media(color_scheme=device)
    at_work.goto(site.url("/"))
    assert at_work.evaluate("window.early") == expected


def test_the_settings_show_colours_before_they_are_saved(at_work: Any, site: Site) -> None:
    at_work.goto(site.url("/settings/appearance/"))
    at_work.get_by_role("group", name="Colours").get_by_role("radio", name="High contrast").check()
    assert is_high_contrast(at_work)
    at_work.on("dialog", lambda dialog: dialog.accept())  # leaving without saving asks
    at_work.goto(site.url("/"))
    assert not is_high_contrast(at_work)
    at_work.goto(site.url("/settings/appearance/"))
    at_work.get_by_role("group", name="Colours").get_by_role("radio", name="High contrast").check()
    at_work.get_by_role("button", name="Save", exact=True).click()
    at_work.get_by_text("Appearance: saved.").wait_for()
    assert is_high_contrast(at_work)


def test_the_settings_menu_folds_on_a_phone(at_work: Any, site: Site) -> None:
    at_work.set_viewport_size({"width": 390, "height": 844})
    at_work.goto(site.url("/settings/guide/"))
    menu = at_work.get_by_role("navigation", name="Sections of the settings")
    expect(menu).not_to_be_visible()
    at_work.locator("summary", has_text="Guide").click()
    menu.get_by_role("link", name="Channel Defaults").click()
    at_work.wait_for_url("**/settings/channel-defaults/")


def test_the_menu_marks_the_page_and_folds_on_a_phone(at_work: Any, site: Site) -> None:
    at_work.goto(site.url("/settings/guide/"))
    menu = at_work.get_by_role("navigation", name="Main")
    assert menu.get_by_role("link", name="Settings").get_attribute("aria-current") == "page"
    expect(menu.locator("[aria-current]")).to_have_count(1)
    at_work.set_viewport_size({"width": 390, "height": 844})
    expect(menu).not_to_be_visible()
    at_work.get_by_role("button", name="Menu").click()
    at_work.get_by_role("link", name="Journal").wait_for(state="visible")
    assert at_work.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_keyboard_skips_the_menu(at_work: Any, site: Site) -> None:
    at_work.goto(site.url("/"))
    at_work.keyboard.press("Tab")
    assert at_work.evaluate("document.activeElement.textContent") == "Skip to the page"
    at_work.keyboard.press("Enter")
    assert at_work.evaluate("document.activeElement.id") == "main"


def test_a_dialog_opens_closes_and_gives_the_focus_back(at_work: Any, site: Site) -> None:
    install_demo_rows()
    at_work.goto(site.url("/welcome/"))
    opener = at_work.get_by_role("link", name="Remove the demo")
    opener.focus()
    at_work.keyboard.press("Enter")
    dialog = at_work.get_by_role("dialog", name="Remove the demo?")
    dialog.wait_for()
    at_work.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert at_work.evaluate("document.activeElement.textContent") == "Remove the demo"
    opener.click()
    dialog.get_by_role("link", name="Keep it").click()
    dialog.wait_for(state="hidden")
    assert at_work.url.endswith("/welcome/")
    assert at_work.locator("#dialog-body").inner_html() == ""


def test_a_dialog_that_succeeds_closes_toasts_and_refreshes_the_page(at_work: Any, site: Site) -> None:
    install_demo_rows()
    at_work.goto(site.url("/welcome/"))
    at_work.get_by_role("link", name="Remove the demo").click()
    at_work.get_by_role("button", name="Remove the demo").click()
    at_work.get_by_text("The demo is gone").wait_for()
    at_work.get_by_role("dialog").wait_for(state="hidden")
    at_work.get_by_role("button", name="Try the demo").wait_for()


def test_an_answer_with_errors_stays_in_the_dialog(at_work: Any, site: Site) -> None:
    at_work.route(
        "**/welcome/demo/remove/",
        lambda route: route.fulfill(
            status=422 if route.request.method == "POST" else 200,
            content_type="text/html",
            body='<form hx-post="/welcome/demo/remove/" hx-target="this" hx-swap="outerHTML"><h2>Title</h2>'
            f'<input class="{"is-invalid" if route.request.method == "POST" else ""}" name="a"><input name="b">'
            "<button>Send</button></form>",
        ),
    )
    install_demo_rows()
    at_work.goto(site.url("/welcome/"))
    at_work.get_by_role("link", name="Remove the demo").click()
    at_work.locator("#dialog-body input[name=b]").focus()
    at_work.get_by_role("button", name="Send").click()
    at_work.locator("#dialog-body .is-invalid:focus").wait_for()
    expect(at_work.get_by_role("dialog", name="Title")).to_be_visible()


def test_a_server_that_is_gone_is_told_with_a_way_to_try_again(at_work: Any, site: Site) -> None:
    install_demo_rows()
    at_work.goto(site.url("/welcome/"))
    at_work.route("**/welcome/demo/remove/", lambda route: route.abort())
    at_work.get_by_role("link", name="Remove the demo").click()
    alert = at_work.get_by_role("alert").filter(has_text="does not answer")
    alert.wait_for()
    at_work.unroute("**/welcome/demo/remove/")
    at_work.complaints.clear()
    alert.get_by_role("button", name="Try again").click()
    at_work.get_by_role("dialog", name="Remove the demo?").wait_for()


@pytest.mark.parametrize(
    ("status", "kind", "body", "words"),
    [
        (500, "text/html", "<h1>Traceback</h1>", "error of its own"),
        (404, "text/html", "<h1>Not found</h1>", "does not exist any more"),
        (409, "text/plain", "A refresh is running. Wait for it.", "A refresh is running. Wait for it."),
        (403, "text/plain", "<b>no</b>", "<b>no</b>"),
    ],
)
def test_a_refusal_is_shown_in_words_and_never_as_markup(
    at_work: Any, site: Site, status: int, kind: str, body: str, words: str
) -> None:
    install_demo_rows()
    at_work.goto(site.url("/welcome/"))
    at_work.route("**/welcome/demo/remove/", lambda route: route.fulfill(status=status, content_type=kind, body=body))
    at_work.get_by_role("link", name="Remove the demo").click()
    at_work.get_by_role("alert").get_by_text(words).wait_for()
    at_work.complaints.clear()


def test_an_ended_sign_in_keeps_the_page_and_leads_back_to_it(at_work: Any, site: Site) -> None:
    install_demo_rows()
    at_work.goto(site.url("/welcome/"))
    at_work.context.clear_cookies()
    at_work.get_by_role("link", name="Remove the demo").click()
    at_work.get_by_role("alert").get_by_role("link", name="Sign in").click()
    at_work.wait_for_url(re.compile(r"/sign-in/\?next=/welcome/"))
    at_work.complaints.clear()


def test_polling_rests_in_a_hidden_tab(at_work: Any, site: Site) -> None:
    from tasks_app.models import RunStatus, TaskRun

    TaskRun.objects.create(task_id="m3u_refresh", lock_key="m3u:1", title="Refresh", status=RunStatus.RUNNING)
    asked: list[str] = []

    def note(request: Any) -> None:
        if request.headers.get("hx-request") and "/notifications/" not in request.url:  # the bell has a pace of its own
            asked.append(request.url)

    at_work.on("request", note)
    at_work.goto(site.url("/"))
    at_work.wait_for_timeout(3600)
    assert len(asked) == 1
    at_work.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    at_work.wait_for_timeout(3600)
    assert len(asked) == 1
    at_work.evaluate("Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    at_work.wait_for_timeout(3600)
    assert len(asked) == 2


def test_leaving_a_page_with_unsaved_changes_asks(at_work: Any, site: Site) -> None:
    asked: list[str] = []
    at_work.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    at_work.goto(site.url("/settings/guide/"))
    at_work.get_by_label("Keep past programmes").fill("30")
    at_work.get_by_role("link", name="General").click()
    at_work.wait_for_url("**/settings/general/")
    assert asked == ["beforeunload"]
    at_work.goto(site.url("/settings/guide/"))
    at_work.get_by_label("Keep past programmes").fill("30")
    at_work.get_by_role("button", name="Save").click()
    at_work.get_by_text("Guide: saved.").wait_for()
    assert asked == ["beforeunload"]
    at_work.get_by_label("Keep past programmes").fill("-1")
    at_work.get_by_role("button", name="Save").click()
    at_work.locator("#id_epg_keep_past_hours_errors").wait_for()
    at_work.get_by_role("link", name="General").click()
    at_work.wait_for_url("**/settings/general/")
    assert asked == ["beforeunload"] * 2, "what was refused is still unsaved"


def test_two_tabs_on_one_settings_page_lose_nothing(at_work: Any, site: Site) -> None:
    from playwright.sync_api import expect

    other = at_work.context.new_page()
    for tab in (at_work, other):
        tab.goto(site.url("/settings/guide/"))
    at_work.get_by_label("Keep past programmes").fill("30")
    at_work.get_by_role("button", name="Save").click()
    at_work.get_by_text("Guide: saved.").wait_for()
    other.get_by_label("Keep past programmes").fill("40")
    other.get_by_role("button", name="Save").click()
    other.get_by_text("This was changed to “30” after you opened the page").wait_for()
    other.get_by_role("button", name="Save").click()
    other.get_by_text("Guide: saved.").wait_for()
    assert get_settings().epg_keep_past_hours == 40
    other.get_by_role("button", name="Undo").click()
    other.get_by_text("Undone: Changed settings under Guide").wait_for()
    assert get_settings().epg_keep_past_hours == 30
    expect(other.get_by_label("Keep past programmes")).to_have_value("30")


def test_setup_and_sign_in_work_without_a_mouse(page: Any, site: Site) -> None:
    page.goto(site.url("/"))
    page.wait_for_url("**/setup/")
    for words in ("alice", "alice@example.org", "correct horse", "correct horse"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/welcome/")
    assert User.objects.get().username == "alice"
    page.get_by_role("button", name="Account of alice").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in/")
    page.get_by_text("You are signed out.").wait_for()
    page.keyboard.type("alice")
    page.keyboard.press("Tab")
    page.keyboard.type("correct horse")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Dashboard").wait_for()


@pytest.mark.parametrize("card", ["Add a provider", "Add a guide"])
def test_the_cards_of_the_wizard_open_their_forms(at_work: Any, site: Site, card: str) -> None:
    at_work.goto(site.url("/welcome/"))
    at_work.locator("#welcome .btn").get_by_text(card, exact=True).click()
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_label("Name", exact=False).first.wait_for()
    at_work.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert at_work.url.endswith("/welcome/")


def install_demo_rows() -> None:
    """The demo as rows alone: these tests are about the frame, not about importing."""
    from ecm_site.demo import files
    from m3u_app.models import Account

    for name, path in files.playlist_paths().items():
        Account.objects.create(name=name, file_path=str(path))


def test_the_names_in_the_menu_never_break_over_two_lines(at_work: Any, site: Site) -> None:
    at_work.goto(site.url("/journal/"))
    for width in (1000, 1100, 1200, 1280, 1366, 1400):
        at_work.set_viewport_size({"width": width, "height": 800})
        names = at_work.locator(".ecm-navbar .nav-item > a.nav-link")
        heights = names.evaluate_all("links => links.map(link => link.getBoundingClientRect().height)")
        assert 30 < max(heights) < 45, f"at {width} px"
        assert at_work.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"at {width} px"
