"""A real worker process killed in the middle of delivering creations: the next one finishes, and makes nothing twice."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.db import transaction

from channels_app.commands import CreateChannel
from channels_app.edit_channels import create_channel
from channels_app.models import Channel
from ecm_site.conf import save_settings
from ecm_site.dispatcharr.client import get_client, reset_client
from m3u_app.models import Stream
from tasks_app.engine import request_run_soon
from tasks_app.mirror.pull import pull
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror.triggers import DELIVER_TASK, ensure_triggers
from tasks_app.models import CreationAttempt, MirrorLink, MirrorState, OutboxEntry
from tasks_app.tests.workers import Worker, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]

CHANNELS = 300
PLAIN = 150  # without streams, so that they are created one by one; the others go together
KILLED_AFTER = 60  # channels on the server
PATIENCE = 240  # seconds; a run of a killed worker is given up after a while, and then the minute's tick asks again


class Server:
    """The fake server as a process of its own, at the pace that the real one was measured to have."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.fake_dispatcharr.process", "400", "0", "recorded"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR
        )
        assert self.process.stdout is not None
        self.address: dict[str, str] = json.loads(self.process.stdout.readline())
        self._client = httpx.Client(base_url=self.address["url"], trust_env=False, timeout=30)
        self._client.headers["X-API-Key"] = "fake-api-key-of-the-administrator"

    def names(self) -> list[str]:
        return sorted(row["name"] for row in self._client.get("/api/channels/channels/?visibility_filter=all").json())

    def count(self) -> int:
        return len(self._client.get("/api/channels/channels/ids/").json())

    def stop(self) -> None:
        self._client.close()
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()
    reset_client()


@pytest.fixture
def worker(tmp_path: Any) -> Iterator[Callable[[], Worker]]:
    workers: list[Worker] = []

    def start() -> Worker:
        workers.append(Worker((), {**os.environ, "DEMO_FOLDER": str(tmp_path)}))
        workers[-1].wait_until_ready()
        return workers[-1]

    yield start
    for one in workers:
        one.end()


def test_a_worker_killed_while_it_creates_makes_no_channel_twice(server: Server, worker: Callable[[], Worker]) -> None:
    address = server.address
    save_settings(dispatcharr_url=address["url"], dispatcharr_user=address["user"], dispatcharr_password=address["password"])
    reset_client()
    ensure_triggers()
    mirror_state()
    MirrorState.objects.update(connected=True, address=address["url"])
    pull(get_client())
    with transaction.atomic():
        for number in range(PLAIN):
            create_channel(CreateChannel({"name": f"Plain {number}"}))
        for number, stream in enumerate(Stream.objects.order_by("pk").values_list("pk", flat=True)[: CHANNELS - PLAIN]):
            create_channel(CreateChannel({"name": f"Streamed {number}"}, (stream,)))
    assert OutboxEntry.objects.count() == CHANNELS

    first = worker()
    wait_for(lambda: server.count() >= KILLED_AFTER, PATIENCE, "the first channels")
    first.kill()
    assert OutboxEntry.objects.exists()
    assert 0 < server.count() < CHANNELS, "it was killed too late to show anything"

    worker()
    request_run_soon(DELIVER_TASK, delay_seconds=0)
    done = lambda: not OutboxEntry.objects.exists() and not CreationAttempt.objects.exists()  # noqa: E731
    wait_for(done, PATIENCE, "the rest")
    made = Counter(server.names())
    assert {name: times for name, times in made.items() if times > 1} == {}
    assert set(made) == set(Channel.objects.values_list("name", flat=True))
    assert len(made) == CHANNELS == Channel.objects.count() == MirrorLink.objects.filter(kind="channel").count()
