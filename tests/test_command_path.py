"""From playlist and guide to published files with commands alone, each in a process of its own, as a cron job would."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from m3u_app.tests.fake_servers import Answer, FakeServer, serving
from m3u_app.tests.reading import read
from tests import prepared_databases
from tests.browser.playlists import entries_of

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent
COMMAND_SECONDS = 120

IMPORT_KEYS = {"streams_total", "created", "updated", "unchanged", "stale", "removed", "filtered", "bad", "no_url"}
IMPORT_KEYS |= {"groups", "seconds"}
GUIDE_KEYS = {"entries", "programmes", "skipped", "seconds"}
CREATE_KEYS = {"channels_created", "streams_assigned"}
PUBLISH_KEYS = {"channels", "programmes", "files"}

PLAYLIST = """\
#EXTM3U
#EXTINF:-1 tvg-id="alpha.xx" group-title="News",Alpha News HD
http://tv.example.invalid/1.ts
#EXTINF:-1 tvg-id="alpha.xx" group-title="News",Alpha News SD
http://tv.example.invalid/2.ts
#EXTINF:-1 tvg-id="Beta.XX" tvg-logo="http://tv.example.invalid/b.png" group-title="News",Beta
http://tv.example.invalid/3.ts
#EXTINF:-1 group-title="Music",Gamma & "Sons"
http://tv.example.invalid/4.ts
#EXTINF:-1 group-title="Music",No address
"""
NAMES = {"Alpha News", "Beta", 'Gamma & "Sons"'}


def guide(now: datetime) -> str:
    """Four programmes for each of three channels, of which the playlist knows two; a fourth is only named by a programme."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    channels = ("alpha.xx", "beta.xx", "unused.xx")
    parts = [f'<channel id="{name}"><display-name>{name}</display-name></channel>' for name in channels]
    for name in (*channels, "stray.xx"):
        for step in range(4 if name in channels else 1):
            start, stop = (f"{hour + timedelta(hours=step + more):%Y%m%d%H%M%S} +0000" for more in (0, 1))
            title = f"{name} {step} &amp; more"
            parts.append(f'<programme start="{start}" stop="{stop}" channel="{name}"><title>{title}</title></programme>')
    return f"<tv>{''.join(parts)}</tv>"


@dataclass
class Done:
    code: int
    out: str
    error: str

    @property
    def told(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        lines = self.out.splitlines()
        assert len(lines) == 1, f"stdout: {self.out!r}\nstderr: {self.error}"
        found: dict[str, Any] = json.loads(lines[0])
        assert isinstance(found, dict)
        return found


@dataclass
class Shell:
    """Runs ``manage.py`` on a data folder of its own."""

    folder: Path

    def __call__(self, *arguments: str) -> Done:
        ended = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env={**os.environ, "CONFIG_DIR": str(self.folder / "data"), "ECM_DEBUG": "0"},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Done(ended.returncode, ended.stdout, ended.stderr)

    def json(self, *arguments: str) -> dict[str, Any]:
        done = self(*arguments, "--json")
        assert done.code == 0, f"{arguments}: {done.out}\n{done.error}"
        return done.told

    def refused(self, *arguments: str) -> str:
        """The sentence for the operator of a command that fails, which is the same with and without ``--json``."""
        done = self(*arguments, "--json")
        assert done.code != 0, done.out
        assert "Traceback" not in done.error, done.error
        sentence = str(done.told["error"])
        assert sentence in done.error
        return sentence


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "list.m3u").write_text(PLAYLIST)
    (tmp_path / "guide.xml").write_text(guide(datetime.now(UTC)))
    prepared_databases.copy_all(tmp_path / "data")
    return Shell(tmp_path)


class Provider(FakeServer):
    """``/list.m3u`` and ``/guide.xml.gz``; anything else is not there."""

    def respond(self, path: str, query: dict[str, str]) -> Answer:
        if path == "/list.m3u":
            return 200, "audio/x-mpegurl", PLAYLIST.encode()
        if path == "/guide.xml.gz":
            return 200, "application/gzip", gzip.compress(guide(datetime.now(UTC)).encode())
        return super().respond(path, query)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serving(Provider()) as running:
        yield running


def published(shell: Shell, out: str) -> tuple[set[str], dict[str, list[str]]]:
    """Names in the playlist, and titles of the programmes by channel name."""
    found = shell.json("publish_lineup", "--out", out)
    assert set(found) >= PUBLISH_KEYS
    folder = shell.folder / out
    assert sorted(found["files"]) == sorted(str(path) for path in folder.rglob("*") if path.is_file())
    text = (folder / "lineup.m3u").read_text()
    entries = entries_of(text)
    assert [entry.name for entry in entries] == [entry.name for entry in read(text).entries]
    assert found["channels"] == len(entries)
    document = ElementTree.parse(folder / "guide.xml").getroot()
    names = {entry.attributes["tvg-id"]: entry.name for entry in entries}
    titles: dict[str, list[str]] = {name: [] for name in names.values()}
    for programme in document.iter("programme"):
        titles[names[programme.get("channel", "")]].append(programme.findtext("title", ""))
    assert found["programmes"] == sum(map(len, titles.values()))
    assert gzip.decompress((folder / "guide.xml.gz").read_bytes()) == (folder / "guide.xml").read_bytes()
    return set(names.values()), titles


