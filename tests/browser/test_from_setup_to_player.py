"""The whole way of a newcomer, with the real server, the real worker and a real browser:
setup → demo → bulk create → publish → a player reads playlist and guide."""

import gzip
import re
import urllib.request
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Server, free_port

pytestmark = [pytest.mark.browser, pytest.mark.processes]

IMPORT_MS = 60_000
ENTRY = re.compile(r"#EXTINF:-1 (?P<attributes>[^\n]*?),(?P<name>[^\n]*)\n(?P<url>http\S+)")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "my data", free_port())
    try:
        server.wait_until_ready()
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
        server.log.close()


def fetch(server: Server, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=20) as answer:
        return bytes(answer.read())


def test_a_newcomer_gets_from_setup_to_a_lineup_that_players_can_read(page: Any, server: Server) -> None:
    base = f"http://127.0.0.1:{server.port}"

    page.goto(base)
    page.get_by_label("Username").fill("alice")
    page.get_by_label("E-mail").fill("alice@example.org")
    page.get_by_label("Password", exact=False).first.fill("correct horse")
    page.get_by_label("Password again").fill("correct horse")
    page.get_by_role("button", name="Create and sign in").click()

    page.get_by_role("button", name="Try the demo").click()
    page.get_by_text("The demo is being read").wait_for()
    page.locator("#demo .run-progress").first.wait_for(state="detached", timeout=IMPORT_MS)
    page.get_by_role("link", name="Make channels from it").click()

    page.get_by_role("link", name="Demo Northlight").scroll_into_view_if_needed()  # its groups are loaded when they are seen
    page.get_by_role("checkbox", name="US | News").check()
    page.get_by_role("button", name="Create channels").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Starting number").fill("101")
    dialog.get_by_label("Remove", exact=True).check()
    preview = dialog.get_by_role("table")
    preview.get_by_text("Redwood News", exact=True).wait_for()
    preview.get_by_text("101", exact=True).wait_for()
    dialog.get_by_role("button", name="Create 4 channels").click()
    dialog.wait_for(state="hidden")
    page.get_by_text("Created 4 channels from 12 streams").wait_for()

    server.wait_for(lambda: b"Redwood News" in fetch(server, "/output/m3u"), "publishing", 30)
    text = fetch(server, "/output/m3u").decode()
    assert text.startswith("#EXTM3U")
    entries = {found["name"]: found for found in ENTRY.finditer(text)}
    assert set(entries) == {"Redwood News", "Capitol Wire", "Ledger Business", "Stormwatch Weather"}
    assert len(re.findall(r"^http", text, re.MULTILINE)) == 4
    numbers = {
        found.group(1) for found in (re.search(r'tvg-chno="([^"]*)"', e["attributes"]) for e in entries.values()) if found
    }
    assert numbers == {"101", "102", "103", "104"}
    redwood = entries["Redwood News"]
    assert 'catchup="' in redwood["attributes"]
    assert redwood["url"].startswith(f"{base}/stream/")

    opener = urllib.request.build_opener(_NoRedirect)
    with pytest.raises(urllib.error.HTTPError) as redirect:
        opener.open(redwood["url"], timeout=10)
    assert redirect.value.code in (301, 302, 303, 307, 308)
    assert redirect.value.headers["Location"].startswith("http://tv.northlight.invalid/stream/")

    server.wait_for(lambda: b"<programme" in fetch(server, "/output/epg.xml"), "programmes in the guide", 30)
    guide = ElementTree.fromstring(gzip.decompress(fetch(server, "/output/epg.xml.gz")))
    ids = {channel.get("id") for channel in guide.iter("channel")}
    assert {re.search(r'tvg-id="([^"]*)"', entry["attributes"])[1] for entry in entries.values()} <= ids
    assert {programme.get("channel") for programme in guide.iter("programme")} <= ids
    assert sum(1 for _ in guide.iter("programme")) > 100

    page.goto(f"{base}/")
    page.get_by_text("4 channels,").wait_for()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None
