"""A server full of markup, formulas and secrets: every page shows it as text, no page falls over, nothing leaks."""

import csv
import io
import logging
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from typing import Any
from zlib import crc32

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client

from channels_app.logos.thumbnails import shown_address
from channels_app.models import Channel, Logo
from ecm_site.bench_pages_walk import Answer, is_fine, walk
from ecm_site.conf import save_settings
from ecm_site.dispatcharr.client import reset_client
from epg_app.models import GuideSource
from m3u_app.models import Account
from tasks_app.engine import run_here
from tasks_app.mirror.answers import answer_conflict
from tasks_app.mirror.state import mirror_state
from tasks_app.models import MirrorPull, MirrorState, OutboxEntry, OutboxState, RunStatus
from tests.fake_dispatcharr import FakeServer
from tests.fake_dispatcharr.replies import Request

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "queue"])

MARK = "planted"
EVIL = f"\"'><script>{MARK}()</script><img src=x onerror={MARK}()>{{{{7*7}}}}\u202e\x07"
FORMULA = f'=HYPERLINK("http://evil.test/{MARK}")'
SECRET = "Zx81Spectrum"
"""Part of everything that is secret on the server."""
NAMES = {"name", "title", "sub_title", "description", "channel_name", "stream_name", "username", "last_message", "user_agent"}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
ADDRESSES = {"url", "logo_url", "icon_url", "icon", "cache_url"}
SCHEMES = ("javascript:alert(1)//", "data:text/html,<script>alert(1)</script>", "file:///etc/passwd#", "http://[bad")
"""No browser shall follow them, and nothing be fetched from there."""


class Evil:
    """Changes what the server tells: texts get markup, addresses schemes that no browser shall follow, secrets are planted."""

    def __init__(self) -> None:
        self.round = 1

    def __call__(self, request: Request, body: Any) -> Any:
        if "/token/" in request.path or "/version/" in request.path or request.method not in ("GET", "POST"):
            return body
        if request.method == "POST" and not request.path.endswith("/by-ids/"):
            return body
        return self._value("", body, request.path)

    def _value(self, key: str, value: Any, path: str) -> Any:
        if isinstance(value, dict):
            found = {name: self._value(name, part, path) for name, part in value.items()}
            if "/m3u/accounts/" in path and "account_type" in found:
                number = found["id"]
                found["password"] = f"{SECRET}-password{self.round}"
                found["username"] = f"user-{number}"
                if found.get("server_url"):
                    found["server_url"] = (
                        f"http://joe:{SECRET}-userinfo@provider.test/get.php?username=u&password={SECRET}-query{self.round}"
                    )
                found["custom_properties"] = {"evil": EVIL, "deep": {"deeper": [EVIL] * 3}}
                found["last_message"] = f"{EVIL} http://provider.test/get.php?password={SECRET}-message&x=1"
            if "/epg/sources/" in path and "source_type" in found:
                found["url"] = f"http://guide.test/xmltv.php?username=u&password={SECRET}-guide{self.round}"
                found["password"] = f"{SECRET}-sourcepassword"
                found["api_key"] = f"{SECRET}-apikey"
                found["last_message"] = f"{EVIL} http://guide.test/?token={SECRET}-token"
            if "/accounts/users/" in path:
                found["api_key"] = f"{SECRET}-userkey"
            return found
        if isinstance(value, list):
            return [self._value(key, part, path) for part in value]
        if not isinstance(value, str) or not value:
            return value
        if key in ADDRESSES and "/m3u/accounts/" not in path and "/epg/sources/" not in path:
            if key == "url" and "/streams/" in path:
                return f"http://provider.test/live/joe/{SECRET}-path/{crc32(value.encode())}.ts"
            return f"{SCHEMES[sum(value.encode()) % len(SCHEMES)]}{MARK}{crc32(value.encode())}"
        if key in NAMES and "/accounts/users/" not in path and not value.lower().startswith("custom"):
            return f"{FORMULA} {self.round} {value} {EVIL}"
        return value


@pytest.fixture
def taken_over(fake: FakeServer) -> Iterator[FakeServer]:
    world = fake.world
    for number in range(8):
        world.insert("logos", {"id": 0, "name": f"Logo {number}", "url": f"http://logos.test/{number}.png"})
    first, *others = world.tables["channels"].values()
    first["logo_id"], first["epg_data_id"] = next(iter(world.tables["logos"])), next(iter(world.tables["entries"]))
    for row in others:
        row["epg_data_id"] = None
    fake.tamper = Evil()
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    reset_client()
    mirror_state()
    MirrorState.objects.update(connected=True, address=fake.url)
    yield fake
    reset_client()


@pytest.fixture
def visitor() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("alice", password="correct horse"))
    return client


def opened(client: Client, path: str) -> Answer:
    answer = client.get(path)
    content = b"".join(answer)
    return Answer(answer.status_code, answer.get("Content-Type", ""), content.decode(errors="replace"), 0.0)


