"""The server's own guide matching: asked for channels without guide, waited for politely, brought over (30 §8.11)."""

from collections.abc import Iterator

import pytest

from channels_app.models import Channel
from ecm_site.dispatcharr.client import Dispatcharr
from epg_app.guideless import guideless_channels
from epg_app.mirror import match_on_server
from epg_app.tests.samples import make_entries, make_source
from tasks_app.engine import run_here
from tasks_app.models import MirrorLink, MirrorState, RunRequest, RunStatus, TaskRun
from tests.fake_dispatcharr import FakeServer
from tests.fake_dispatcharr.faults import Kind

pytestmark = pytest.mark.django_db

MATCH = "/api/channels/channels/match-epg/"


@pytest.fixture
def channels(fake: FakeServer, client: Dispatcharr, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[int, Channel]]:
    """Three channels on both sides (by remote id); two of them have a TVG-ID that the server's guide knows."""
    monkeypatch.setattr(match_on_server, "sleep", fake.world.clock.advance)
    monkeypatch.setattr(match_on_server, "clock", fake.world.clock.now)
    monkeypatch.setattr(match_on_server, "mirrored_client", lambda: client)
    found: dict[int, Channel] = {}
    for number, row in fake.world.tables["channels"].items():
        row["tvg_id"] = fake.world.tables["entries"][number]["tvg_id"] if number < 3 else "nobody.knows"
        found[number] = Channel.objects.create(name=row["name"], tvg_id=row["tvg_id"])
        MirrorLink.objects.create(kind="channel", local_id=found[number].pk, remote_id=number)
    MirrorState.objects.create(pk=1, connected=True)
    yield found
    MirrorState.objects.all().delete()


def match() -> TaskRun:
    run = run_here("epg_match_on_server")
    assert run.status == RunStatus.COMPLETED, run.message
    return run


def test_channels_without_a_guide_are_told_and_decisions_respected(channels: dict[int, Channel]) -> None:
    (entry,) = make_entries(make_source(), "a")
    Channel.objects.create(name="Has one", guide_entry=entry)
    Channel.objects.create(name="Shall have none", no_epg=True)
    Channel.objects.create(name="Locked", epg_locked=True)
    found = guideless_channels()
    assert set(found.ids) == {channel.pk for channel in channels.values()}
    assert found.left_out == 2


def test_what_the_server_links_is_counted_and_brought_over(channels: dict[int, Channel], fake: FakeServer) -> None:
    fake.world.refresh_seconds = 30.0
    run = match()
    assert "linked 2 of 3 channels" in run.message
    assert (run.success_count, run.skipped_count) == (2, 1)
    assert fake.count("POST", MATCH) == 1
    assert RunRequest.objects.get(task_id="sync_dispatcharr").parameters == {"kinds": ["channel", "programme"]}


def test_only_channels_that_may_have_a_guide_are_named_to_the_server(channels: dict[int, Channel], fake: FakeServer) -> None:
    Channel.objects.filter(pk=channels[1].pk).update(no_epg=True)
    match()
    assert fake.world.tables["channels"][1]["epg_data_id"] is None
    assert fake.world.tables["channels"][2]["epg_data_id"] == 2


def test_a_server_that_finds_nothing_is_not_waited_for_for_ever(channels: dict[int, Channel], fake: FakeServer) -> None:
    fake.world.tables["entries"].clear()
    began = fake.world.clock.now()
    run = match()
    assert "linked 0 of 3 channels" in run.message
    assert 60 <= fake.world.clock.now() - began < 90
    assert not RunRequest.objects.filter(task_id="sync_dispatcharr").exists()


def test_it_does_nothing_when_there_is_nothing_to_do(channels: dict[int, Channel], fake: FakeServer) -> None:
    for number in channels:
        fake.world.tables["channels"][number]["epg_data_id"] = 1
    assert "linked all of them already" in match().message
    MirrorLink.objects.all().delete()
    assert "does not have these channels yet" in match().message
    Channel.objects.all().delete()
    assert "has one" in match().message
    MirrorState.objects.update(connected=False)
    assert "No server is mirrored" in match().message
    assert fake.count("POST", MATCH) == 0


def test_a_short_silence_of_the_server_is_waited_through(channels: dict[int, Channel], fake: FakeServer) -> None:
    fake.world.refresh_seconds = 50.0
    fake.faults.order(Kind.STATUS, path="/summary/", status=503, times=4, after=2)
    assert "linked 2 of 3" in match().message


def test_a_server_that_refuses_fails_the_run_in_words(channels: dict[int, Channel], fake: FakeServer) -> None:
    fake.faults.order(Kind.STATUS, path="/summary/", status=503, times=50)
    run = run_here("epg_match_on_server")
    assert run.status == RunStatus.FAILED
    assert "starting, restarting or overloaded" in run.message
