"""A real Chromium for tests, loaded by the top-level conftest so that every app can use it.

``page``         a fresh browser tab; the test fails when the page logs an error or breaks the content security policy,
                 and leaves a picture in ``test-results/`` when it fails for any reason
``site``         the project served in this process on the test database; ``site.url("/m3u/")``
``at_work``      ``page`` signed in as the administrator ``alice``: ``at_work.goto(site.url("/"))``
``inline_tasks`` background runs are done at once, in the request that starts them
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import expect

from tools.run_checks import find_browser

RESULTS = Path(__file__).resolve().parent.parent.parent / "test-results"
TIMEOUT_MS = 30_000
expect.set_options(timeout=TIMEOUT_MS)  # two browsers at once on two cores: five seconds are not always enough
# No sandbox: containers seldom allow one, and only our own pages are opened. The rest keeps the browser from calling home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
]


@dataclass(frozen=True)
class Site:
    base: str

    def url(self, path: str) -> str:
        return self.base + path


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = find_browser()
    if path is None:
        pytest.fail("There is no Chromium for the browser tests: apt-get install chromium, or set ECM_CHROMIUM.")
    # Playwright's own event loop runs in this thread, in which tests also ask the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call":
        item.stash[_FAILED] = report.failed


_FAILED = pytest.StashKey[bool]()


@pytest.fixture
def page(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT_MS)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
    tab.on("console", lambda message: complaints.append(message.text) if _is_complaint(message) else None)
    tab.complaints = complaints  # a test that provokes an error clears this list
    picture = RESULTS / f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', request.node.nodeid)[-150:]}.png"
    picture.unlink(missing_ok=True)
    yield tab
    if request.node.stash.get(_FAILED, False):
        RESULTS.mkdir(exist_ok=True)
        tab.screenshot(path=picture, full_page=True)
    context.close()
    assert complaints == [], "the page complained"


def _is_complaint(message: Any) -> bool:
    # Answers such as 422 are part of the protocol and are logged by the browser as failed loads.
    return message.type == "error" and "Failed to load resource" not in message.text


@pytest.fixture
def site(live_server: Any) -> Site:
    return Site(live_server.url)


@pytest.fixture
def at_work(page: Any, site: Site) -> Any:
    user = User.objects.create_superuser("alice", "alice@example.org", "correct horse")
    client = Client()
    client.force_login(user)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site.base}])
    return page


@pytest.fixture
def inline_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks_app import execution, queueing

    def work_now(run_id: int) -> bool:
        execution.execute_queued_run(run_id)
        return True

    monkeypatch.setattr(queueing, "enqueue", work_now)
