"""What a newcomer does in the browser before anything else: set up, take the demo, look whether it is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser.fixtures import TIMEOUT_MS
from tests.serving import Server, free_port

IMPORT_MS = 60_000
PASSWORD = "correct horse"


@contextmanager
def fresh_server(folder: Path) -> Iterator[Server]:
    """Web server and worker on an empty data folder inside ``folder``."""
    server = Server(folder / "my data", free_port())
    try:
        server.wait_until_ready()
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
        server.log.close()


@contextmanager
def watched_tab(chromium: Any, **options: Any) -> Iterator[Any]:
    """A tab for fixtures that outlive one test. Everything that a page complains about is collected in ``tab.complaints``;
    whoever uses the tab asserts that it is empty. Unlike the fixture ``page``, answers of our own server count as
    complaints as well: nothing on the main path may fail."""
    context = chromium.new_context(**{"viewport": {"width": 1400, "height": 900}, "reduced_motion": "reduce", **options})
    context.set_default_timeout(TIMEOUT_MS)
    tab = context.new_page()
    tab.complaints = []
    tab.on("pageerror", lambda error: tab.complaints.append(f"{tab.url}: script error: {error}"))
    tab.on("console", lambda message: _note_message(tab, message))
    tab.on("response", lambda answer: _note_answer(tab, answer))
    try:
        yield tab
    finally:
        context.close()


def _note_message(tab: Any, message: Any) -> None:
    # Failed loads of our own server are noted with their status by _note_answer; those of invented logos are no fault.
    if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
        tab.complaints.append(f"{tab.url}: {message.type}: {message.text}")


def _note_answer(tab: Any, answer: Any) -> None:
    if answer.status >= 400 and answer.url.startswith("http://127.0.0.1:"):
        tab.complaints.append(f"{tab.url}: {answer.status} for {answer.url}")


def set_up(tab: Any, base: str) -> None:
    """From the first page to the wizard, as the administrator ``alice``."""
    tab.goto(base)
    tab.wait_for_url("**/setup/")
    tab.get_by_label("Username").fill("alice")
    tab.get_by_label("E-mail").fill("alice@example.org")
    tab.get_by_label("Password", exact=False).first.fill(PASSWORD)
    tab.get_by_label("Password again").fill(PASSWORD)
    tab.get_by_role("button", name="Create and sign in").click()
    tab.wait_for_url("**/welcome/")


def take_the_demo(tab: Any, base: str) -> None:
    """From the wizard until both accounts of the demo are ready."""
    tab.get_by_role("button", name="Try the demo").click()
    tab.get_by_text("The demo is being read").wait_for()
    tab.locator("#demo .run-progress").first.wait_for(state="detached", timeout=IMPORT_MS)
    tab.goto(f"{base}/m3u/")
    accounts = tab.get_by_role("table", name="Accounts")
    for name in ("Demo Harbour", "Demo Northlight"):
        accounts.get_by_role("row").filter(has_text=name).get_by_text("Ready", exact=True).wait_for(timeout=IMPORT_MS)