class Dangers(HTMLParser):
    """What a browser would run: elements and attributes, not their texts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            words = unescape(value or "").strip().lower()
            leads = name in ("href", "src", "action", "hx-get", "hx-post", "srcset") and MARK in words
            if name.startswith("on") or (leads and not words.startswith(("/", "?", "#", "http://", "https://"))):
                self.found.append(f"<{tag} {name}={value!r}>")
        if tag == "script" and not any(
            name == "src" or (name == "type" and value == "application/json") for name, value in attrs
        ):
            self.found.append(f"<{tag} {attrs}>")


def dangers(text: str) -> list[str]:
    parser = Dangers()
    parser.feed(text)
    return parser.found


def walked(visitor: Client) -> tuple[list[str], list[str]]:
    """Pages that were opened, and what is wrong with them."""
    visited, wrong = [], []
    channels = ",".join(map(str, Channel.objects.values_list("pk", flat=True)[:3]))
    for path, answer in walk(lambda path: opened(visitor, path), selection=f"channel={channels}"):
        visited.append(path)
        if not is_fine(answer):
            wrong.append(f"{path}: {answer.status}")
        if answer.kind.startswith("text/html"):
            wrong += [f"{path}: {danger}" for danger in dangers(answer.text)]
        elif answer.kind.startswith("text/csv"):
            wrong += [f"{path}: {cell[:60]}" for cell in formulas(answer.text)]
        if SECRET in answer.text:
            at = answer.text.index(SECRET)
            wrong.append(f"{path}: …{answer.text[max(0, at - 90) : at + 40]}…")
    return visited, wrong


def formulas(text: str) -> list[str]:
    """Cells that a spreadsheet would compute."""
    cells = (cell for row in csv.reader(io.StringIO(text)) for cell in row)
    return [
        cell for cell in cells if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")) and not _NUMBER.fullmatch(cell)
    ]


def stored_secrets() -> set[str]:
    """table.column of every place of the databases that holds a secret in clear."""
    found = set()
    for alias in ("default", "queue"):
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
            for (table,) in cursor.fetchall():
                cursor.execute(f"SELECT * FROM {table}")
                columns = [column[0] for column in cursor.description]
                for row in cursor.fetchall():
                    for column, value in zip(columns, row, strict=True):
                        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                        if SECRET in text:
                            found.add(f"{table}.{column}")
    return found


def everybody_changes_everything(server: FakeServer) -> None:
    """Conflicts wait for an answer or, answered with ours, are refused by a server that repeats what it was sent."""
    for channel in Channel.objects.all():
        channel.name = f"{FORMULA} ours {channel.pk}"
        channel.save()
    for account in Account.objects.all():
        account.password = f"{SECRET}-mine"
        account.server_url = f"http://a:{SECRET}-mine@provider.test/get.php?password={SECRET}-mine"
        account.save()
    for source in GuideSource.objects.all():
        source.url, source.password = f"http://guide.test/?password={SECRET}-mine", f"{SECRET}-mine"
        source.save()
    assert isinstance(server.tamper, Evil)
    server.tamper.round = 2
    server.refuses = True
    assert run_here("sync_dispatcharr").status == RunStatus.COMPLETED
    conflicts = list(OutboxEntry.objects.filter(state=OutboxState.CONFLICT).order_by("pk"))
    assert {entry.kind for entry in conflicts} == {"channel", "account", "guide_source"}
    for entry in conflicts[1:]:
        answer_conflict(entry.pk, dict.fromkeys(entry.conflict, "mine"))
    run_here("deliver_outbox")
    refused = OutboxEntry.objects.filter(state=OutboxState.PARKED, reason__contains="Refused")
    assert set(refused.values_list("kind", flat=True)) == {"channel", "account", "guide_source"}


def test_a_server_that_was_taken_over_is_shown_as_text_and_its_secrets_nowhere(
    taken_over: FakeServer, visitor: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    run = run_here("sync_dispatcharr")
    assert run.status == RunStatus.COMPLETED, run.message
    assert not MirrorPull.objects.exclude(problem="").exists()
    everybody_changes_everything(taken_over)
    run_here("publish_lineup")
    visited, wrong = walked(visitor)
    assert len(visited) > 120
    for path in (f"/find/?q={MARK}", "/channels/csv/export/file/?scope=all", "/api/channels/export-csv"):
        answer = opened(visitor, path)
        assert answer.status in (200, 404), path
        wrong += [f"{path}: {found}" for found in (dangers if "html" in answer.kind else formulas)(answer.text)]
    assert wrong == []
    assert [line for line in caplog.text.splitlines() if SECRET in line] == []
    assert stored_secrets() == {"m3u_app_stream.url"}  # players need it


def test_pictures_and_lists_of_a_server_that_was_taken_over(taken_over: FakeServer, visitor: Client) -> None:
    """Nothing but http is fetched for a picture, and no value adds a line to a playlist."""
    run_here("sync_dispatcharr")
    run_here("publish_lineup")
    known = set(Logo.objects.values_list("url", flat=True))
    assert {scheme for scheme in SCHEMES if any(address.startswith(scheme) for address in known)} == set(SCHEMES)
    addresses = known | {"javascript:alert(1)", "file:///etc/passwd", "data:text/html,x"}
    for address in addresses:
        answer = visitor.get(shown_address(address))
        assert answer.status_code in (302, 404), address
        assert answer.get("Location", "http").startswith("http")
    playlist = opened(visitor, "/output/m3u").text
    lines = playlist.splitlines()
    assert len([line for line in lines if line.startswith("#EXTINF")]) == Channel.objects.count() == 3
    assert all(line.startswith(("#", "http://")) for line in lines if line)
