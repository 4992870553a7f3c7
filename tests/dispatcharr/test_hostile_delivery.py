"""A server that says anything to what ECM sends, and of what is being watched: nothing is made twice, nothing is stuck."""

from typing import Any

import pytest

from channels_app.models import Channel, ChannelGroup
from ecm_site.conf import save_settings
from ecm_site.dispatcharr.client import reset_client
from tasks_app.engine import run_here
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror_pages.live import ask_server, live_status
from tasks_app.models import LiveStatus, MirrorState, OutboxEntry
from tests.fake_dispatcharr import FakeServer
from tests.fake_dispatcharr.replies import Request

pytestmark = pytest.mark.django_db

ANSWERS: list[Any] = [{"detail": "ok"}, [7], {"id": 2**70, "name": [1]}]


@pytest.fixture
def mirrored(fake: FakeServer) -> FakeServer:
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    reset_client()
    mirror_state()
    MirrorState.objects.update(connected=True, address=fake.url)
    assert run_here("sync_dispatcharr").status == "completed"
    return fake


def deliver() -> None:
    OutboxEntry.objects.update(next_attempt_at=None)
    MirrorState.objects.update(retry_at=None)
    reset_client()
    run_here("deliver_outbox")


@pytest.mark.parametrize("said", ANSWERS, ids=str)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_an_answer_that_says_nothing_makes_nothing_twice(mirrored: FakeServer, method: str, said: Any) -> None:
    """The server did it, and answers with nonsense."""
    group = ChannelGroup.objects.create(name="New group")
    Channel.objects.create(name="New channel", group=group)
    Channel.objects.filter(name="One").update(name="Uno")

    def tamper(request: Request, body: Any) -> Any:
        reads = request.path.endswith(("/token/", "/refresh/", "/by-ids/"))
        return said if request.method == method and not reads else body

    mirrored.tamper = tamper
    deliver()
    deliver()
    mirrored.tamper = None
    deliver()
    deliver()
    run_here("sync_dispatcharr")
    names = [row["name"] for row in mirrored.world.tables["channels"].values()]
    assert sorted(names) == ["New channel", "Three", "Two", "Uno"]
    assert [row["name"] for row in mirrored.world.tables["groups"].values()].count("New group") == 1
    assert sorted(Channel.objects.values_list("name", flat=True)) == sorted(names)
    assert not OutboxEntry.objects.exists()


@pytest.mark.parametrize(
    "status",
    [
        [], "text", None, {}, {"channels": None}, {"channels": 7}, {"channels": [1, None, "x"]}, {"detail": "no"},
        {"channels": [{"channel_id": [1], "channel_name": {"a": 1}, "client_count": "many", "clients": 5}]},
        {"channels": [{"channel_id": "x" * 9_000, "channel_name": "\x00<script>" * 900, "client_count": 2**70}] * 2_000},
        {"channels": [{"client_count": -5}, {"clients": [{}] * 10}, {"client_count": 1.5, "channel_name": True}]},
    ],
)  # fmt: skip
def test_what_is_being_watched_may_be_anything(mirrored: FakeServer, status: Any) -> None:
    mirrored.tamper = lambda request, body: status if request.path.startswith("/proxy/") else body
    LiveStatus.objects.get_or_create(pk=1)
    ask_server()
    live = live_status()
    assert live.viewers >= 0
    assert len(live.channels) <= 500
    assert all(isinstance(channel.name, str) and len(channel.name) < 600 for channel in live.channels)
    assert live.token
