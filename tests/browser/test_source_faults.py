"""Bad sources, seen by the operator: the row of the account says in words what is wrong and what to do, and nothing is lost."""

import gzip
import io
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect

from m3u_app.tests.fake_servers import Answer, FakeServer, serving
from tests.browser.fixtures import Shared, has_failed
from tests.browser.newcomer import fresh_server, set_up, watched_tab
from tests.serving import Server, free_port

pytestmark = [pytest.mark.browser, pytest.mark.processes]

WORK_MS = 30_000
PLAYLIST = b"#EXTM3U\n" + b"".join(
    b'#EXTINF:-1 tvg-id="n%d" group-title="News",News %d\nhttp://tv.example.invalid/%d.ts\n' % (number, number, number)
    for number in range(1, 5)
)
WEB_PAGE = b"<!DOCTYPE html><html><head><title>Login</title></head><body><script>alert(1)</script>Pay here</body></html>"


def zipped(name: str, content: bytes) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr(name, content)
    return into.getvalue()


ENTITY_BOMB = b"""<?xml version="1.0"?><!DOCTYPE tv [<!ENTITY a "aaaaaaaaaa">%s]>
<tv><channel id="x"><display-name>&h;</display-name></channel></tv>""" % b"".join(
    b'<!ENTITY %c "%s">' % (ord("b") + step, b"&%c;" % (ord("a") + step) * 200) for step in range(7)
)


class Provider(FakeServer):
    """Answers by path. ``/changing`` answers what the test puts into ``now``; ``/slow`` waits for ``go_on``."""

    def __init__(self) -> None:
        super().__init__()
        self.now: Answer = (200, "audio/x-mpegurl", PLAYLIST)
        self.go_on = threading.Event()
        self.asked_slow = threading.Event()
        self.answers: dict[str, Answer] = {
            "/refused": (403, "text/html", b"<h1>Your <b>IP</b> is blocked</h1>"),
            "/login": (401, "text/plain", b""),
            "/broken": (503, "text/plain", b"maintenance"),
            "/page": (200, "text/html", WEB_PAGE),
            "/bomb.xml": (200, "application/xml", ENTITY_BOMB),
            "/empty": (200, "audio/x-mpegurl", b""),
            "/prose": (200, "text/plain", b"Dear customer, your playlist has moved."),
            "/archive.zip": (200, "application/zip", zipped("readme.txt", b"hello")),
            "/cut.gz": (200, "application/gzip", gzip.compress(PLAYLIST * 500)[:-40]),
        }

    def respond(self, path: str, query: dict[str, str]) -> Answer:
        if path == "/changing":
            return self.now
        if path == "/slow":
            self.asked_slow.set()
            self.go_on.wait(60)
            return 200, "audio/x-mpegurl", PLAYLIST
        return self.answers.get(path, (404, "text/html", b"<html>nothing here</html>"))


@dataclass
class Desk:
    """An operator at the M3U page."""

    server: Server
    tab: Any
    base: str
    provider: Provider

    def add(self, name: str, address: str) -> None:
        self.tab.goto(f"{self.base}/m3u/")
        self.tab.get_by_role("link", name="Add account").first.click()
        dialog = self.tab.get_by_role("dialog", name="Add account")
        dialog.get_by_label("Name", exact=True).fill(name)
        dialog.get_by_label("Playlist address").fill(address)
        dialog.get_by_role("button", name="Add account").click()
        dialog.wait_for(state="hidden")

    def add_guide(self, name: str, address: str) -> None:
        self.tab.goto(f"{self.base}/guide/")
        self.tab.get_by_role("link", name="Add source").first.click()
        dialog = self.tab.get_by_role("dialog", name="Add guide source")
        dialog.get_by_label("Name", exact=True).fill(name)
        dialog.get_by_label("Address of the guide").fill(address)
        dialog.get_by_role("button", name="Add source").click()
        dialog.wait_for(state="hidden")

    def guide(self, name: str) -> Any:
        return self.tab.locator("#source-list tbody tr", has=self.tab.get_by_role("link", name=name, exact=True))

    def wait_for_guide(self, name: str, status: str) -> str:
        row = self.guide(name)
        row.locator(".m3u-status").get_by_text(status, exact=True).wait_for(timeout=WORK_MS)
        return str(row.inner_text())

    def row(self, name: str) -> Any:
        return self.tab.locator("#account-list tbody tr", has=self.tab.get_by_role("link", name=name, exact=True))

    def wait_for_status(self, name: str, status: str) -> str:
        row = self.row(name)
        row.locator(".m3u-status").get_by_text(status, exact=True).wait_for(timeout=WORK_MS)
        return str(row.inner_text())

    def refresh(self, name: str) -> None:
        """By key: errors stay until somebody closes them, and many of them cover the rows below."""
        self.row(name).get_by_role("button", name=f"Refresh {name}", exact=True).press("Enter")


