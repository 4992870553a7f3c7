"""A server that takes requests and never answers: no page of this house asks it anything, so none of them is slower for it."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from channels_app.models import Channel
from ecm_site.bench_pages_walk import Answer, is_fine, walk
from ecm_site.conf import save_settings
from ecm_site.dispatcharr.client import reset_client
from ecm_site.dispatcharr.transport import Transport
from tasks_app.mirror_pages import live
from tasks_app.models import MirrorState, OutboxEntry, OutboxState
from tests.dispatcharr.stories.small_world import beginning
from tests.fake_dispatcharr import FakeServer, Kind

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "queue"])

_LEAST = 140
"""Kinds of pages; there are more than that, and a walk that finds fewer has lost its way."""


class Hanging:
    """The server, and who tried to talk to it inside a request."""

    def __init__(self, fake: FakeServer) -> None:
        self.fake = fake
        self.asked_in_requests: list[str] = []


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    beginning().restore()
    fake = FakeServer(beginning().world())
    hanging = Hanging(fake)
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    reset_client()
    MirrorState.objects.update(address=fake.url)
    fake.faults.order(Kind.SLOW, times=10**6, seconds=3600)
    requests = threading.current_thread()
    real = Transport.send

    def send(transport: Transport, method: str, path: str, **options: Any) -> Any:
        if threading.current_thread() is requests:
            hanging.asked_in_requests.append(f"{method} {path}")
            raise AssertionError("A page talks to the server.")
        return real(transport, method, path, **options)

    monkeypatch.setattr(Transport, "send", send)
    monkeypatch.setattr(live, "GIVE_UP_SECONDS", 0.2)
    yield hanging
    for thread in threading.enumerate():  # who looks what is being watched, in nobody's way
        if thread is not requests and not thread.daemon:
            thread.join(timeout=5)
    fake.stop()
    reset_client()


@pytest.fixture
def visitor(hanging: Hanging) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("alice", password="correct horse"))
    return client


def opened(client: Client, path: str) -> Answer:
    answer = client.get(path)
    content = b"" if answer.streaming else answer.content
    return Answer(answer.status_code, answer.get("Content-Type", ""), content.decode(errors="replace"), 0.0)


def test_no_page_talks_to_the_server(hanging: Hanging, visitor: Client) -> None:
    Channel.objects.filter(name="Channel 1").update(name="Uno")
    Channel.objects.filter(name="Channel 2").update(name="Duo")
    entry = OutboxEntry.objects.order_by("-pk").first()
    assert entry is not None
    OutboxEntry.objects.filter(pk=entry.pk).update(
        state=OutboxState.CONFLICT, conflict={"name": {"base": "Channel 2", "mine": "Duo", "theirs": "Deux"}}
    )
    visited: list[str] = []
    wrong: list[str] = []
    channels = ",".join(map(str, Channel.objects.values_list("pk", flat=True)[:3]))
    for path, answer in walk(lambda path: opened(visitor, path), selection=f"channel={channels}"):
        visited.append(path)
        if not is_fine(answer):
            wrong.append(f"{path}: {answer.status}")
    assert wrong == []
    assert hanging.asked_in_requests == []
    assert len(visited) >= _LEAST, visited


def test_an_edit_answers_at_once_and_waits(hanging: Hanging, visitor: Client) -> None:
    channel = Channel.objects.get(name="Channel 3")
    answer = visitor.post(f"/channels/{channel.pk}/", {"name": "Trois", "number": "3"})
    assert answer.status_code in (200, 204, 302), answer.content[:500]
    assert Channel.objects.get(pk=channel.pk).name == "Trois"
    assert OutboxEntry.objects.filter(kind="channel", local_id=channel.pk).exists()
    assert hanging.asked_in_requests == []
