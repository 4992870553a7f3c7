"""A list that reloads itself misses nothing that the page is told while its answer is on the way.

Its answer replaces it, and what htmx queued for it leaves with it: the list in its place has to ask once more."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Error, expect

from epg_app.models import GuideSource
from epg_app.tests.samples import make_source
from m3u_app.models import Account
from m3u_app.tests.account_samples import make_account
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]

QUIET_MS = 600  # long enough for a question that should not be asked
ADD_PART = """(html) => {
  document.querySelector("main").insertAdjacentHTML("beforeend", `<div id="whole">${html}</div>`);
  window.htmx.process(document.getElementById("whole"));
}"""
REPLACE_WHOLE = """() => window.htmx.swap("#whole", '<div id="whole">new</div>', {swapStyle: "outerHTML"})"""
TELLS_AFTER_SWAP = """() => document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "part") window.setTimeout(() => window.htmx.trigger(document.body, "guides:changed"), 0);
}, {once: true})"""


def until(look: Callable[[], bool], page: Any) -> None:
    for _attempt in range(200):
        if look():
            return
        page.wait_for_timeout(50)
    pytest.fail("it never happened")


def tell(page: Any, *events: str) -> None:
    page.evaluate("(events) => events.forEach((name) => window.htmx.trigger(document.body, name))", list(events))


def hold_the_first(page: Any, address: re.Pattern[str]) -> list[Any]:
    """Requests for ``address``: the first one waits until the test answers it."""
    asked: list[Any] = []

    def hold(route: Any) -> None:
        asked.append(route)
        if len(asked) > 1:
            route.continue_()

    page.route(address, hold)
    return asked


def held_answer(page: Any, asked: list[Any]) -> Any:
    until(lambda: bool(asked), page)
    return asked[0].fetch()


def give(asked: list[Any], answer: Any) -> None:
    with suppress(Error):  # nobody waits for it any more
        asked[0].fulfill(response=answer)


def test_a_change_during_the_reload_of_the_guides_is_shown(at_work: Any, site: Site) -> None:
    make_source("Before")
    at_work.goto(site.url("/guide/"))
    rows = at_work.locator("#source-list tbody tr")
    rows.filter(has_text="Before").wait_for()
    asked = hold_the_first(at_work, re.compile(r"/guide/(\?.*)?$"))
    tell(at_work, "guides:changed")
    answer = held_answer(at_work, asked)
    GuideSource.objects.update(name="After")
    tell(at_work, "journal:changed")
    give(asked, answer)
    rows.filter(has_text="After").wait_for()
    at_work.wait_for_timeout(QUIET_MS)
    assert len(asked) == 2


def test_a_change_during_the_reload_of_the_accounts_is_shown(at_work: Any, site: Site) -> None:
    make_account("Before")
    at_work.goto(site.url("/m3u/"))
    rows = at_work.locator("#account-list tbody tr")
    rows.filter(has_text="Before").wait_for()
    asked = hold_the_first(at_work, re.compile(r"/m3u/(\?.*)?$"))
    tell(at_work, "accounts:changed")
    answer = held_answer(at_work, asked)
    Account.objects.update(name="After")
    tell(at_work, "journal:changed")
    give(asked, answer)
    rows.filter(has_text="After").wait_for()
    at_work.wait_for_timeout(QUIET_MS)
    assert len(asked) == 2


def test_what_one_answer_tells_in_one_breath_is_asked_for_once(at_work: Any, site: Site) -> None:
    make_account("Acme")
    at_work.goto(site.url("/m3u/"))
    asked = hold_the_first(at_work, re.compile(r"/m3u/(\?.*)?$"))
    tell(at_work, "accounts:changed", "journal:changed")
    give(asked, held_answer(at_work, asked))
    at_work.wait_for_timeout(QUIET_MS)
    assert len(asked) == 1


class Part:
    """A part of a page whose answers the test gives."""

    def __init__(self, tab: Any, site: Site, trigger: str, attributes: str = 'id="part"') -> None:
        self.tab = tab
        self.waiting: list[Any] = []
        self.asked = 0
        self.trigger = trigger
        self.attributes = attributes
        tab.goto(site.url("/"))
        tab.route("**/part/", self._ask)
        tab.evaluate(ADD_PART, self.html("old"))

    def html(self, text: str) -> str:
        return f'<p {self.attributes} hx-get="/part/" hx-trigger="{self.trigger}" hx-swap="outerHTML">{text}</p>'

    def _ask(self, route: Any) -> None:
        self.asked += 1
        self.waiting.append(route)

    def answer(self, text: str, **headers: str) -> None:
        until(lambda: bool(self.waiting), self.tab)
        self.waiting.pop(0).fulfill(status=200, content_type="text/html", body=self.html(text), headers=headers)

    def shows(self, text: str) -> None:
        expect(self.tab.locator("#whole p")).to_have_text(text)

    def asks_no_more(self) -> None:
        asked = self.asked
        self.tab.wait_for_timeout(QUIET_MS)
        assert self.asked == asked


def test_a_poll_that_is_due_meanwhile_does_not_make_a_list_ask_twice(at_work: Any, site: Site) -> None:
    part = Part(at_work, site, "every 100ms, guides:changed from:body")
    until(lambda: part.asked == 1, at_work)
    at_work.wait_for_timeout(QUIET_MS)
    part.trigger = "guides:changed from:body"  # without a poll of its own nobody but the mended list would ask again
    part.answer("new")
    part.shows("new")
    part.asks_no_more()
    assert part.asked == 1


def test_what_is_told_during_a_poll_is_asked_for_once(at_work: Any, site: Site) -> None:
    part = Part(at_work, site, "every 100ms, guides:changed from:body delay:50ms")
    until(lambda: part.asked == 1, at_work)
    tell(at_work, "guides:changed")
    tell(at_work, "guides:changed")
    part.trigger = "guides:changed from:body"
    part.answer("stale")
    part.answer("fresh")
    part.shows("fresh")
    part.asks_no_more()
    assert part.asked == 2


@pytest.mark.parametrize("attributes", ['id="part"', 'class="part"'])
def test_a_part_is_known_by_its_id_or_its_address(at_work: Any, site: Site, attributes: str) -> None:
    part = Part(at_work, site, "guides:changed from:body", attributes)
    tell(at_work, "guides:changed")
    until(lambda: part.asked == 1, at_work)
    tell(at_work, "guides:changed")
    part.answer("stale")
    part.answer("fresh")
    part.shows("fresh")
    part.asks_no_more()


def test_what_is_told_before_the_new_part_listens_is_not_lost(at_work: Any, site: Site) -> None:
    part = Part(at_work, site, "guides:changed from:body")
    at_work.evaluate(TELLS_AFTER_SWAP)
    tell(at_work, "guides:changed")
    part.answer("stale")
    part.answer("fresh")
    part.shows("fresh")
    part.asks_no_more()


def test_what_the_answer_itself_tells_starts_no_endless_loop(at_work: Any, site: Site) -> None:
    part = Part(at_work, site, "guides:changed from:body")
    tell(at_work, "guides:changed")
    part.answer("new", **{"HX-Trigger": "guides:changed"})
    part.shows("new")
    part.asks_no_more()
    assert part.asked == 1


def test_nobody_asks_for_a_part_that_left_for_good(at_work: Any, site: Site) -> None:
    part = Part(at_work, site, "guides:changed from:body")
    tell(at_work, "guides:changed")
    until(lambda: part.asked == 1, at_work)
    tell(at_work, "guides:changed")
    at_work.evaluate(REPLACE_WHOLE)
    part.answer("late")
    part.asks_no_more()
    assert at_work.locator("#whole").inner_text() == "new"
    assert part.asked == 1
