"""Guide sources between here and the server: translated, created once, changed by field, deleted (30 §3.2)."""

from pathlib import Path
from typing import Any

import pytest

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import DispatcharrError
from epg_app.mirror.guide_sources import KIND, GuideSourceKind, note_books
from epg_app.models import GuideEntry, GuideSource, Programme, SourceStatus, SourceType
from epg_app.tests.samples import make_entries, make_programme, make_source, soon
from tasks_app.mirror.attempts import StoredAttempts
from tasks_app.mirror.kinds import Change, Delivered, Outcome, Postponed, Refused, get_kind
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.state import quietly
from tasks_app.models import MirrorLink, TaskRun
from tests.fake_dispatcharr import FakeServer, World
from tests.fake_dispatcharr.faults import Kind

pytestmark = pytest.mark.django_db

SOURCES = "/api/epg/sources/"


@pytest.fixture
def kind() -> GuideSourceKind:
    return GuideSourceKind()


@pytest.fixture
def attempts() -> StoredAttempts:
    return StoredAttempts(KIND)


def remote_sources(world: World) -> list[dict[str, Any]]:
    return list(world.tables["sources"].values())


def whole(kind: GuideSourceKind, source: GuideSource) -> dict[str, Any]:
    return kind.local([source.pk])[source.pk]


def created(kind: GuideSourceKind, client: Dispatcharr, source: GuideSource, attempts: StoredAttempts) -> Outcome:
    (outcome,) = kind.create(client, StoredLinks(), {source.pk: whole(kind, source)}, attempts)
    return outcome


def changed(kind: GuideSourceKind, client: Dispatcharr, source: GuideSource, remote_id: int, **values: Any) -> Outcome:
    change = Change(source.pk, remote_id, values, whole(kind, source) | values)
    (outcome,) = kind.update(client, StoredLinks(), [change])
    return outcome


def test_the_kind_is_known_by_its_name_at_its_place() -> None:
    assert get_kind("guide_source").position == 50


def test_a_source_of_the_server_becomes_a_row_here_with_its_status(
    kind: GuideSourceKind, fake: FakeServer, client: Dispatcharr
) -> None:
    ((remote_id, values, books),) = list(kind.read(client, StoredLinks()))
    with quietly():
        made = kind.store({remote_id: values}, {remote_id: books})
    source = GuideSource.objects.get(pk=made[remote_id])
    assert (source.name, source.url, source.source_type) == ("Guide", "http://provider.test/Guide.xml", SourceType.XMLTV)
    assert (source.status, source.entry_count) == (SourceStatus.SUCCESS, 10)
    assert source.last_success_at is not None
    assert "entries available" in source.last_message
    assert kind.local()[source.pk] == values, "what was read and what is here compare as equal"


@pytest.mark.parametrize("source_type", ["schedules_direct", "dummy"])
def test_kinds_that_only_the_server_can_read_are_rows_like_others(
    kind: GuideSourceKind, client: Dispatcharr, source_type: str
) -> None:
    properties = {"timezone": "UTC", "nested": {"a": [1, 2]}}
    row = client.guide.create_source(
        {
            "name": "Other",
            "source_type": source_type,
            "username": "me",
            "custom_properties": properties,
            "cron_expression": "0 4 * * *",
        }
    )
    ((_, values, books),) = list(kind.read(client, StoredLinks(), [row["id"]]))
    with quietly():
        made = kind.store({row["id"]: values}, {row["id"]: books})
    source = GuideSource.objects.get(pk=made[row["id"]])
    assert source.source_type == source_type
    assert (source.username, source.url, source.cron_expression) == ("me", "", "0 4 * * *")
    assert source.custom_properties == properties


def test_an_upload_is_told_from_an_address(kind: GuideSourceKind, client: Dispatcharr) -> None:
    row = client.guide.upload_source({"name": "Up", "source_type": "xmltv"}, "up.xml", b"<tv/>")
    ((_, values, books),) = list(kind.read(client, StoredLinks(), [row["id"]]))
    assert (values["source_type"], values["url"], values["is_active"]) == ("xmltv_file", "", False)
    assert books["status"] == "idle"


def test_hostile_values_of_the_server_make_no_broken_rows(kind: GuideSourceKind, fake: FakeServer, client: Dispatcharr) -> None:
    broken = {"refresh_interval": -5, "priority": None, "status": "no such", "custom_properties": [1], "updated_at": "soon"}
    fake.world.change("sources", 1, name="x" * 400, last_message="failed at http://u:secret-pass@host/x", **broken)
    ((remote_id, values, books),) = list(kind.read(client, StoredLinks()))
    with quietly():
        pk = kind.store({remote_id: values}, {remote_id: books})[remote_id]
    source = GuideSource.objects.get(pk=pk)
    assert len(source.name) == 255
    assert (source.refresh_interval, source.priority, source.status, source.custom_properties) == (0, 0, "idle", {})
    assert source.last_success_at is None
    assert "secret-pass" not in source.last_message


