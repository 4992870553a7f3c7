"""The live strip (20 §16): read from one row, asked for politely, never waited for."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from ecm_site.conf import save_settings
from tasks_app.mirror_pages import live
from tasks_app.mirror_pages.live import ask_server, live_status, look
from tasks_app.models import LiveStatus, MirrorState
from tests.fake_dispatcharr import FakeServer, Kind, World

STATUS = "/proxy/ts/status"
pytestmark = pytest.mark.django_db


@pytest.fixture
def connected(fake: FakeServer) -> FakeServer:
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    MirrorState.objects.create(pk=1, connected=True, address=fake.url)
    return fake


@pytest.fixture
def visitor() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    return client


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What would have been done in the background."""
    started: list[Callable[[], None]] = []
    monkeypatch.setattr(live, "_in_a_thread", started.append)
    return started


def watch(world: World, *rows: dict[str, Any]) -> None:
    world.watched[:] = [
        {"channel_id": f"uuid-{number}", "channel_name": f"Channel {number}", "client_count": number, "clients": [], **row}
        for number, row in enumerate(rows, start=1)
    ]


def asked(row: int = 1) -> None:
    look(start=lambda work: None)
    ask_server()


def test_what_is_watched_is_shown_with_most_viewers_first(connected: FakeServer, world: World) -> None:
    watch(world, {}, {"channel_name": "<b>News</b>"}, {"channel_name": None, "stream_name": "DE: Sport", "client_count": None})
    asked()
    found = live_status()
    assert found.is_known
    assert [(channel.name, channel.clients) for channel in found.channels] == [
        ("<b>News</b>", 2),
        ("Channel 1", 1),
        ("DE: Sport", 0),
    ]
    assert found.viewers == 3


def test_the_page_shows_names_escaped(connected: FakeServer, world: World, visitor: Client, no_threads: object) -> None:
    watch(world, {"channel_name": "<script>x</script>"})
    asked()
    for path in ("/", "/server/live/"):
        html = visitor.get(path).content.decode()
        assert "1 channel, 1 viewer" in html
        assert "&lt;script&gt;" in html
        assert "<script>x" not in html


def test_many_lookers_make_one_request_an_interval(
    connected: FakeServer, visitor: Client, no_threads: list[Callable[[], None]]
) -> None:
    with time_machine.travel("2026-11-23 12:00:00Z", tick=False) as clock:
        for _ in range(20):
            visitor.get("/server/live/", headers={"HX-Request": "true"})
        assert len(no_threads) == 1
        clock.shift(9)
        assert look() is False
        clock.shift(1)
        assert look() is True
        save_settings(stats_poll_interval=60)
        clock.shift(59)
        assert look() is False


def test_a_clock_that_was_set_back_does_not_stop_the_strip(connected: FakeServer, no_threads: object) -> None:
    LiveStatus.objects.create(pk=1, asked_at=timezone.now() + timedelta(days=1))
    assert look() is True


def test_pages_only_read(connected: FakeServer, visitor: Client, no_threads: list[Callable[[], None]]) -> None:
    for path in ("/", "/channels/"):
        assert "server-live" in visitor.get(path).content.decode()
    assert no_threads == []
    assert not LiveStatus.objects.exists()


def test_without_a_server_there_is_no_strip(visitor: Client, fake: FakeServer, no_threads: list[Callable[[], None]]) -> None:
    for path in ("/", "/channels/"):
        assert 'id="server-live"' not in visitor.get(path).content.decode()
    assert "No server is connected" in visitor.get("/server/live/").content.decode()
    assert visitor.get("/server/live/", headers={"HX-Request": "true"}).content == b"", "a strip on an open page goes away"
    assert no_threads == []


def test_the_strip_costs_one_query_however_much_is_watched(
    connected: FakeServer, world: World, django_assert_num_queries: Any
) -> None:
    watch(world, *[{}] * 40)
    asked()
    strip = Template("{% load mirror %}{% live_strip %}")
    request = RequestFactory().get("/")
    with django_assert_num_queries(2):  # whether a server is mirrored, which the header asks anyway
        html = strip.render(Context({"request": request}))
    assert "40 channels" in html
    assert "and 34 more" in html


def test_an_open_page_gets_nothing_while_nothing_changed(
    connected: FakeServer, world: World, visitor: Client, no_threads: object
) -> None:
    watch(world, {})
    asked()
    address = f"/server/live/?seen={live_status().token}"
    assert visitor.get(address, headers={"HX-Request": "true"}).status_code == 204
    watch(world, {}, {})
    ask_server()
    assert "2 channels, 3 viewers" in visitor.get(address, headers={"HX-Request": "true"}).content.decode()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": Kind.STATUS, "status": 500},
        {"kind": Kind.RESET_BEFORE, "times": 10},
        {"kind": Kind.HTML},
        {"kind": Kind.STATUS, "status": 403},
    ],
)
def test_a_server_that_does_not_answer_is_unknown_and_not_empty(
    connected: FakeServer, world: World, fault: dict[str, Any], visitor: Client, no_threads: object, monkeypatch: Any
) -> None:
    watch(world, {})
    asked()
    monkeypatch.setattr(live, "GIVE_UP_SECONDS", 1.0)
    connected.faults.order(path=STATUS, **fault)
    ask_server()
    found = live_status()
    assert (found.is_known, found.channels) == (False, [])
    assert found.problem
    html = visitor.get("/").content.decode()
    assert "Who is watching is unknown" in html
    assert "Nobody is watching" not in html


def test_another_address_in_the_settings_is_not_asked(connected: FakeServer, world: World) -> None:
    watch(world, {})
    MirrorState.objects.update(address="http://192.0.2.9:9191")
    asked()
    assert "is mirrored" in live_status().problem
    assert connected.count(path=STATUS) == 0


def test_a_server_that_hangs_is_given_up_on(connected: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "GIVE_UP_SECONDS", 0.3)
    connected.faults.order(Kind.SLOW, path=STATUS, seconds=3.0)
    asked()
    assert live_status().problem == live.NO_ANSWER


def test_an_old_answer_is_not_passed_off_as_news(connected: FakeServer, world: World) -> None:
    watch(world, {})
    with time_machine.travel("2026-11-23 12:00:00Z", tick=False) as clock:
        asked()
        clock.shift(59)
        assert live_status().is_known
        clock.shift(2)
        assert not live_status().is_known


def test_while_the_first_answer_is_on_its_way_pages_ask_sooner(connected: FakeServer) -> None:
    assert live_status().ask_again == 10
    look(start=lambda work: None)
    assert live_status().ask_again == live.PENDING_SECONDS
    ask_server()
    assert live_status().ask_again == 10


@pytest.mark.django_db(transaction=True)
def test_the_request_itself_never_waits(connected: FakeServer, world: World, visitor: Client) -> None:
    watch(world, {})
    connected.faults.order(Kind.SLOW, path=STATUS, seconds=0.5)
    visitor.get("/server/live/", headers={"HX-Request": "true"})
    assert LiveStatus.objects.get().answered_at is None
    for thread in threading.enumerate():
        if thread.name == "live-status":
            thread.join(10)
    assert live_status().is_known
