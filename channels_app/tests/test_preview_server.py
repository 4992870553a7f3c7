"""Previews on the real web server: viewers who leave, a server that stops."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from channels_app.tests.preview_fixtures import Provider, eventually
from tests import prepared_databases
from tests.serving import ROOT, Server, free_port, session_processes

pytestmark = pytest.mark.processes

PREPARE = """
import hashlib, sys
from django.contrib.auth.models import User
from django.test import Client
from m3u_app.models import Account, Stream
account = Account.objects.create(name="Acme", server_url=sys.argv[1] + "/list.m3u")
for number, path in enumerate(sys.argv[2:], 1):
    url = sys.argv[1] + path
    Stream.objects.create(pk=number, account=account, name=path, url=url, stream_hash=hashlib.sha256(url.encode()).digest())
client = Client()
client.force_login(User.objects.create_user("alice"))
print(client.cookies["sessionid"].value)
"""


@pytest.fixture
def server(tmp_path: Path, provider: Provider) -> Iterator[Server]:
    running = Server(prepared_databases.copy_all(tmp_path / "data"), free_port(), "--no-worker")
    running.wait_until_ready()
    code = f"import django; django.setup()\n{PREPARE}"
    words = [sys.executable, "-c", code, provider.url(""), "/live/ac3.ts", "/silent"]
    environment = {
        **os.environ,
        "CONFIG_DIR": str(tmp_path / "data"),
        "ECM_DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "ecm_site.settings",
    }
    said = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT, env=environment).stdout
    running.cookie = said.split()[-1]  # type: ignore[attr-defined]
    yield running
    if running.process.poll() is None:
        running.stop()
    running.log.close()


def watch(server: Server, stream: int, mode: str) -> HTTPConnection:
    """Open a preview and read a little of it."""
    viewer = HTTPConnection("127.0.0.1", server.port, timeout=20)
    cookie = server.cookie  # type: ignore[attr-defined]
    viewer.request("GET", f"/api/stream-preview/{stream}?mode={mode}", headers={"Cookie": f"sessionid={cookie}"})
    answer = viewer.getresponse()
    assert answer.status == 200, answer.read()
    assert len(answer.read(20_000)) == 20_000
    viewer.answer = answer  # type: ignore[attr-defined]  # keeps it from being closed
    return viewer


def leave(viewer: HTTPConnection) -> None:
    viewer.answer.close()  # type: ignore[attr-defined]
    viewer.close()


def ffmpegs(server: Server) -> list[int]:
    found = []
    for pid in session_processes(server.pid_of("web server")):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"pipe:1" in command:
            assert b"http" not in command  # no address, no login in the list of processes
            found.append(pid)
    return found


def test_viewers_leave_then_the_server_stops(server: Server, provider: Provider) -> None:
    """One server for both: starting it takes longest. A viewer is missed also while the source is silent."""
    viewers = [watch(server, 1, "transcode"), watch(server, 2, "passthrough")]
    assert len(ffmpegs(server)) == 1
    assert provider.open_now == 2
    assert server.get("/api/health") == 200  # others are served meanwhile
    began = time.monotonic()
    for viewer in viewers:
        leave(viewer)
    eventually(lambda: not ffmpegs(server) and provider.open_now == 0, "the end of ffmpeg and of both fetches", 12)
    eventually(lambda: server.said().count("[PREVIEW] Ended") == 2, "the end of both", 12)
    assert time.monotonic() - began < 12
    for _again in range(3):  # and the slots are free
        leave(watch(server, 1, "video_only"))

    last = watch(server, 1, "transcode")  # and one that is open when the server stops
    assert len(ffmpegs(server)) == 1
    web = server.pid_of("web server")
    assert server.stop() == 0
    assert session_processes(web) == []
    eventually(lambda: provider.open_now == 0, "the provider's connections ending")
    leave(last)
