"""Every page that an operator can reach by links: it answers, has a heading, fits the screen and complains about nothing."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve

from ecm_site.navigation import MENU
from tests.browser.newcomer import Walk, watched_tab

pytestmark = [pytest.mark.browser, pytest.mark.processes]

START = ("/", *(entry.url for entry in MENU))
NOT_PAGES = ("/admin/", "/output/", "/hdhr/", "/stream/", "/static/", "/t/", "/api/")
"""Beginnings of addresses that are documents for players or Django's own pages."""

# What sticks out on the right of the visible page, unless a parent scrolls by itself.
OFFENDERS = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const found = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > wide + 1);
  return [`${document.documentElement.scrollWidth} wide`, ...found.slice(0, 5).map((e) => e.outerHTML.slice(0, 160))];
}"""
LINKS = "[...document.querySelectorAll('a[href]')].map((link) => link.href)"


@pytest.fixture(scope="module")
def tab(walk: Walk, chromium: Any) -> Iterator[Any]:
    """A tab of its own with the administrator's session."""
    with watched_tab(chromium, storage_state=walk.tab.context.storage_state()) as tab:
        yield tab


def kind_of(path: str) -> str:
    """One page stands for all that the same view makes; settings are a page for each of their names."""
    match = resolve(path)
    return f"{match.view_name} {match.kwargs.get('slug', '')}"


def walk_all(tab: Any, base: str) -> Iterator[tuple[str, int]]:
    """Open one page of each kind, following the links of each. Yields its path and the status of the answer."""
    waiting, known = list(START), set()
    while waiting:
        path = waiting.pop(0)
        try:
            kind = kind_of(urlsplit(path).path)
        except Resolver404:
            kind = path  # a link that leads nowhere
        if kind in known:
            continue
        known.add(kind)
        answer = tab.goto(base + path)
        yield path, answer.status
        for link in tab.evaluate(LINKS):
            parts = urlsplit(link)
            if link.startswith(base) and not parts.path.startswith(NOT_PAGES):
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))


def test_every_page_fits_has_a_heading_and_complains_about_nothing(walk: Walk, tab: Any) -> None:
    wrong: list[str] = []
    visited: list[str] = []
    for path, status in walk_all(tab, walk.base):
        visited.append(path)
        if status != 200:
            wrong.append(f"{path}: {status}")
            continue
        headings = tab.locator("h1:visible").count()
        if headings != 1:
            wrong.append(f"{path}: {headings} visible h1")
        if not tab.title().strip():
            wrong.append(f"{path}: no title")
        for width in (1400, 390):
            tab.set_viewport_size({"width": width, "height": 900})
            offenders = tab.evaluate(OFFENDERS)
            if offenders:
                wrong.append(f"{path} at {width}: {offenders}")
        tab.set_viewport_size({"width": 1400, "height": 900})
    assert wrong == []
    assert tab.complaints == []
    assert len(visited) > len(MENU)
    assert {"/channels/", "/m3u/", "/guide/", "/publishing/", "/tasks/", "/journal/"} <= set(visited)
