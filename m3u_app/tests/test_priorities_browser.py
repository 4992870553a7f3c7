"""The form of priorities in a real browser: moved by keys, errors beside the box, saved with Enter."""

from typing import Any

import pytest

from m3u_app.models import Account
from m3u_app.tests.account_samples import make_account
from tests.browser.axe import grave_violations
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def test_accounts_are_moved_by_keys_and_saved_together(at_work: Any, site: Site) -> None:
    for name in ("Alpha", "Beta", "Gamma"):
        make_account(name=name)
    gamma = Account.objects.get(name="Gamma").pk
    at_work.goto(site.url("/m3u/"))
    at_work.get_by_role("link", name="Priorities", exact=True).click()
    at_work.locator(".mp-rows").wait_for()
    box = at_work.locator(f"#priority-{gamma}")
    box.press("Alt+ArrowUp")
    at_work.locator(".mp-rows > li:nth-child(2) .mp-name", has_text="Gamma").wait_for()
    assert box.evaluate("box => box === document.activeElement")
    assert box.input_value() == "1"
    assert grave_violations(at_work) == []
    box.fill("1000")
    box.press("Enter")
    at_work.locator(f"#priority-error-{gamma}", has_text="whole number from 0 to 100").wait_for()
    box.fill("10")
    box.press("Enter")
    at_work.locator(".ecm-toast-text", has_text="Saved the priorities of 2 accounts.").wait_for()
    assert dict(Account.objects.values_list("name", "priority")) == {"Alpha": 2, "Beta": 0, "Gamma": 10}
    assert at_work.locator("dialog[open]").count() == 0


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_page_is_readable_in_both_colours_and_on_phones(at_work: Any, site: Site, theme: str) -> None:
    make_account(name="A" * 200)
    make_account(name="Locked", locked=True)
    at_work.set_viewport_size({"width": 390, "height": 800})
    at_work.goto(site.url("/m3u/priorities/"))
    at_work.evaluate("theme => document.documentElement.setAttribute('data-bs-theme', theme)", theme)
    at_work.wait_for_timeout(500)  # colours fade
    assert at_work.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert grave_violations(at_work) == []
