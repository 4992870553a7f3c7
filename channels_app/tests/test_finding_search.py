"""Searching while typing: nothing is lost when the server fails, older answers never replace newer ones (10 §3)."""

from typing import Any

import pytest
from playwright.sync_api import expect

from channels_app.models import Channel
from channels_app.tests.lineup_fixtures import make_channels, make_group, make_streams
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.fixture
def manager(at_work: Any, site: Site) -> Any:
    news = make_group("News")
    make_channels(news, CNN="1", BBC="2", Sky="3")
    make_streams(["CNN HD", "Fox"])
    at_work.goto(site.url(f"/channels/?open={news.pk}"))
    at_work.locator("#channel-tree .is-current").first.wait_for()
    return at_work


def names(page: Any) -> Any:
    return page.locator("#channel-tree .cm-name")


def test_an_error_keeps_the_list_and_offers_another_try(manager: Any) -> None:
    manager.route("**/channels/tree/**", lambda route: route.fulfill(status=500, body="broken"))
    manager.locator("#channel-search").fill("bb")
    retry = manager.get_by_role("button", name="Try again")
    retry.wait_for()
    expect(names(manager)).to_have_text(["CNN", "BBC", "Sky"])
    manager.unroute("**/channels/tree/**")
    retry.click()
    expect(names(manager)).to_have_text(["BBC"])
    expect(manager.locator("#channel-search")).to_have_value("bb")
    manager.complaints.clear()


def test_a_search_changes_what_is_shown_and_not_what_is_selected(manager: Any) -> None:
    cnn = Channel.objects.get(name="CNN")
    manager.locator(f"#c{cnn.pk} .cm-pick").check()
    manager.locator("#channel-search").fill("sky")
    expect(names(manager)).to_have_text(["Sky"])
    expect(manager.locator("#channel-selection [data-count]")).to_have_text("1 selected")
    manager.locator("#channel-search").fill("")
    expect(names(manager)).to_have_text(["CNN", "BBC", "Sky"])
    expect(manager.locator(f"#c{cnn.pk} .cm-pick")).to_be_checked()


def test_an_answer_that_comes_late_does_not_replace_a_newer_one(manager: Any) -> None:
    waiting: list[Any] = []

    def slow_first(route: Any) -> None:
        if route.request.url.split("q=")[1].startswith("c"):
            waiting.append(route)  # never answered while the second is
        else:
            route.continue_()

    manager.route("**/channels/tree/**", slow_first)
    manager.locator("#channel-search").fill("c")
    for _attempt in range(50):
        if waiting:
            break
        manager.wait_for_timeout(100)
    manager.locator("#channel-search").fill("sky")
    expect(names(manager)).to_have_text(["Sky"])
    for route in waiting:
        route.abort()
    manager.wait_for_timeout(200)
    expect(names(manager)).to_have_text(["Sky"])
    expect(manager.locator(".ecm-toast-error")).to_have_count(0)
    manager.complaints.clear()


def test_a_stream_selection_survives_a_change_of_search(manager: Any) -> None:
    manager.locator("#stream-search").fill("fox")
    manager.locator("#stream-tree .cm-source .cm-pick").check()
    manager.locator("#stream-search").fill("cnn")
    expect(manager.locator("#stream-tree .cm-stream-name")).to_have_text(["CNN HD"])
    expect(manager.locator("#stream-selection [data-count]")).to_have_text("1 selected")
