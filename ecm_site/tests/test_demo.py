"""The demo: made on this machine, imported like anybody's files, gone again with one click."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from channels_app.models import Channel, ChannelStream
from ecm_site.demo import files
from ecm_site.demo.guide import guide_xml
from ecm_site.demo.install_demo import DemoRefused, demo_state, install_demo, keep_guide_current, remove_demo
from ecm_site.demo.playlist import harbour_playlist, northlight_playlist
from epg_app.models import GuideSource, Programme
from m3u_app.models import Account, Stream, StreamGroup
from tasks_app.mirror.state import mirror_state
from tasks_app.models import JournalEntry, MirrorState, RunStatus, TaskRun

pytestmark = pytest.mark.django_db(databases=["default", "queue"], transaction=True)

TODAY = date(2026, 3, 29)


@pytest.fixture(autouse=True)
def no_files_left() -> Iterator[None]:
    yield
    files.delete_files()


@pytest.fixture
def installed(inline_tasks: None) -> None:
    install_demo()


def test_the_same_day_makes_the_same_files_and_another_day_another_guide() -> None:
    assert northlight_playlist() == northlight_playlist()
    assert harbour_playlist() == harbour_playlist()
    assert list(guide_xml(TODAY)) == list(guide_xml(TODAY))
    assert list(guide_xml(TODAY)) != list(guide_xml(TODAY + timedelta(days=1)))


def test_nothing_in_it_leads_anywhere() -> None:
    """Reserved names only (RFC 6761), so that trying the demo never calls a stranger's server."""
    addresses = [word for text in (northlight_playlist(), harbour_playlist()) for word in text.split() if "://" in word]
    assert addresses
    assert all(".invalid" in address.partition("://")[2].partition("/")[0] for address in addresses)


def test_it_is_imported_whole_within_moments(installed: None) -> None:
    assert set(TaskRun.objects.values_list("status", flat=True)) == {RunStatus.COMPLETED}
    assert TaskRun.objects.count() == 3
    assert 350 <= Stream.objects.count() <= 450
    assert StreamGroup.objects.count() >= 15
    assert Stream.objects.filter(is_catchup=True).exists()
    assert Stream.objects.filter(is_radio=True).exists()
    assert [account.last_report["no_url"] for account in Account.objects.order_by("name")] == [0, 1]
    now = timezone.now()
    assert Programme.objects.filter(start__lte=now, stop__gt=now).count() > 50
    assert Programme.objects.filter(start__gte=now + timedelta(days=2)).exists()


def test_streams_and_guide_meet_by_their_ids(installed: None) -> None:
    ids = set(GuideSource.objects.get().entries.values_list("tvg_id", flat=True))
    tidy = Account.objects.get(name="Demo Northlight").streams.exclude(tvg_id="")
    assert sum(stream.tvg_id in ids for stream in tidy) > 0.9 * tidy.count()


def test_programmes_of_a_station_follow_each_other_without_gaps(installed: None) -> None:
    entry = GuideSource.objects.get().entries.get(tvg_id="redwoodnews.us")
    times = list(entry.programmes.order_by("start").values_list("start", "stop"))
    assert len(times) > 50
    assert all(stop == following for (_, stop), (following, _) in pairwise(times))


def test_installing_twice_adds_nothing(installed: None, inline_tasks: None) -> None:
    before = Stream.objects.count()
    install_demo()
    assert (Account.objects.count(), GuideSource.objects.count(), Stream.objects.count()) == (2, 1, before)


def test_a_taken_name_is_told_and_nothing_is_half_installed(inline_tasks: None) -> None:
    Account.objects.create(name="demo harbour")
    with pytest.raises(DemoRefused, match="Demo Harbour"):
        install_demo()
    assert not demo_state().is_installed
    assert Account.objects.count() == 1
    assert not any(path.exists() for path in files.playlist_paths().values())


def test_removing_leaves_channels_and_other_sources_alone(installed: None) -> None:
    own = Account.objects.create(name="My own")
    channel = Channel.objects.create(name="Mine", guide_entry=GuideSource.objects.get().entries.first())
    ChannelStream.objects.create(channel=channel, stream=Stream.objects.first(), position=1)
    remove_demo()
    assert not demo_state().is_installed
    assert list(Account.objects.all()) == [own]
    assert (Stream.objects.count(), GuideSource.objects.count(), Programme.objects.count()) == (0, 0, 0)
    channel.refresh_from_db()
    assert channel.guide_entry_id is None
    assert not channel.channel_streams.exists()
    assert not files.guide_path().exists()


def test_its_coming_and_going_is_in_the_journal(installed: None) -> None:
    remove_demo()
    rows = set(JournalEntry.objects.values_list("category", "action_type"))
    assert {("m3u", "create"), ("epg", "create"), ("m3u", "delete"), ("epg", "delete")} <= rows


def test_an_old_guide_is_written_anew_and_only_while_the_demo_is_there(installed: None) -> None:
    path = files.guide_path()
    before = path.stat().st_mtime_ns
    keep_guide_current(timezone.now())
    assert path.stat().st_mtime_ns == before
    past = time.time() - 13 * 3600
    os.utime(path, (past, past))
    keep_guide_current(datetime.now(UTC))
    assert path.stat().st_mtime > past
    remove_demo()
    keep_guide_current(timezone.now())
    assert not Path(path).exists()


def test_a_guide_that_nobody_reads_is_not_written_anew(installed: None) -> None:
    """Adopting a server removes the demo's rows and leaves its files for the backup of before."""
    source = GuideSource.objects.get()
    GuideSource.objects.all().delete()
    path, past = files.guide_path(), time.time() - 13 * 3600
    os.utime(path, (past, past))
    keep_guide_current(timezone.now())
    assert path.stat().st_mtime < time.time() - 12 * 3600
    source.save(force_insert=True)  # somebody goes back to that backup
    keep_guide_current(timezone.now())
    assert path.stat().st_mtime > time.time() - 3600


def test_the_page_installs_and_removes_it(signed_in: Client, inline_tasks: None) -> None:
    page = signed_in.get("/welcome/").content.decode()
    assert "Demo streams do not play" in page
    assert signed_in.get("/welcome/demo/").status_code == 405
    assert signed_in.post("/welcome/demo/")["Location"] == "/welcome/"
    assert "Remove the demo" in signed_in.get("/welcome/").content.decode()
    asked = signed_in.get("/welcome/demo/remove/")
    assert asked.status_code == 200
    assert demo_state().is_installed
    assert signed_in.post("/welcome/demo/remove/").status_code == 302
    assert not demo_state().is_installed


def test_it_is_not_for_a_mirrored_server() -> None:
    MirrorState.objects.filter(pk=mirror_state().pk).update(connected=True)
    with pytest.raises(DemoRefused, match="would be created there"):
        install_demo()
    assert not Account.objects.exists()
