"""The keyboard's place under the bell and on Settings → Notifications: a button that was pressed keeps the focus."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tasks_app import queueing
from tasks_app.alerts.edit_methods import create_method
from tasks_app.models import AlertMethod, RunStatus, TaskRun
from tasks_app.notifications import run_notices
from tasks_app.tests.receivers import Reply, web_receiver
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def press(tab: Any, button: Any) -> None:
    button.focus()
    tab.keyboard.press("Enter")


def test_trying_again_keeps_the_focus_and_starts_one_run(at_work: Any, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "enqueue", lambda run_id: True)
    run = TaskRun.objects.create(
        task_id="m3u_refresh",
        lock_key="m3u_refresh",
        title="M3U Refresh – all accounts",
        parameters={"account_ids": []},
        status=RunStatus.FAILED,
        message="No.",
        completed_at=timezone.now(),
    )
    run_notices.on_run_finished(run)
    at_work.goto(site.url("/notifications/"))
    button = at_work.get_by_role("button", name="Try again")
    press(at_work, button)
    at_work.keyboard.press("Enter")
    at_work.locator(".ecm-toast", has_text="has been started").wait_for()
    expect(button).to_be_focused()
    assert TaskRun.objects.count() == 2


def test_stopping_a_run_under_the_bell_keeps_the_focus(at_work: Any, site: Site) -> None:
    run = TaskRun.objects.create(task_id="m3u_refresh", lock_key="m3u:1", title="M3U Refresh – Acme", status=RunStatus.RUNNING)
    run_notices.on_run_started(run)
    at_work.goto(site.url("/notifications/"))
    button = at_work.locator(f"#notification-list #bell-cancel-{run.pk}")
    press(at_work, button)
    expect(button).to_have_text("Cancelling…")
    expect(button).to_be_focused()


@pytest.fixture
def hook() -> Iterator[AlertMethod]:
    with web_receiver(otherwise=Reply(200, b"{}")) as receiver:
        config = {"url": f"json://127.0.0.1:{receiver.port}/x"}
        yield create_method("apprise", {"name": "Hook", "config": config}).method
        assert len(receiver.received) == 1


def test_what_is_saved_and_tried_on_the_page_of_alerts_keeps_the_focus(at_work: Any, site: Site, hook: AlertMethod) -> None:
    at_work.goto(site.url("/settings/notifications/"))
    card = at_work.locator("#alert-digest")
    save = card.get_by_role("button", name="Save")
    press(at_work, save)
    card.get_by_text("Saved at").wait_for()
    expect(save).to_be_focused()
    reports = at_work.locator("#alert-discord")
    test = reports.get_by_role("button", name="Send a test")
    press(at_work, test)
    expect(reports.locator(".alert-answer > *").first).to_be_visible()
    expect(test).to_be_focused()
    tried = at_work.locator(f"#alert-try-{hook.pk}")
    with at_work.expect_response("**/test/"):
        press(at_work, tried)
    expect(tried).to_be_focused()
    switch = at_work.locator(f"#alert-switch-{hook.pk}")
    press(at_work, switch)
    expect(switch).to_contain_text("Switch on")
    expect(switch).to_be_focused()
