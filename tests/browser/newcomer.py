"""What a newcomer does in the browser: set up, take the demo, make channels of it, look what players get."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests import prepared_databases
from tests.browser.fixtures import TIMEOUT_MS
from tests.browser.playlists import PlayerEntry, entries_of
from tests.serving import Server, free_port

IMPORT_MS = 60_000
PASSWORD = "correct horse"


@contextmanager
def fresh_server(folder: Path) -> Iterator[Server]:
    """Web server and worker on a data folder inside ``folder`` in which there is nothing but empty tables."""
    server = Server(prepared_databases.copy_all(folder / "my data"), free_port())
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
    """From the wizard until both accounts and the guide of the demo are ready."""
    tab.get_by_role("button", name="Try the demo").click()
    tab.get_by_text("The demo is being read").wait_for()
    tab.locator("#demo .run-progress").first.wait_for(state="detached", timeout=IMPORT_MS)
    tab.goto(f"{base}/m3u/")
    accounts = tab.get_by_role("table", name="Accounts")
    for name in ("Demo Harbour", "Demo Northlight"):
        accounts.get_by_role("row").filter(has_text=name).get_by_text("Ready", exact=True).wait_for(timeout=IMPORT_MS)
    tab.goto(f"{base}/guide/")
    guide = tab.locator("#source-list").get_by_role("row").filter(has_text="Demo guide")
    guide.get_by_text("Ready", exact=True).wait_for(timeout=IMPORT_MS)


PUBLISH_SECONDS = 40
"""A publish is asked for some seconds after the last change, so that many changes make one."""

GROUPS = {"US | News": "News", "US | Kids": "Kids", "USA NEWS": "More news"}
"""Ticked stream groups (two providers) and what their channel groups are called."""
STARTS = {"US | News": "101", "US | Kids": "200.5", "USA NEWS": ""}


@dataclass(frozen=True)
class ShownChannel:
    """One row of the left pane, or of the preview of the bulk creation."""

    number: str
    name: str
    group: str
    streams: tuple[str, ...] = ()


@dataclass
class Walk:
    """Where the newcomer stands, and what was seen on the way."""

    server: Server
    tab: Any
    base: str
    preview: list[ShownChannel] = field(default_factory=list)

    @property
    def player(self) -> httpx.Client:
        """A player in the local network: no session, follows nothing by itself."""
        return httpx.Client(base_url=self.base, timeout=20)

    def fetch(self, path: str) -> str:
        with self.player as player:
            answer = player.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}\n{answer.text[:500]}"
        return answer.text

    def entries(self) -> list[PlayerEntry]:
        return entries_of(self.fetch("/output/m3u"))

    def published(self, condition: Callable[[list[PlayerEntry]], bool], what: str) -> list[PlayerEntry]:
        """Wait until the playlist that players get fulfils ``condition``; nobody presses "publish"."""
        self.server.wait_for(lambda: condition(self.entries()), what, PUBLISH_SECONDS)
        return self.entries()

    def open_manager(self) -> list[ShownChannel]:
        """All channels of the left pane, in their order, with the streams of each."""
        self.tab.goto(f"{self.base}/channels/")
        pane = self.tab.locator("#channel-tree")
        pane.locator(".cm-group").first.wait_for()
        found = []
        for group in pane.locator(".cm-group:not(.is-uncategorized)").all():
            if "is-open" not in (group.get_attribute("class") or ""):
                group.locator(".cm-group-head .cm-twist").click()
            group.locator(".cm-channel").first.wait_for()
            for row in group.locator(".cm-channel").all():
                row.locator(".cm-twist").click()
                row.locator(".cm-stream").first.wait_for()
                found.append(
                    ShownChannel(
                        row.locator(".cm-number").inner_text(),
                        row.locator(".cm-name").inner_text(),
                        group.locator(".cm-group-name").inner_text(),
                        tuple(row.locator(".cm-stream .cm-stream-name").all_inner_texts()),
                    )
                )
        return found

    def row(self, name: str) -> Any:
        return self.tab.locator("#channel-tree .cm-channel", has=self.tab.get_by_role("link", name=name, exact=True))


def create_channels(walk: Walk) -> list[ShownChannel]:
    """Tick stream groups of both providers, choose names and numbers, look at the preview, create."""
    tab = walk.tab
    tab.goto(f"{walk.base}/channels/")
    tab.get_by_role("link", name="Demo Northlight").scroll_into_view_if_needed()  # its groups are loaded when they are seen
    for name in GROUPS:
        tab.get_by_role("checkbox", name=name, exact=True).check()
    tab.get_by_role("button", name="Create channels").click()
    dialog = tab.get_by_role("dialog")
    for name, group in GROUPS.items():
        section = dialog.get_by_role("group", name=name, exact=True)
        section.get_by_label("Channel group").fill(group)
        section.get_by_label("Starting number").fill(STARTS[name])
    dialog.get_by_label("Remove", exact=True).check()  # the country in front of names
    table = dialog.get_by_role("table")
    table.get_by_text("200.5", exact=True).wait_for()
    table.get_by_text("Redwood News", exact=True).wait_for()
    table.get_by_text("More news", exact=True).or_(table.get_by_text("News", exact=True)).first.wait_for()
    preview = read_preview(table)
    dialog.get_by_role("button", name=f"Create {len(preview)} channels").click()
    dialog.wait_for(state="hidden")
    tab.get_by_text(f"Created {len(preview)} channels").wait_for()
    return preview


def read_preview(table: Any) -> list[ShownChannel]:
    found, group = [], ""
    for row in table.locator("tbody tr").all():
        if "bulk-group-row" in (row.get_attribute("class") or ""):
            group = row.inner_text().strip()
            continue
        streams = tuple(text.strip() for text in row.locator(".bulk-stream").all_inner_texts())
        number, name = (row.locator(cell).inner_text().strip() for cell in (".ecm-number", ".bulk-clip"))
        found.append(ShownChannel(number, name, group, streams))
    return found
