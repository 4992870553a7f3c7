"""Pages offer nobody what would be refused: every visible link, form and button of every page, for each role; and the channel
manager for somebody who may only look."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import Resolver404, resolve

from ecm_site.navigation import MENU
from ecm_site.role_rules import refusal_for_viewers
from ecm_site.roles import Role
from tests.browser.fixtures import Site
from tests.roles.populated import populate
from tests.roles.table import ADMINISTRATORS_OPEN, ADMINISTRATORS_SEND, ADMINISTRATORS_TASKS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]

START = (
    *(entry.url for entry in MENU),
    "/channels/?open=1",
    "/channels/tools/",
    "/channels/auto-sync/1/",
    "/logos/?as=grid",
    "/m3u/1/filters/",
    "/server/",
    "/server/queue/",
    "/welcome/",
    "/settings/scheduled-tasks/?task=m3u_refresh",
    "/settings/scheduled-tasks/?task=cleanup",
)
NOT_PAGES = ("/admin/", "/output/", "/hdhr/", "/stream/", "/static/", "/t/", "/api/", "/notifications/1/go/", "/journal/export")
# [method, address] of everything that can be seen and used.
OFFERED = """() => {
  const usable = (e) => !e.disabled && e.checkVisibility({visibilityProperty: true});
  const found = new Set();
  const add = (method, address) => found.add(`${method} ${new URL(address, document.baseURI).href}`);
  for (const link of document.querySelectorAll("a[href]")) if (usable(link)) add("GET", link.href);
  for (const [name, method] of [["hx-post", "POST"], ["hx-put", "PUT"], ["hx-patch", "PATCH"], ["hx-delete", "DELETE"]]) {
    for (const e of document.querySelectorAll(`[${name}]:not(form)`)) if (usable(e)) add(method, e.getAttribute(name));
  }
  for (const e of document.querySelectorAll("[hx-get]:is(a, button)")) if (usable(e)) add("GET", e.getAttribute("hx-get"));
  for (const button of document.querySelectorAll("button, input[type=submit]")) {
    if (!usable(button) || button.type !== "submit" || !button.form || button.hasAttribute("hx-get")) continue;
    const address = button.getAttribute("formaction") ?? button.form.getAttribute("action") ?? document.location.href;
    add((button.getAttribute("formmethod") ?? button.form.method).toUpperCase(), address);
  }
  return [...found];
}"""
LINKS = "[...document.querySelectorAll('a[href]:not([download])')].filter((e) => e.checkVisibility()).map((e) => e.href)"


def is_refused(role: Role, method: str, path: str) -> bool:
    """What the table says; ``test_every_address.py`` holds the table against the house."""
    if role is Role.ADMINISTRATOR:
        return False
    if path.startswith("/admin/"):
        return True
    try:
        match = resolve(path)
    except Resolver404:
        return False
    lists = {"GET": ADMINISTRATORS_OPEN}.get(method, ADMINISTRATORS_SEND)
    if match.route in lists or (method != "GET" and match.kwargs.get("task_id") in ADMINISTRATORS_TASKS):
        return True
    return role is Role.VIEWER and bool(refusal_for_viewers(method, match.route, match.func))


def sign_in(page: Any, site: Site, user: User) -> None:
    client = Client()
    client.force_login(user)
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site.base}])


def kind_of(path: str) -> str:
    parts = urlsplit(path)
    match = resolve(parts.path)
    return f"{match.view_name} {match.kwargs.get('slug', '')} {parts.query if path in START else ''}"


def walk(page: Any, base: str) -> Iterator[tuple[str, int]]:
    waiting, known = list(START), set()
    while waiting:
        path = waiting.pop(0)
        try:
            kind = kind_of(path)
        except Resolver404:
            continue
        if kind in known:
            continue
        known.add(kind)
        yield path, page.goto(base + path).status
        for link in page.evaluate(LINKS):
            parts = urlsplit(link)
            if link.startswith(base) and not parts.path.startswith(NOT_PAGES):
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))


@pytest.mark.parametrize("role", list(Role))
def test_every_link_form_and_button_that_somebody_sees_may_be_used(page: Any, site: Site, role: Role) -> None:
    sign_in(page, site, populate()[role])
    wrong, visited = [], 0
    for path, status in walk(page, site.base):
        visited += 1
        if status != 200:
            wrong.append(f"{path}: {status}")
        for offered in page.evaluate(OFFERED):
            method, address = offered.split(" ", 1)
            if address.startswith(site.base) and is_refused(role, method, urlsplit(address).path):
                wrong.append(f"{path} offers {method} {address.removeprefix(site.base)}")
    assert wrong == [], "\n".join(wrong)
    assert visited > 35


def test_a_viewer_browses_the_channel_manager_and_changes_nothing(page: Any, site: Site) -> None:
    sign_in(page, site, populate()[Role.VIEWER])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {urlsplit(request.url).path}"))
    page.goto(site.url("/channels/?open=1"))
    row = page.locator("#channel-tree .cm-channel").first
    row.wait_for()
    assert page.locator(".cm-grip:visible, .cm-pick:visible, #draft-start:visible").count() == 0
    row.locator(".cm-dots").click()
    entries = page.locator(".cm-menu [role=menuitem]:visible").all_inner_texts()
    assert [entry.strip() for entry in entries] == ["Preview…", "Open in VLC", "Copy address"]
    page.keyboard.press("Escape")
    row.locator(".cm-name").focus()
    for key in ("F2", "#", "Enter", "e", "Delete", "Alt+ArrowDown", "Control+z"):
        page.keyboard.press(key)
    row.locator(".cm-name").dblclick()
    assert page.locator(".cm-inline, dialog[open], .cm-saving").count() == 0
    assert page.locator("#channel-selection:visible").count() == 0
    page.get_by_label("Search channels by name or number").fill("nothing like it")
    row.wait_for(state="detached")
    page.get_by_label("Search channels by name or number").fill("sport")
    row.locator(".cm-twist").click()
    member = page.locator(".cm-streams .cm-stream").first
    member.wait_for()
    assert member.locator("button:visible").count() == 1  # the preview
    allowed = ("POST /channels/preferences/", "POST /channels/streams/marks/")
    assert [one for one in asked if not one.startswith("GET ") and one not in allowed] == []
