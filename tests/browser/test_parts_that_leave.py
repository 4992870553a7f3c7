"""A part of a page that asks for itself, such as the progress of a run, and is replaced while its answer is on the way."""

from typing import Any

import pytest

from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]

ANSWER = '<p id="part">late</p><div id="announcer" hx-swap-oob="innerHTML">The run has ended</div>'
# The part asks at once; the whole around it is replaced like any part that htmx swaps.
PART = '<div id="whole"><p id="part" hx-get="/late/" hx-trigger="load"></p></div>'
ADD_PART = """(html) => {
  document.querySelector("main").insertAdjacentHTML("beforeend", html);
  window.htmx.process(document.getElementById("whole"));
}"""
REPLACE_WHOLE = """() => window.htmx.swap("#whole", '<div id="whole">new</div>', {swapStyle: "outerHTML"})"""


def answer(tab: Any, waiting: list[Any]) -> None:
    while not waiting:  # the request is known a moment before it can be answered
        tab.wait_for_timeout(10)
    for route in waiting:
        route.fulfill(status=200, content_type="text/html", body=ANSWER)


def test_an_answer_for_a_part_that_stayed_is_shown_and_announced(at_work: Any, site: Site) -> None:
    waiting: list[Any] = []
    at_work.goto(site.url("/"))
    at_work.route("**/late/", lambda route: waiting.append(route))  # noqa: PLW0108 (Playwright marks the function)
    with at_work.expect_request("**/late/"):
        at_work.evaluate(ADD_PART, PART)
    answer(at_work, waiting)
    at_work.locator("#part").get_by_text("late").wait_for()
    assert at_work.locator("#announcer").inner_text() == "The run has ended"


def test_an_answer_for_a_part_that_left_is_dropped(at_work: Any, site: Site) -> None:
    """The fixture asserts that nothing complained; htmx would, about an answer that finds no place."""
    waiting: list[Any] = []
    at_work.goto(site.url("/"))
    at_work.route("**/late/", lambda route: waiting.append(route))  # noqa: PLW0108 (Playwright marks the function)
    with at_work.expect_request("**/late/"):
        at_work.evaluate(ADD_PART, PART)
    at_work.evaluate(REPLACE_WHOLE)
    with at_work.expect_event("requestfinished"):
        answer(at_work, waiting)
    assert at_work.locator("#whole").inner_text() == "new"
    assert at_work.locator("#announcer").inner_text() == ""
