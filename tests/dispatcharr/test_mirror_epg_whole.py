"""Guides through the engine: pulled, edited on both sides, delivered, deleted, with the faults of a real network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecm_site.dispatcharr.client import Dispatcharr
from epg_app.create_source import create_source
from epg_app.delete_source import delete_source
from epg_app.edit_source import edit_source, toggle_source
from epg_app.mirror.guide_sources import KIND
from epg_app.models import GuideEntry, GuideSource, Programme, SourceType
from epg_app.source_values import SourceValues
from epg_app.tests.samples import Mapping, make_source
from tasks_app.mirror.answers import answer_conflict, drop
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import PullReport, pull
from tasks_app.models import JournalEntry, MirrorLink, MirrorState, OutboxEntry, OutboxState
from tests.fake_dispatcharr import FakeServer
from tests.fake_dispatcharr.faults import Kind

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = ("guide_source", "guide_entry", "programme")
URL = "http://provider.test/Guide.xml"


@pytest.fixture(autouse=True)
def connected(db: None, fake: FakeServer) -> Iterator[None]:
    MirrorState.objects.update_or_create(pk=1, defaults={"connected": True, "address": fake.url})
    yield
    MirrorState.objects.all().delete()


@pytest.fixture
def source(client: Dispatcharr) -> GuideSource:
    bring(client)
    return GuideSource.objects.get(name="Guide")


def bring(client: Dispatcharr) -> PullReport:
    return pull(client, STEPS)


def row_of(fake: FakeServer, name: str) -> dict[str, Any]:
    (row,) = [row for row in fake.world.tables["sources"].values() if row["name"] == name]
    return row


def waiting() -> list[tuple[str, str]]:
    return list(OutboxEntry.objects.order_by("pk").values_list("name", "state"))


def test_the_first_pull_brings_sources_entries_and_programmes_and_the_second_nothing(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping
) -> None:
    assert GuideEntry.objects.filter(source=source).count() == 10
    mapping.use(fake.world.tables["entries"][1]["tvg_id"])
    fake.world.loaded[1] = 500
    bring(client)
    assert Programme.objects.exists()
    asked = fake.count("GET", "/api/epg/sources/")
    report = bring(client)
    assert report.changed == 0
    assert report.counts["guide_entry"].skipped == 10
    assert waiting() == [], "nothing of what was pulled is sent back"
    assert fake.count("GET", "/api/epg/sources/") == asked + 3, "the sources, once for each step"


def test_what_is_added_edited_and_deleted_here_is_so_there(source: GuideSource, fake: FakeServer, client: Dispatcharr) -> None:
    added = create_source(SourceValues(name="Added", url="http://provider.test/added.xml", priority=3))
    assert deliver(client).delivered == 1
    assert row_of(fake, "Added")["priority"] == 3
    edit_source(added.pk, SourceValues(name="Renamed", url="http://provider.test/added.xml", priority=4))
    toggle_source(added.pk, active=False)
    assert len(waiting()) == 1, "two edits are one delivery"
    deliver(client)
    row = row_of(fake, "Renamed")
    assert (row["priority"], row["is_active"]) == (4, False)
    delete_source(added.pk)
    deliver(client)
    assert "Renamed" not in [row["name"] for row in fake.world.tables["sources"].values()]
    assert waiting() == []
    assert MirrorLink.objects.filter(kind=KIND).count() == 1


def test_a_password_goes_to_the_server_and_stays_nowhere_here(
    source: GuideSource, fake: FakeServer, client: Dispatcharr
) -> None:
    fake.world.change("sources", 1, source_type="schedules_direct", url=None)
    bring(client)
    source.refresh_from_db()
    assert source.source_type == "schedules_direct"
    values = SourceValues(name="Guide", source_type="schedules_direct", username="me", password="s3cret-pass")
    edit_source(source.pk, values)
    deliver(client)
    assert fake.world.passwords["guide 1"] == "s3cret-pass"
    source.refresh_from_db()
    assert (source.username, source.password) == ("me", "")
    assert waiting() == []
    assert "s3cret-pass" not in str(list(MirrorLink.objects.values_list("agreed", flat=True)))
    assert bring(client).changed == 0


@pytest.mark.parametrize(("kind", "path"), [(Kind.RESET_AFTER, "/upload/"), (Kind.RESET_BEFORE, r"/sources/\d+/$")])
def test_an_upload_that_was_cut_off_half_way_becomes_what_it_was_to_be(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, settings: Any, tmp_path: Path, kind: Kind, path: str
) -> None:
    """The server makes something else of it at first; nobody there has changed that."""
    settings.UPLOAD_DIR = tmp_path
    file = tmp_path / "abcd1234_guide.xml"
    file.write_text("<tv><channel id='a'/></tv>")
    added = make_source("Mine", source_type=SourceType.XMLTV_FILE, url="", file_path=str(file), priority=4, refresh_interval=24)
    fake.faults.order(kind, path=path, times=30)
    deliver(client)
    assert [name for name, _ in waiting()] == ["Mine"]
    fake.faults.clear()
    MirrorState.objects.update(retry_at=None)
    OutboxEntry.objects.update(next_attempt_at=None)
    deliver(client)
    bring(client)
    row = row_of(fake, "Mine")
    assert (row["is_active"], row["priority"], row["refresh_interval"]) == (True, 4, 24)
    added.refresh_from_db()
    assert (added.is_active, added.priority, added.refresh_interval) == (True, 4, 24)
    assert waiting() == []


def test_a_creation_whose_answer_was_lost_is_made_once(source: GuideSource, fake: FakeServer, client: Dispatcharr) -> None:
    create_source(SourceValues(name="Added", url="http://provider.test/added.xml"))
    fake.faults.order(Kind.RESET_AFTER, method="POST", path="/api/epg/sources/")
    deliver(client)
    assert [name for name, _ in waiting()] == ["Added"]
    MirrorState.objects.update(retry_at=None)
    OutboxEntry.objects.update(next_attempt_at=None)
    deliver(client)
    assert waiting() == []
    assert row_of(fake, "Added")["url"] == "http://provider.test/added.xml"
    assert MirrorLink.objects.filter(kind=KIND).count() == 2


def test_changes_of_different_fields_meet_and_of_the_same_field_ask(
    source: GuideSource, fake: FakeServer, client: Dispatcharr
) -> None:
    edit_source(source.pk, SourceValues(name="Guide", url=URL, priority=5, refresh_interval=0))
    fake.world.change("sources", 1, refresh_interval=48)
    bring(client)
    deliver(client)
    source.refresh_from_db()
    assert (source.priority, source.refresh_interval) == (5, 48)
    assert row_of(fake, "Guide")["priority"] == 5
    edit_source(source.pk, SourceValues(name="Mine", url=URL, priority=5, refresh_interval=48))
    fake.world.change("sources", 1, name="Theirs")
    bring(client)
    (entry,) = OutboxEntry.objects.all()
    assert (entry.state, entry.conflict["name"]["theirs"]) == (OutboxState.CONFLICT, "Theirs")
    answer_conflict(entry.pk, {"name": "mine"})
    deliver(client)
    assert fake.world.tables["sources"][1]["name"] == "Mine"
    assert waiting() == []


def test_an_address_that_changed_on_both_sides_is_asked_about_without_showing_it(
    source: GuideSource, fake: FakeServer, client: Dispatcharr
) -> None:
    edit_source(source.pk, SourceValues(name="Guide", url="http://a.test/x?password=mine-pass"))
    fake.world.change("sources", 1, url="http://b.test/x?password=their-pass")
    bring(client)
    (entry,) = OutboxEntry.objects.all()
    assert entry.state == OutboxState.CONFLICT
    assert "url" in entry.conflict
    assert "-pass" not in str(entry.conflict)
    assert "-pass" not in str(list(MirrorLink.objects.values_list("agreed", flat=True)))


def test_a_refused_name_is_parked_and_dropped(source: GuideSource, fake: FakeServer, client: Dispatcharr) -> None:
    client.guide.create_source({"name": "Taken", "source_type": "dummy"})
    edit_source(source.pk, SourceValues(name="Taken", url=URL))
    deliver(client)
    (entry,) = OutboxEntry.objects.all()
    assert (entry.state, "another guide of this name" in entry.reason) == (OutboxState.PARKED, True)
    drop([entry.pk])
    source.refresh_from_db()
    assert source.name == "Guide"
    assert waiting() == []
    bring(client)
    assert set(GuideSource.objects.values_list("name", flat=True)) == {"Guide", "Taken"}


def test_sources_that_come_change_and_vanish_on_the_server_do_so_here_and_are_told(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping
) -> None:
    client.guide.create_source({"name": "New", "source_type": "dummy"})
    fake.world.change("sources", 1, name="Renamed", status="error", last_message="It failed")
    bring(client)
    source.refresh_from_db()
    assert (source.name, source.status, source.last_message) == ("Renamed", "error", "It failed")
    assert GuideSource.objects.filter(name="New", source_type="dummy").exists()
    client.guide.delete_source(1)
    bring(client)
    assert not GuideSource.objects.filter(pk=source.pk).exists()
    assert not GuideEntry.objects.filter(source_id=source.pk).exists()
    assert waiting() == []
    told = JournalEntry.objects.filter(action_type="sync", category="epg").values_list("entity_name", flat=True)
    assert {"New", "Renamed"} <= set(told)


def test_a_source_deleted_here_does_not_come_back_before_the_server_knows(
    source: GuideSource, fake: FakeServer, client: Dispatcharr
) -> None:
    delete_source(source.pk)
    bring(client)
    assert not GuideSource.objects.exists()
    assert not GuideEntry.objects.exists()
    deliver(client)
    assert not fake.world.tables["sources"]
    bring(client)
    assert not GuideSource.objects.exists()


def test_a_deletion_that_was_taken_back_brings_its_guide_channels_back_too(
    source: GuideSource, fake: FakeServer, client: Dispatcharr
) -> None:
    delete_source(source.pk)
    drop([OutboxEntry.objects.get().pk])
    bring(client)
    again = GuideSource.objects.get(name="Guide")
    assert GuideEntry.objects.filter(source=again).count() == 10
    assert again.url == URL
    assert waiting() == []


def test_an_outage_keeps_everything_waiting(source: GuideSource, fake: FakeServer, client: Dispatcharr) -> None:
    edit_source(source.pk, SourceValues(name="Later", url=URL))
    fake.faults.order(Kind.STATUS, status=503, times=200)
    report = deliver(client)
    assert report.trouble
    assert waiting() == [("Later", "waiting")]
    fake.faults.clear()
    MirrorState.objects.update(retry_at=None)
    client.session.breaker.answered()
    deliver(client)
    assert fake.world.tables["sources"][1]["name"] == "Later"