class Desks(Shared[Desk]):
    def __init__(self, chromium: Any, folders: pytest.TempPathFactory) -> None:
        super().__init__()
        self._chromium = chromium
        self._folders = folders

    def make(self, opening: ExitStack) -> Desk:
        server = opening.enter_context(fresh_server(self._folders.mktemp("faults")))
        tab = opening.enter_context(watched_tab(self._chromium))
        provider = opening.enter_context(serving(Provider()))
        opening.callback(provider.go_on.set)
        desk = Desk(server, tab, f"http://127.0.0.1:{server.port}", provider)
        set_up(tab, desk.base)
        return desk


@pytest.fixture(scope="module")
def desks(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    desks = Desks(chromium, tmp_path_factory)
    yield desks
    desks.leave()


@pytest.fixture
def desk(desks: Desks, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """Tests use names of their own, so that they can share a house; what a failed try left behind, its second try must not
    meet."""
    yield desks.current()
    if has_failed(request.node):
        desks.leave()


FAULTS = {
    "Typing mistake": ("/m3v", ["404", "check it for typing mistakes"]),
    "Forbidden": ("/refused", ["403", "User-Agent", "Your IP is blocked"]),
    "Unknown login": ("/login", ["401", "check the username and the password"]),
    "Ill": ("/broken", ["503", "try again later"]),
    "Web page": ("/page", ["a web page instead of a playlist"]),
    "Nothing": ("/empty", ["The playlist is empty"]),
    "Letter": ("/prose", ["This is not a playlist"]),
    "Archive": ("/archive.zip", ["no .m3u or .m3u8 file"]),
    "Cut": ("/cut.gz", ["cut off"]),
}


def test_every_kind_of_fault_is_told_in_the_row(desk: Desk) -> None:
    for name, (path, _) in FAULTS.items():
        desk.add(name, f"{desk.provider.address}{path}")
    desk.add("Nobody home", f"http://127.0.0.1:{free_port()}/get.php?username=alice&password=very-secret-1")
    for name, (_, words) in FAULTS.items():
        text = desk.wait_for_status(name, "Error")
        assert [word for word in words if word not in text] == [], text
        assert "<b>" not in text
        assert "Traceback" not in text
    text = desk.wait_for_status("Nobody home", "Error")
    assert "127.0.0.1" in text
    assert "very-secret-1" not in desk.tab.content()
    assert desk.tab.complaints == []


GUIDE_FAULTS = {
    "No guide": ("/guide.xml", ["404", "check it for typing mistakes"]),
    "Guide of a closed shop": ("/refused", ["403", "User-Agent"]),
    "Page for a guide": ("/page", ["web page"]),
    "Silent guide": ("/empty", ["empty"]),
    "Playlist for a guide": ("/changing", ["XMLTV"]),
}


def test_every_kind_of_fault_of_a_guide_is_told_in_its_row(desk: Desk) -> None:
    for name, (path, _) in GUIDE_FAULTS.items():
        desk.add_guide(name, f"{desk.provider.address}{path}")
    for name, (_, words) in GUIDE_FAULTS.items():
        text = desk.wait_for_guide(name, "Error")
        assert [word for word in words if word not in text] == [], text
        assert "Traceback" not in text
    assert desk.tab.complaints == []


def test_an_entity_bomb_is_survived_and_told(desk: Desk) -> None:
    desk.add_guide("Bomb", f"{desk.provider.address}/bomb.xml")
    told = desk.guide("Bomb").filter(has_text=re.compile("Error|warnings"))
    told.wait_for(timeout=WORK_MS)
    assert "aaaaaaaaaaaaaaaaaaaa" not in desk.tab.content()
    assert desk.server.get("/api/health") == 200
    assert desk.tab.complaints == []


def test_an_address_that_is_none_is_refused_beside_its_field(desk: Desk) -> None:
    tab = desk.tab
    for address in ("ftp://tv.example.invalid/list.m3u", "javascript:alert(1)", "just words", "http://"):
        tab.goto(f"{desk.base}/m3u/")
        tab.get_by_role("link", name="Add account").first.click()
        dialog = tab.get_by_role("dialog", name="Add account")
        dialog.get_by_label("Name", exact=True).fill("Wrong")
        dialog.get_by_label("Playlist address").fill(address)
        tab.complaints.clear()
        dialog.get_by_role("button", name="Add account").click()
        dialog.locator(".is-invalid[name=server_url]").wait_for()
        assert dialog.get_by_label("Playlist address").input_value() == address
        described = dialog.get_by_label("Playlist address").get_attribute("aria-describedby") or ""
        told = " ".join(tab.locator(f"#{part}").inner_text() for part in described.split())
        assert told.strip(), f"{address}: no words for it"
        assert [text for text in tab.complaints if ": 422 for " not in text] == []
        tab.complaints.clear()
    tab.goto(f"{desk.base}/m3u/")
    assert desk.row("Wrong").count() == 0


def test_a_source_that_turns_bad_keeps_its_streams_and_heals(desk: Desk) -> None:
    desk.provider.now = (200, "audio/x-mpegurl", PLAYLIST)
    desk.add("Changing", f"{desk.provider.address}/changing")
    streams = desk.row("Changing").locator("td[data-label=Streams]")
    desk.wait_for_status("Changing", "Ready")
    assert streams.inner_text() == "4"
    for answer in ((200, "text/html", WEB_PAGE), (200, "audio/x-mpegurl", b""), (403, "text/plain", b"no")):
        desk.provider.now = answer
        desk.refresh("Changing")
        desk.wait_for_status("Changing", "Error")
        assert streams.inner_text() == "4"
    desk.provider.now = (200, "audio/x-mpegurl", PLAYLIST[: len(PLAYLIST) // 4])
    desk.refresh("Changing")
    desk.row("Changing").get_by_role("link", name="Look and decide").wait_for(timeout=WORK_MS)
    assert streams.inner_text() == "4"
    desk.provider.now = (200, "audio/x-mpegurl", PLAYLIST)
    desk.refresh("Changing")
    desk.wait_for_status("Changing", "Ready")
    expect(desk.row("Changing").get_by_role("link", name="Look and decide")).to_have_count(0)
    assert desk.tab.complaints == []


def test_a_second_refresh_while_one_runs_is_answered_in_words_and_the_first_can_be_cancelled(desk: Desk) -> None:
    tab, provider = desk.tab, desk.provider
    provider.go_on.clear()
    provider.asked_slow.clear()
    desk.add("Quick", f"{provider.address}/changing")  # "Refresh all" needs an account
    slow = "Slow"
    other = tab.context.new_page()
    other.goto(f"{desk.base}/m3u/")
    desk.add(slow, f"{provider.address}/slow")
    assert provider.asked_slow.wait(WORK_MS / 1000)
    desk.row(slow).get_by_role("button", name=f"Cancel the refresh of {slow}").wait_for()
    expect(desk.row(slow).get_by_role("button", name=f"Refresh {slow}")).to_be_disabled()

    # "Refresh all" of somebody whose page is from before
    other.get_by_role("button", name="Refresh all").click()
    other.get_by_text("1 already running").wait_for()
    other.close()

    desk.row(slow).get_by_role("button", name=f"Cancel the refresh of {slow}").press("Enter")
    desk.row(slow).get_by_role("button", name=f"Cancel the refresh of {slow}").wait_for(state="detached", timeout=WORK_MS)
    assert "cancelled" in (desk.row(slow).locator(".m3u-status").get_attribute("title") or "")
    provider.go_on.set()
    desk.refresh(slow)
    desk.wait_for_status(slow, "Ready")
    assert desk.tab.complaints == []