def test_from_files_with_the_guide_before_the_channels(shell: Shell) -> None:
    shutil.rmtree(shell.folder / "data")  # here from nothing; the other tests begin with tables
    assert shell("prepare_databases").code == 0
    first = shell.json("import_m3u", "list.m3u", "--account", "Acme")
    assert set(first) >= IMPORT_KEYS
    counts = {key: first[key] for key in ("streams_total", "created", "updated", "unchanged", "stale", "no_url", "groups")}
    assert counts == {
        "streams_total": 4,
        "created": 4,
        "updated": 0,
        "unchanged": 0,
        "stale": 0,
        "no_url": 1,
        "groups": 2,
    }
    second = shell.json("import_m3u", "list.m3u", "--account", "Acme")
    assert (second["created"], second["unchanged"], second["streams_total"]) == (0, 4, 4)

    read_guide = shell.json("import_xmltv", "guide.xml", "--source", "Guide")
    assert set(read_guide) >= GUIDE_KEYS
    assert read_guide["entries"] == 4

    made = shell.json("create_channels", "--account", "Acme", "--start", "101")
    assert set(made) >= CREATE_KEYS
    assert (made["channels_created"], made["streams_assigned"]) == (3, 4)
    names, titles = published(shell, "out")
    assert names == NAMES
    assert titles["Alpha News"] == [f"alpha.xx {step} & more" for step in range(4)]
    assert titles["Beta"] == [f"beta.xx {step} & more" for step in range(4)]
    assert titles['Gamma & "Sons"'] == []
    again = shell.json("create_channels", "--account", "Acme")
    assert (again["channels_created"], again["streams_assigned"]) == (0, 0)


def test_from_addresses_with_the_guide_after_the_channels(shell: Shell, provider: Provider) -> None:
    assert shell.json("import_m3u", f"{provider.address}/list.m3u", "--account", "Acme")["created"] == 4
    only_news = shell.json("create_channels", "--account", "Acme", "--group", "News", "--start", "7")
    assert (only_news["channels_created"], only_news["streams_assigned"]) == (2, 3)
    names, titles = published(shell, "before")
    assert names == {"Alpha News", "Beta"}
    assert titles == {"Alpha News": [], "Beta": []}

    read_guide = shell.json("import_xmltv", f"{provider.address}/guide.xml.gz", "--source", "Guide")
    assert (read_guide["entries"], read_guide["programmes"]) == (4, 8)  # programmes: only what channels use
    _, titles = published(shell, "after")
    assert {name: len(found) for name, found in titles.items()} == {"Alpha News": 4, "Beta": 4}
    text = (shell.folder / "after" / "lineup.m3u").read_text()
    assert [entry.attributes["tvg-chno"] for entry in entries_of(text)] == ["7", "8"]


def test_what_fails_says_why_in_one_object_and_changes_nothing(shell: Shell, provider: Provider) -> None:
    shell.json("import_m3u", "list.m3u", "--account", "Acme")
    (shell.folder / "page.m3u").write_text("<!DOCTYPE html><html>pay here</html>")
    (shell.folder / "letter.xml").write_text("Dear customer")
    assert "no file" in shell.refused("import_m3u", "missing.m3u", "--account", "Acme")
    assert "web page" in shell.refused("import_m3u", "page.m3u", "--account", "Acme")
    assert "404" in shell.refused("import_m3u", f"{provider.address}/nothing", "--account", "Other")
    assert "XMLTV" in shell.refused("import_xmltv", "letter.xml", "--source", "Guide")
    assert "404" in shell.refused("import_xmltv", f"{provider.address}/nothing", "--source", "Guide")
    assert "Acmee" in shell.refused("create_channels", "--account", "Acmee")
    assert "“Newss”" in shell.refused("create_channels", "--account", "Acme", "--group", "Newss")
    assert "--start" in shell.refused("create_channels", "--account", "Acme", "--start", "ten")
    (shell.folder / "occupied").write_text("a file where a folder is wanted")
    assert "occupied" in shell.refused("publish_lineup", "--out", "occupied")
    back = shell.json("import_m3u", "list.m3u", "--account", "Acme")
    assert (back["unchanged"], back["created"], back["stale"]) == (4, 0, 0)


def test_words_for_people_without_json(shell: Shell) -> None:
    for arguments in (
        ("import_m3u", "list.m3u", "--account", "Acme"),
        ("import_xmltv", "guide.xml", "--source", "Guide"),
        ("create_channels", "--account", "Acme"),
        ("publish_lineup",),
        ("run_task", "publish_lineup"),
    ):
        done = shell(*arguments)
        assert done.code == 0, done.error
        assert done.out.strip()
        assert not done.out.startswith("{")
    task = shell.json("run_task", "publish_lineup")
    assert task["success"] is True
    assert shell("run_task", "no_such_task", "--json").code != 0