def test_a_source_is_created_with_what_the_server_understands(
    kind: GuideSourceKind, fake: FakeServer, client: Dispatcharr, attempts: StoredAttempts
) -> None:
    source = make_source("Mine", url="http://provider.test/Guide.xml", priority=7, refresh_interval=12, username="u")
    outcome = created(kind, client, source, attempts)
    assert isinstance(outcome, Delivered)
    row = fake.world.tables["sources"][outcome.remote_id]
    assert (row["name"], row["priority"], row["refresh_interval"], row["username"]) == ("Mine", 7, 12, "u")
    assert outcome.values == whole(kind, source)


def test_a_password_is_delivered_once_and_reads_as_empty_afterwards(
    kind: GuideSourceKind, fake: FakeServer, client: Dispatcharr, attempts: StoredAttempts
) -> None:
    source = make_source("Mine", url="http://provider.test/Guide.xml", username="u", password="s3cret-pass")
    outcome = created(kind, client, source, attempts)
    assert isinstance(outcome, Delivered)
    assert fake.world.passwords[f"guide {outcome.remote_id}"] == "s3cret-pass"
    assert outcome.values["password"] == "", "so the engine empties ours"
    kind.change({source.pk: {"password": ""}})
    changed(kind, client, source, outcome.remote_id, name="Renamed")
    assert fake.world.passwords[f"guide {outcome.remote_id}"] == "s3cret-pass", "an empty one is never sent"


def test_a_creation_whose_answer_was_lost_says_so(
    kind: GuideSourceKind, fake: FakeServer, client: Dispatcharr, attempts: StoredAttempts
) -> None:
    fake.faults.order(Kind.RESET_AFTER, method="POST", path=SOURCES)
    with pytest.raises(DispatcharrError) as lost:
        created(kind, client, make_source("Mine", url="http://provider.test/Guide.xml"), attempts)
    assert lost.value.maybe_done
    assert fake.count("POST", SOURCES) == 1


def test_a_source_of_somebody_else_with_the_same_name_is_not_taken_over(
    kind: GuideSourceKind, fake: FakeServer, client: Dispatcharr, attempts: StoredAttempts
) -> None:
    before = dict(fake.world.tables["sources"][1])
    outcome = created(kind, client, make_source("Guide", url="http://provider.test/elsewhere.xml"), attempts)
    assert isinstance(outcome, Refused)
    assert "another guide of this name" in outcome.reason
    assert fake.world.tables["sources"][1] == before


def test_what_the_server_refuses_is_parked_with_its_words(
    kind: GuideSourceKind, fake: FakeServer, client: Dispatcharr, attempts: StoredAttempts
) -> None:
    source = make_source("No address", url="")
    outcome = created(kind, client, source, attempts)
    assert isinstance(outcome, Refused)
    assert "address" in outcome.reason
    other = client.guide.create_source({"name": "Taken", "source_type": "dummy"})
    outcome = changed(kind, client, source, other["id"], name="Guide")
    assert isinstance(outcome, Refused)
    assert "another guide of this name" in outcome.reason


def test_an_outage_is_nobodys_refusal(
    kind: GuideSourceKind, fake: FakeServer, client: Dispatcharr, attempts: StoredAttempts
) -> None:
    fake.faults.order(Kind.STATUS, method="POST", path=SOURCES, status=503, times=9)
    with pytest.raises(DispatcharrError) as error:
        created(kind, client, make_source("Mine", url="http://provider.test/x.xml"), attempts)
    assert error.value.temporary
    fake.faults.clear()
    fake.faults.order(Kind.STATUS, method="PATCH", path=SOURCES, status=500)
    outcome = changed(kind, client, GuideSource.objects.get(), 1, priority=3)
    assert isinstance(outcome, Refused), "a plain 500 is about the values: the others go on"


def test_only_what_differs_is_sent(kind: GuideSourceKind, fake: FakeServer, client: Dispatcharr) -> None:
    source = make_source("Guide", url="http://provider.test/Guide.xml")
    fake.world.change("sources", 1, custom_properties={"kept": True}, cron_expression="0 5 * * *")
    outcome = changed(kind, client, source, 1, priority=9, is_active=False)
    assert isinstance(outcome, Delivered)
    row = fake.world.tables["sources"][1]
    assert (row["priority"], row["is_active"], row["status"]) == (9, False, "disabled")
    assert row["custom_properties"] == {"kept": True}
    assert outcome.values["cron_expression"] == "0 5 * * *"


def test_a_name_that_another_change_of_the_batch_gives_up_is_taken_over(
    kind: GuideSourceKind, fake: FakeServer, client: Dispatcharr
) -> None:
    one, two = (make_source(name, url=f"http://provider.test/{name}.xml") for name in ("One", "Two"))
    first, second = (client.guide.create_source({"name": f"n{number}", "source_type": "dummy"})["id"] for number in (1, 2))
    values = {"name": "n2"}, {"name": "n3"}
    changes = [
        Change(one.pk, first, values[0], whole(kind, one) | values[0]),
        Change(two.pk, second, values[1], whole(kind, two) | values[1]),
    ]
    outcomes = list(kind.update(client, StoredLinks(), changes))
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert [fake.world.tables["sources"][number]["name"] for number in (first, second)] == ["n2", "n3"]


