"""Every page that an operator can reach by links: it answers, has a heading, fits the screen, can be read in
all three sets of colours, complains about nothing, and axe finds nothing that keeps anybody from using it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve

from ecm_site.navigation import MENU
from tests.browser.axe import grave_violations
from tests.browser.newcomer import Walk, watched_tab

pytestmark = [pytest.mark.browser, pytest.mark.processes]

# The page of the mirrored server is in the menu only while there is one; without one it says so.
START = ("/", *(entry.url for entry in MENU), "/server/", "/server/queue/", "/server/live/")
NOT_PAGES = ("/admin/", "/output/", "/hdhr/", "/stream/", "/static/", "/t/", "/api/")
"""Beginnings of addresses that are documents for players or Django's own pages."""

# What sticks out on the right of the visible page, unless a parent scrolls by itself. A new width of the window is known to
# the layout at once, to media queries only with the next frame.
OFFENDERS = """async () => {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const found = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > wide + 1);
  return [`${document.documentElement.scrollWidth} wide`, ...found.slice(0, 5).map((e) => e.outerHTML.slice(0, 160))];
}"""
# Text that cannot be read: less than 4.5 to 1 against what is behind it (WCAG AA; 3 to 1 for large text). Colours that only
# a canvas understands are asked from one. Disabled things may be faint. In high contrast all of it has to reach 7 to 1, and
# the edges of fields and boxes always 3 to 1 (WCAG 1.4.11).
FAINT = """(least) => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => top.slice(0, 3).map((part, i) => part * top[3] + below[i] * (1 - top[3]));
  const light = (colour) => {
    const parts = colour.map((part) => part / 255);
    const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const faint = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim()) continue;
    if (!element.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
    if (element.closest("script, style, noscript, [disabled], .disabled, .visually-hidden, option, datalist")) continue;
    const style = getComputedStyle(element);
    const back = behind(element);
    const [a, b] = [light(over(rgba(style.color), back)), light(back)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const needed = least ? least : size >= 24 || (size >= 18.6 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const ratio = (a + 0.05) / (b + 0.05);
    const found = `${ratio.toFixed(2)}: ${element.outerHTML.slice(0, 120)}`;
    if (ratio < needed) faint.set(element.className || element.tagName, found);
  }
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    const style = getComputedStyle(field);
    if (!field.checkVisibility({visibilityProperty: true, opacityProperty: true}) || field.disabled) continue;
    if (field.closest(".visually-hidden") || !parseFloat(style.borderTopWidth)) continue;
    const around = behind(field.parentElement);
    const inside = over(rgba(style.backgroundColor), around);
    const seen = [rgba(style.borderTopColor), [...inside, 1]].map((colour) => light(over(colour, around)));
    const best = Math.max(...seen.map((one) => {
      const [a, b] = [one, light(around)].sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05);
    }));
    if (best < 3) faint.set(`edge of ${field.className}`, `${best.toFixed(2)} edge: ${field.outerHTML.slice(0, 120)}`);
  }
  return [...faint.values()].slice(0, 5);
}"""
# As site/theme.js does it, without changing anything that is stored.
PAINT = """(theme) => {
  const root = document.documentElement;
  root.setAttribute("data-bs-theme", theme === "light" ? "light" : "dark");
  root.toggleAttribute("data-ecm-contrast", theme === "high-contrast");
  if (theme === "high-contrast") root.setAttribute("data-ecm-contrast", "high");
}"""
LEAST = {"dark": 0, "light": 0, "high-contrast": 7}
# Which of axe's rules are asked in which colours; nothing else than contrast depends on them. Empty = all rules.
AXE_RULES: dict[str, tuple[str, ...]] = {"dark": (), "light": ("color-contrast",)}
# Colours that are still fading from one theme to the other measure nothing.
AT_ONCE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, ::before, ::after { transition: none !important; animation: none !important; }");
  document.adoptedStyleSheets = [sheet];
}"""
LINKS = "[...document.querySelectorAll('a[href]:not([download])')].map((link) => link.href)"


@pytest.fixture
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


def test_every_page_fits_is_readable_and_complains_about_nothing(walk: Walk, tab: Any) -> None:
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
        tab.evaluate(AT_ONCE)
        for theme, least in LEAST.items():
            tab.evaluate(PAINT, theme)
            faint = tab.evaluate(FAINT, least)
            if faint:
                wrong.append(f"{path} {theme}: {faint}")
            if theme in AXE_RULES:
                wrong += [f"{path} {theme}: {found}" for found in grave_violations(tab, rules=AXE_RULES[theme])]
    assert not wrong, "\n".join(wrong)
    assert tab.complaints == []
    assert len(visited) > len(MENU)
    assert {"/channels/", "/m3u/", "/guide/", "/publishing/", "/tasks/", "/journal/"} <= set(visited)
