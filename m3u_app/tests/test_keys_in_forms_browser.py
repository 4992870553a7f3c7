"""Enter and the keyboard's place on the pages of accounts in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import expect

from m3u_app.tests.account_samples import make_account, make_groups
from tasks_app import queueing
from tasks_app.models import TaskRun
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def test_enter_on_a_group_saves_what_was_switched_and_nothing_else(
    at_work: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queueing, "enqueue", lambda run_id: True)
    account = make_account("Acme")
    make_groups(account, *(f"Group {index}" for index in range(8)), enabled=False)
    at_work.goto(site.url(f"/m3u/{account.pk}/groups/"))
    boxes = at_work.locator("input[name=enabled]")
    boxes.nth(2).focus()
    at_work.keyboard.press("Enter")  # nothing is switched yet: there is nothing to save
    at_work.locator(".ecm-toast", has_text="No group was changed.").wait_for()
    expect(at_work.locator("input[name=enabled]:checked")).to_have_count(0)
    for saved in (1, 2):  # after the first save the form begins with "Refresh now"
        boxes.nth(saved).focus()
        at_work.keyboard.press("Space")
        at_work.get_by_text("Not saved yet: 1 switched singly.").wait_for()
        at_work.keyboard.press("Enter")
        at_work.get_by_text("Nothing changed yet.").wait_for()
        expect(at_work.locator("input[name=enabled]:checked")).to_have_count(saved)
        at_work.get_by_text("Saved. What is imported changes with the next refresh.").wait_for()
        assert account.groups.filter(enabled=True).count() == saved
        expect(boxes.nth(saved)).to_be_focused()
    assert not TaskRun.objects.exists()


def test_the_preview_of_the_digest_leaves_the_keyboard_where_it_is(at_work: Any, site: Site) -> None:
    at_work.goto(site.url("/settings/m3u-digest/"))
    button = at_work.get_by_role("button", name="Preview")
    button.focus()
    at_work.keyboard.press("Enter")
    expect(at_work.locator("#digest-answer > *").first).to_be_visible()
    expect(button).to_be_focused()
