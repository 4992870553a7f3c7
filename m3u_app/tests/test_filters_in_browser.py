"""Filters in a real browser: the live count while typing, the order by keyboard and by dragging, focus that stays."""

from pathlib import Path
from typing import Any

import pytest

from m3u_app.edit_filters import FilterValues, add_filter
from m3u_app.models import Account
from m3u_app.tests.refreshing import FileAccount, playlist_of
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.fixture
def account(transactional_db: None, tmp_path: Path) -> Account:
    acme = FileAccount(tmp_path)
    acme.refresh(playlist_of("BBC news", "CNN news", "ESPN", "<b>Film</b>"))
    return acme.now()


def patterns(account: Account) -> list[str]:
    return list(account.filters.order_by("position", "pk").values_list("regex_pattern", flat=True))


def listed(page: Any) -> list[str]:
    return [text.strip() for text in page.locator(".m3u-pattern").all_inner_texts()]


def test_a_filter_is_typed_counted_saved_and_applied(at_work: Any, site: Site, account: Account, inline_tasks: None) -> None:
    at_work.goto(site.url(f"/m3u/{account.pk}/filters/"))
    at_work.get_by_role("link", name="Add filter").first.focus()
    at_work.keyboard.press("Enter")
    dialog = at_work.get_by_role("dialog", name="Add filter")
    dialog.get_by_label("Where the").select_option("name")
    dialog.get_by_label("Matches").fill("news|(")
    dialog.get_by_text("no valid pattern").wait_for()
    dialog.get_by_label("Matches").fill("news|Film")
    dialog.get_by_text("This filter drops 3 of 4 streams.").wait_for()
    dialog.get_by_text("<b>Film</b>").wait_for()
    dialog.get_by_label("Matches").focus()
    at_work.keyboard.press("Enter")
    dialog.wait_for(state="hidden")
    at_work.get_by_text("decides about 3").wait_for()
    assert listed(at_work) == ["news|Film"]
    at_work.get_by_role("button", name="Apply now").click()
    at_work.get_by_text("The filters have changed since").wait_for(state="detached")
    assert account.streams.filter(is_stale=True).count() == 3


def test_the_order_changes_by_keys_and_by_dragging(at_work: Any, site: Site, account: Account) -> None:
    for text in ("one", "two", "three"):
        add_filter(account.pk, FilterValues("name", text))
    at_work.goto(site.url(f"/m3u/{account.pk}/filters/"))
    at_work.get_by_role("button", name="Move filter 1 down").focus()
    with at_work.expect_response(lambda answer: answer.url.endswith("/filters/") and answer.request.method == "GET"):
        at_work.keyboard.press("ArrowDown")
    at_work.wait_for_function("document.activeElement.id.startsWith('filter-down-')")
    assert patterns(account) == ["two", "one", "three"]
    grips = at_work.locator("[data-grip]")
    first, last = grips.nth(0).bounding_box(), grips.nth(2).bounding_box()
    at_work.mouse.move(first["x"] + 8, first["y"] + 10)
    at_work.mouse.down()
    at_work.mouse.move(first["x"] + 8, last["y"] + 5, steps=10)
    at_work.mouse.move(first["x"] + 8, last["y"] + 25, steps=5)
    with at_work.expect_response(lambda answer: answer.url.endswith("/filters/") and answer.request.method == "GET"):
        at_work.mouse.up()
    assert patterns(account) == ["one", "three", "two"]
    at_work.reload()
    assert listed(at_work) == ["one", "three", "two"]


@pytest.mark.parametrize("width", [390, 1400])
def test_long_patterns_and_names_fit_the_screen(width: int, at_work: Any, site: Site, account: Account) -> None:
    add_filter(account.pk, FilterValues("url", "very-long-pattern|" * 11))
    Account.objects.filter(pk=account.pk).update(name="Unbroken" * 30)
    at_work.set_viewport_size({"width": width, "height": 800})
    for path in ("filters/", "filters/add/", "profiles/", "profiles/add/", "groups/", ""):
        at_work.goto(site.url(f"/m3u/{account.pk}/{path}"))
        assert at_work.evaluate("document.documentElement.scrollWidth") <= width, path