def test_a_row_that_vanished_meanwhile_waits_for_the_next_comparison(kind: GuideSourceKind, client: Dispatcharr) -> None:
    source = make_source("Guide", url="http://provider.test/Guide.xml")
    assert isinstance(changed(kind, client, source, 77, name="x"), Postponed)


def test_deleting_is_the_same_when_somebody_else_was_faster(
    kind: GuideSourceKind, fake: FakeServer, client: Dispatcharr
) -> None:
    assert list(kind.delete(client, StoredLinks(), {5: 1, 6: 99})) == [Delivered(5, 1, {}), Delivered(6, 99, {})]
    assert not remote_sources(fake.world)


def test_an_upload_of_ours_becomes_one_there_and_is_switched_on(
    kind: GuideSourceKind, fake: FakeServer, client: Dispatcharr, attempts: StoredAttempts, settings: Any, tmp_path: Path
) -> None:
    settings.UPLOAD_DIR = tmp_path
    path = tmp_path / "abcd1234_guide.xml"
    path.write_text("<tv><channel id='a'/></tv>")
    source = make_source("Mine", source_type=SourceType.XMLTV_FILE, url="", file_path=str(path), priority=4)
    outcome = created(kind, client, source, attempts)
    assert isinstance(outcome, Delivered)
    row = fake.world.tables["sources"][outcome.remote_id]
    assert (row["is_active"], row["priority"], row["url"]) == (True, 4, None)
    assert row["file_path"].endswith("guide.xml")
    assert outcome.values == whole(kind, source)


def test_a_file_that_the_server_cannot_see_is_refused_in_words(
    kind: GuideSourceKind, client: Dispatcharr, attempts: StoredAttempts, settings: Any, tmp_path: Path
) -> None:
    settings.UPLOAD_DIR = tmp_path
    typed = make_source("Path", source_type=SourceType.XMLTV_FILE, url="", file_path="/somewhere/guide.xml")
    gone = make_source("Gone", source_type=SourceType.XMLTV_FILE, url="", file_path=str(tmp_path / "abcd1234_gone.xml"))
    reasons = [
        outcome.reason for source in (typed, gone) if isinstance(outcome := created(kind, client, source, attempts), Refused)
    ]
    assert "upload the file" in reasons[0]
    assert "no longer there" in reasons[1]


def test_a_source_that_is_being_deleted_is_gone_for_the_server(kind: GuideSourceKind) -> None:
    from django.utils import timezone

    source = make_source("Mine", deleting_since=timezone.now())
    assert source.pk not in kind.local()
    assert kind.local([source.pk]) == {}


def test_names_of_the_server_never_collide_here(kind: GuideSourceKind) -> None:
    one, two, three = (make_source(name) for name in ("A", "B", "C"))
    with quietly():
        kind.change({one.pk: {"name": "B"}, two.pk: {"name": "A"}})
        kind.change({three.pk: {"name": "A"}})
    names = dict(GuideSource.objects.values_list("pk", "name"))
    assert names == {one.pk: "B", two.pk: "A", three.pk: "A (2)"}


def test_books_are_written_only_where_they_differ(
    kind: GuideSourceKind, fake: FakeServer, client: Dispatcharr, django_assert_num_queries: Any
) -> None:
    ((remote_id, values, books),) = list(kind.read(client, StoredLinks()))
    pk = kind.store({remote_id: values}, {remote_id: books})[remote_id]
    with django_assert_num_queries(1):
        kind.keep_books({pk: books})
    MirrorLink.objects.create(kind=KIND, local_id=pk, remote_id=remote_id)
    fake.world.change("sources", 1, status="parsing", last_message="Reading")
    (row,) = note_books(client, StoredLinks(), [remote_id])
    assert row["status"] == "parsing"
    assert GuideSource.objects.get(pk=pk).status == SourceStatus.PARSING


@pytest.fixture
def small() -> GuideSource:
    source = make_source("Small")
    (entry,) = make_entries(source, "a")
    make_programme(entry, soon())
    return source


def test_a_small_source_that_vanished_there_goes_at_once(kind: GuideSourceKind, small: GuideSource) -> None:
    with quietly():
        kind.remove([small.pk, 4711])
    assert not GuideSource.objects.exists()
    assert not GuideEntry.objects.exists()
    assert not Programme.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_large_one_gives_up_its_name_and_goes_in_the_background(
    kind: GuideSourceKind, small: GuideSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epg_app.mirror.remove_sources.ENTRIES_AT_ONCE", 0)
    with quietly():
        kind.remove([small.pk])
    small.refresh_from_db()
    assert small.deleting_since is not None
    assert small.name != "Small"
    assert TaskRun.objects.get().task_id == "epg_delete_source"
    with quietly():
        kind.store({1: whole_values(kind)}, {})
    assert GuideSource.objects.filter(name="Small").exists()


def whole_values(kind: GuideSourceKind) -> dict[str, Any]:
    source = make_source("Small")
    values = kind.local([source.pk])[source.pk]
    source.delete()
    return values
