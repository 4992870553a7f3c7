"""Notification settings in a real browser: dialog by keyboard, source filter, pasted recipients, unsaved test."""

from typing import Any

import pytest
from playwright.sync_api import expect

from m3u_app.models import Account
from tasks_app.alerts.method_values import stored_values
from tasks_app.models import AlertMethod
from tasks_app.tests.receivers import Reply, web_receiver

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_method_is_added_tried_and_filtered_without_a_mouse(at_work: Any, site: Any) -> None:
    Account.objects.create(name="Acme")
    page = at_work
    page.goto(site.url("/settings/notifications/"))
    page.get_by_role("link", name="Add method").press("Enter")
    page.get_by_role("link", name="ntfy, Gotify").press("Enter")
    dialog = page.locator("#dialog")
    dialog.get_by_label("Name").fill("Hook")
    with web_receiver(otherwise=Reply(200, b"{}")) as hook:
        dialog.get_by_label("Service address").fill(f"json://127.0.0.1:{hook.port}/x")
        dialog.get_by_role("button", name="Send a test").press("Enter")
        page.locator("#alert-test-result .alert-success").wait_for()
        assert hook.received[0].json["title"] == "ℹ Test message from ECM"
    assert dialog.get_by_label("Service address").input_value().startswith("json://")  # what was typed is still there
    page.locator("summary", has_text="Only about some").press("Enter")
    names = page.locator("[data-filter-names]").first
    expect(names).not_to_be_visible()
    dialog.get_by_label("M3U accounts: which").select_option("only_selected")
    dialog.get_by_label("Acme").check()
    dialog.get_by_label("Name").press("Enter")
    page.locator("#alert-methods").get_by_text("Hook").wait_for()
    dialog.wait_for(state="hidden")
    method = AlertMethod.objects.get()
    assert '"filter_mode": "only_selected"' in method.alert_sources
    page.get_by_role("button", name="Switch Hook off").press("Enter")
    page.get_by_role("button", name="Switch Hook on").wait_for()
    page.get_by_role("link", name="Delete Hook").press("Enter")
    page.locator("#dialog [data-save]").press("Enter")
    page.get_by_text("Nobody is told yet").wait_for()


def test_pasted_recipients_are_tidied_and_the_row_appears(at_work: Any, site: Any) -> None:
    page = at_work
    page.goto(site.url("/settings/notifications/"))
    field = page.get_by_label("Addresses")
    field.focus()
    page.evaluate("navigator.clipboard.writeText('a@x.io; b@x.io\\nA@X.IO, ')")
    page.keyboard.press("Control+v")
    assert field.input_value() == "a@x.io, b@x.io, A@X.IO"
    page.locator("#alert-recipients").get_by_role("button", name="Save").click()
    page.get_by_text("1 duplicate removed").wait_for()
    page.locator("#alert-recipients").get_by_text("Saved at").wait_for()
    page.locator("#alert-methods").get_by_text("E-mail alerts").wait_for()
    assert stored_values(AlertMethod.objects.get()) == {"to_emails": ["a@x.io", "b@x.io"]}
    page.get_by_label("Server", exact=True).fill("not a server")
    page.locator("#alert-mail-server").get_by_role("button", name="Save").click()
    page.get_by_text("This is not the name of a server").wait_for()
