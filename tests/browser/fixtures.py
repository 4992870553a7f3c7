"""A real Chromium for tests, loaded by the top-level conftest so that every app can use it.

``page``         a fresh browser tab; the test fails when the page logs an error or breaks the content security policy,
                 and leaves a picture in ``test-results/`` when it fails for any reason
``site``         the project served in this process on the test database; ``site.url("/m3u/")``
``at_work``      ``page`` signed in as the administrator ``alice``: ``at_work.goto(site.url("/"))``
``inline_tasks`` background runs are done at once, in the request that starts them
"""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import expect

from tools.run_checks import find_browser

RESULTS = Path(__file__).resolve().parent.parent.parent / "test-results"
TIMEOUT_MS = 30_000
SEEN_MS = 5_000
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


class Chromium:
    """One browser for all tests of this process; another one when it died (of a full memory, say) under a test."""

    def __init__(self, playwright: Any, path: str) -> None:
        self._playwright = playwright
        self._path = path
        self._browser: Any = None

    def new_context(self, **options: Any) -> Any:
        if self._browser is None or not self._browser.is_connected():
            self._browser = self._playwright.chromium.launch(executable_path=self._path, args=ARGUMENTS)
        return self._browser.new_context(**options)

    def close(self) -> None:
        if self._browser is not None:
            self._browser.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    from playwright.sync_api import sync_playwright

    path = find_browser()
    if path is None:
        pytest.fail("There is no Chromium for the browser tests: apt-get install chromium, or set ECM_CHROMIUM.")
    # Playwright's own event loop runs in this thread, in which tests also ask the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = Chromium(playwright, path)
        yield browser
        browser.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A failed test tells which page it saw: also where nobody can look at the picture."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "teardown":
        return
    item.stash[_FAILED] = report.failed
    tab = _tab_of(getattr(item, "funcargs", {}))
    if report.failed and tab is not None and hasattr(report.longrepr, "addsection"):
        report.longrepr.addsection("the page at the end", _seen(tab, picture_of(item)))


_FAILED = pytest.StashKey[bool]()


Thing = TypeVar("Thing")


class Shared(ABC, Generic[Thing]):
    """Something that takes long to make, which tests share until one of them fails: nobody knows in which state that one
    left it, so the next test, and the second try of that one above all, gets a new one."""

    def __init__(self) -> None:
        self._thing: Thing | None = None
        self._open = ExitStack()

    @abstractmethod
    def make(self, opening: ExitStack) -> Thing:
        """Make one; what has to be closed behind it goes into ``opening``."""

    def current(self) -> Thing:
        if self._thing is None:
            with ExitStack() as opening:
                thing = self.make(opening)
                self._open = opening.pop_all()
            self._thing = thing
        return self._thing

    def leave(self) -> None:
        self._thing = None
        self._open.close()


def has_failed(item: pytest.Item) -> bool:
    """Whether the test itself went wrong in this try; for fixtures that clear up behind it."""
    return item.stash.get(_FAILED, False)


def _tab_of(fixtures: dict[str, Any]) -> Any:
    for name in ("page", "tab", "desk", "walk"):
        if name in fixtures:
            return getattr(fixtures[name], "tab", fixtures[name])
    return None


def picture_of(item: pytest.Item) -> Path:
    return RESULTS / f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', item.nodeid)[-150:]}.png"


def _seen(tab: Any, picture: Path) -> str:
    try:
        RESULTS.mkdir(exist_ok=True)
        tab.screenshot(path=picture, full_page=True, timeout=SEEN_MS)
        return f"{tab.url}\n{tab.locator('body').inner_text(timeout=SEEN_MS)[:2000]}"
    except Exception as error:  # the failure of the test is what is to be told
        return f"It could not be looked at: {error}"


@pytest.fixture
def page(chromium: Chromium, request: pytest.FixtureRequest) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT_MS)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
    tab.on("console", lambda message: complaints.append(message.text) if _is_complaint(message) else None)
    tab.complaints = complaints  # a test that provokes an error clears this list
    picture_of(request.node).unlink(missing_ok=True)
    yield tab
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
