"""The bell in a real browser: panel, keyboard, polling, news told once, a phone."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tasks_app.models import Notification, RunStatus, TaskRun
from tasks_app.notifications import run_notices
from tasks_app.notifications.notify import notify
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def working_run(**values: Any) -> TaskRun:
    run = TaskRun.objects.create(
        task_id="m3u_refresh",
        lock_key="m3u:1",
        title="M3U refresh – Acme",
        status=RunStatus.RUNNING,
        phase="importing",
        **values,
    )
    run_notices.on_run_started(run)
    return run


def end(run: TaskRun, status: RunStatus, message: str) -> None:
    run.status, run.message, run.completed_at = status, message, timezone.now()
    run.save()
    run_notices.on_run_finished(run)


def open_panel(tab: Any) -> Any:
    tab.locator("#bell-button").click()
    panel = tab.get_by_role("dialog", name="Notifications")
    panel.wait_for()
    return panel


def look_again(tab: Any) -> None:
    """What a tab does that comes back to front, instead of waiting for the next poll."""
    tab.evaluate("document.body.dispatchEvent(new CustomEvent('notifications:look', {bubbles: true}))")


def test_the_panel_works_with_the_keyboard_alone(at_work: Any, site: Site) -> None:
    for number in range(3):
        notify("warning", f"Text {number}", title=f"Number {number}", source="test", source_id=number)
    at_work.goto(site.url("/journal/"))
    at_work.locator("#bell-button").focus()
    at_work.keyboard.press("Enter")
    panel = at_work.get_by_role("dialog", name="Notifications")
    panel.wait_for()
    assert at_work.evaluate("document.activeElement.id") == "notification-panel-heading"
    panel.get_by_role("button", name="Delete: Number 1").focus()
    at_work.keyboard.press("Enter")
    panel.get_by_text("Number 1", exact=True).wait_for(state="detached")
    at_work.wait_for_function("document.activeElement.textContent.includes('Delete: Number 0')")
    panel.get_by_role("button", name="Mark as read: Number 2").focus()
    at_work.keyboard.press("Enter")
    panel.get_by_role("button", name="Mark as unread: Number 2").wait_for()
    at_work.locator("#bell-count .notification-badge", has_text="1").wait_for()
    at_work.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert at_work.evaluate("document.activeElement.id") == "bell-button"
    assert at_work.locator("#bell-button").get_attribute("aria-expanded") == "false"


def test_a_run_is_followed_in_the_panel_until_its_outcome(at_work: Any, site: Site) -> None:
    run = working_run(current=10, total=100)
    at_work.goto(site.url("/journal/"))
    panel = open_panel(at_work)
    panel.get_by_text("10/100 (10.0%)").wait_for()
    TaskRun.objects.filter(pk=run.pk).update(current=60)
    panel.get_by_text("60/100 (60.0%)").wait_for()
    panel.get_by_role("button", name="Cancel M3U refresh – Acme").click()
    panel.get_by_role("button", name="Cancel M3U refresh – Acme").get_by_text("Cancelling…").wait_for()
    run.refresh_from_db()
    assert run.cancel_requested
    end(run, RunStatus.CANCELLED, "Cancelled. What was done until then stays.")
    panel.get_by_text("What was done until then stays").wait_for()
    expect(panel.locator(".is-live")).to_have_count(0)
    assert Notification.objects.count() == 1


def test_deleting_all_from_the_panel_asks_first(at_work: Any, site: Site) -> None:
    notify("error", "Broken thing")
    at_work.goto(site.url("/journal/"))
    panel = open_panel(at_work)
    panel.get_by_role("link", name="Delete all…").click()
    asked = at_work.get_by_role("dialog", name="Delete all notifications?")
    asked.get_by_text("1 notification goes away for good, 1 of them unread").wait_for()
    asked.get_by_role("button", name="Delete all").click()
    panel.get_by_text("Nothing to tell").wait_for()
    expect(at_work.locator(".notification-badge")).to_have_count(0)


def test_the_panel_closes_by_a_second_press_and_by_a_press_beside_it(at_work: Any, site: Site) -> None:
    at_work.goto(site.url("/journal/"))
    panel = open_panel(at_work)
    panel.get_by_text("Nothing to tell").wait_for()
    at_work.locator("#bell-button").click()
    panel.wait_for(state="hidden")
    open_panel(at_work)
    at_work.mouse.click(60, 500)
    panel.wait_for(state="hidden")


def test_what_wants_to_pop_up_does_so_once_in_all_tabs_and_also_after_a_change_of_page(at_work: Any, site: Site) -> None:
    at_work.goto(site.url("/journal/"))
    other = at_work.context.new_page()
    other.goto(site.url("/tasks/"))
    notify(
        "warning", "It <b>begins</b>", source="auto_creation", metadata={"toast": True}, action_label="Look", action_url="/m3u/"
    )
    look_again(at_work)
    toast = at_work.locator(".ecm-toast", has_text="It <b>begins</b>")
    toast.wait_for()
    expect(toast.get_by_role("link", name="Look")).to_be_visible()
    look_again(other)
    other.locator("#bell-count .notification-badge", has_text="1").wait_for()
    at_work.reload()
    at_work.locator("#bell-count .notification-badge", has_text="1").wait_for()
    at_work.wait_for_timeout(700)
    expect(at_work.locator(".ecm-toast")).to_have_count(0)
    expect(other.locator(".ecm-toast")).to_have_count(0)
    other.goto("about:blank")
    notify("info", "Came while no page was open", source="auto_creation", source_id=2, metadata={"toast": True})
    at_work.goto(site.url("/tasks/"))
    at_work.locator(".ecm-toast", has_text="Came while no page was open").wait_for()
    other.close()


def test_a_new_error_is_read_out_and_other_news_is_not(at_work: Any, site: Site) -> None:
    at_work.goto(site.url("/journal/"))
    notify("success", "All fine", title="Quiet")
    look_again(at_work)
    at_work.locator("#bell-count .notification-badge", has_text="1").wait_for()
    assert at_work.locator("#announcer").inner_text() == ""
    notify("error", "It broke", title="Loud")
    look_again(at_work)
    at_work.locator("#announcer", has_text="Error. Loud: It broke").wait_for()
    assert at_work.locator("#announcer").get_attribute("aria-live") == "polite"
    expect(at_work.locator(".ecm-toast")).to_have_count(0)


def test_the_page_filters_and_deletes_after_asking(at_work: Any, site: Site) -> None:
    notify("error", "Broken thing")
    notify("info", "Fine thing")
    at_work.goto(site.url("/notifications/"))
    at_work.get_by_label("Kind").select_option("error")
    at_work.get_by_text("Fine thing", exact=True).wait_for(state="detached")
    at_work.get_by_label("Kind").select_option("")
    at_work.get_by_text("Fine thing", exact=True).wait_for()
    at_work.get_by_role("link", name="Delete all…").click()
    dialog = at_work.get_by_role("dialog", name="Delete all notifications?")
    dialog.get_by_role("button", name="Delete all").click()
    dialog.wait_for(state="hidden")
    at_work.get_by_text("Nothing to tell").wait_for()
    assert not Notification.objects.exists()


def test_on_a_phone_the_panel_is_a_sheet_that_fits(at_work: Any, site: Site) -> None:
    notify(
        "error",
        "x" * 3000,
        title="<script>alert(1)</script> " + "long " * 60,
        source="test",
        action_label="Open",
        action_url="/m3u/",
    )
    working_run(current=1, total=2, current_item="y" * 250)
    at_work.set_viewport_size({"width": 390, "height": 844})
    at_work.goto(site.url("/journal/"))
    panel = open_panel(at_work)
    box = panel.bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    assert at_work.evaluate("document.getElementById('notification-panel').scrollWidth") <= 390
    assert at_work.evaluate("document.documentElement.scrollWidth") <= 390
    panel.get_by_role("button", name="Close").click()
    panel.wait_for(state="hidden")


def test_nothing_is_asked_in_a_hidden_tab_and_at_once_when_it_comes_back(at_work: Any, site: Site) -> None:
    working_run()
    asked: list[str] = []
    at_work.on("request", lambda request: asked.append(request.url) if "/notifications/watch/" in request.url else None)
    at_work.add_init_script("window.now = Date.now; window.ahead = 0; Date.now = () => window.now() + window.ahead;")
    at_work.goto(site.url("/journal/"))
    at_work.wait_for_timeout(2600)
    assert len(asked) == 1
    hide = "(hidden) => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    at_work.evaluate(hide, True)
    at_work.wait_for_timeout(2600)
    assert len(asked) == 1
    at_work.evaluate("window.ahead = 10000")
    at_work.evaluate(hide, False)
    at_work.wait_for_timeout(300)
    assert len(asked) == 2
