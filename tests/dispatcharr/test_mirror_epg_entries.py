"""Guide channels of the server: all in one request, compared in portions, removed unless a channel uses them (30 §3.2)."""

from typing import Any

import pytest

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import AnsweredElse
from epg_app.find_entries import search_entries
from epg_app.mirror import guide_entries
from epg_app.mirror.guide_entries import locals_of, pull_all_entries, pull_entries, remotes_of
from epg_app.mirror.guide_sources import GuideSourceKind
from epg_app.models import GuideEntry, GuideSource
from epg_app.tests.samples import Mapping, make_entries
from tasks_app.mirror.bulk_mirrors import PullCounts
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.state import quietly
from tasks_app.models import MirrorLink
from tasks_app.progress import NoProgress
from tests.fake_dispatcharr import FakeServer, Guide
from tests.fake_dispatcharr.faults import Kind

pytestmark = pytest.mark.django_db


def mirror_sources(client: Dispatcharr) -> None:
    """As the engine does it before entries are pulled."""
    kind = GuideSourceKind()
    known = set(MirrorLink.objects.filter(kind=kind.name).values_list("remote_id", flat=True))
    read = {
        remote_id: (values, books) for remote_id, values, books in kind.read(client, StoredLinks()) if remote_id not in known
    }
    with quietly():
        made = kind.store({key: both[0] for key, both in read.items()}, {key: both[1] for key, both in read.items()})
        MirrorLink.objects.bulk_create(
            MirrorLink(kind=kind.name, local_id=pk, remote_id=remote_id) for remote_id, pk in made.items()
        )


@pytest.fixture
def source(client: Dispatcharr) -> GuideSource:
    mirror_sources(client)
    return GuideSource.objects.get(name="Guide")


def pull(client: Dispatcharr) -> PullCounts:
    return pull_entries(client, StoredLinks(), NoProgress())


def here() -> dict[int, tuple[str, str]]:
    rows = GuideEntry.objects.filter(remote_id__isnull=False, in_feed=True)
    return {remote_id: (tvg_id, name) for remote_id, tvg_id, name in rows.values_list("remote_id", "tvg_id", "name")}


def there(fake: FakeServer) -> dict[int, tuple[str, str]]:
    return {number: (row["tvg_id"], row["name"]) for number, row in fake.world.tables["entries"].items()}


def touch(fake: FakeServer, number: int = 1) -> None:
    """The source was refreshed."""
    fake.world.clock.advance(5)
    count = sum(1 for row in fake.world.tables["entries"].values() if row["epg_source"] == number)
    fake.world.change("sources", number, updated_at=fake.world.clock.written(), epg_data_count=count)


def test_all_entries_come_with_what_the_search_needs(source: GuideSource, fake: FakeServer, client: Dispatcharr) -> None:
    counts = pull(client)
    assert (counts.seen, counts.created, counts.updated, counts.deleted) == (10, 10, 0, 0)
    assert here() == there(fake)
    entry = GuideEntry.objects.order_by("pk").first()
    assert entry is not None
    assert entry.tvg_key == entry.tvg_id.casefold()
    assert [hit.entry_id for hit in search_entries(entry.name).entries][:1] == [entry.pk]
    assert locals_of([entry.remote_id or 0, 4711]) == {entry.remote_id: entry.pk}
    assert remotes_of([entry.pk, 4711]) == {entry.pk: entry.remote_id}


def test_nothing_is_read_while_no_source_was_refreshed(source: GuideSource, fake: FakeServer, client: Dispatcharr) -> None:
    pull(client)
    counts = pull(client)
    assert (counts.seen, counts.skipped) == (0, 10)
    assert fake.count("GET", "/epgdata/") == 1
    fake.world.change("entries", 3, name="Renamed")
    touch(fake)
    counts = pull(client)
    assert (counts.seen, counts.created, counts.updated) == (10, 0, 1)
    assert here() == there(fake)
    assert search_entries("renamed").total == 1


def test_a_pull_without_changes_writes_nothing(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, django_assert_max_num_queries: Any
) -> None:
    pull(client)
    touch(fake)
    before = list(GuideEntry.objects.order_by("pk").values())
    with django_assert_max_num_queries(20):
        counts = pull(client)
    assert (counts.created, counts.updated, counts.deleted) == (0, 0, 0)
    assert list(GuideEntry.objects.order_by("pk").values()) == before


def test_entries_that_vanish_go_unless_a_channel_uses_them_and_may_come_back(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping
) -> None:
    pull(client)
    used, unused = dict(fake.world.tables["entries"][2]), dict(fake.world.tables["entries"][3])
    mapping.use(used["tvg_id"])
    for number in (2, 3):
        fake.world.remove("entries", number)
    touch(fake)
    counts = pull(client)
    assert counts.deleted == 1
    kept = GuideEntry.objects.get(remote_id=2)
    assert not kept.in_feed
    assert not GuideEntry.objects.filter(tvg_id=unused["tvg_id"]).exists()
    assert remotes_of([kept.pk]) == {}, "naming an entry that is gone is an error there"
    assert locals_of([2]) == {2: kept.pk}
    fake.world.tables["entries"][2] = used
    touch(fake)
    pull(client)
    kept.refresh_from_db()
    assert kept.in_feed


def test_the_same_guide_channel_under_a_new_id_keeps_its_row(
    source: GuideSource, fake: FakeServer, client: Dispatcharr
) -> None:
    pull(client)
    pk = GuideEntry.objects.get(remote_id=4).pk
    row = fake.world.tables["entries"].pop(4)
    fake.world.insert("entries", row)
    touch(fake)
    counts = pull(client)
    assert (counts.created, counts.updated, counts.deleted) == (0, 1, 0)
    assert GuideEntry.objects.get(remote_id=row["id"]).pk == pk


def test_rows_of_an_import_of_our_own_are_taken_over_with_their_other_names(
    source: GuideSource, fake: FakeServer, client: Dispatcharr
) -> None:
    row = fake.world.tables["entries"][5]
    (mine,) = make_entries(source, row["tvg_id"], other_names=["Second Name"], lcn="12345", station_id="12345")
    pull(client)
    mine.refresh_from_db()
    assert (mine.remote_id, mine.name, mine.lcn, mine.station_id) == (5, row["name"], "12345", "12345")
    assert search_entries("second name").total == 1


def test_ids_that_change_places_end_where_the_server_has_them(
    source: GuideSource, fake: FakeServer, client: Dispatcharr
) -> None:
    pull(client)
    first, second = fake.world.tables["entries"][1], fake.world.tables["entries"][2]
    first["tvg_id"], second["tvg_id"] = second["tvg_id"], first["tvg_id"]
    touch(fake)
    pull(client)
    assert here() == there(fake)
    assert GuideEntry.objects.count() == 10


@pytest.mark.parametrize("portion", [1, 3, 2000])
def test_doubles_and_entries_without_an_id_do_no_harm(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr(guide_entries, "ROWS_AT_ONCE", portion)
    entries = fake.world.tables["entries"]
    fake.world.insert("entries", dict(entries[1]))
    for icon in ("http://x/" + "y" * 900, "javascript:alert(1)"):
        fake.world.insert("entries", {"tvg_id": None, "name": None, "icon_url": icon, "epg_source": 1})
    fake.world.insert("entries", {"tvg_id": " Ab\x00C ", "name": "N\x00ul <b> " + "n" * 900, "icon_url": 7, "epg_source": 1})
    for _pass in range(2):
        touch(fake)
        counts = pull(client)
        assert any("twice" in note for note in counts.notes)
        assert GuideEntry.objects.count() == 13
    nameless = GuideEntry.objects.filter(tvg_key="")
    assert nameless.count() == 2
    assert {entry.icon_url for entry in nameless} == {""}
    hostile = GuideEntry.objects.get(tvg_key="abc")
    assert hostile.name.startswith("Nul <b> nn")
    assert len(hostile.name) == 512


def test_an_answer_that_is_much_too_short_removes_nothing(source: GuideSource, fake: FakeServer, client: Dispatcharr) -> None:
    pull(client)
    kept = {number: fake.world.tables["entries"].pop(number) for number in range(2, 10)}
    fake.world.change("sources", 1, updated_at="2027-01-01T00:00:00Z")
    counts = pull(client)
    assert counts.deleted == 0
    assert "nothing was removed" in counts.notes[0]
    assert len(here()) == 10
    fake.world.tables["entries"].update(kept)
    assert pull(client).seen == 10, "and the next pull looks again, although no source was refreshed"


def test_an_answer_that_breaks_off_leaves_the_rest_for_the_next_pull(
    source: GuideSource, fake: FakeServer, client: Dispatcharr
) -> None:
    fake.faults.order(Kind.HALF_ANSWER, path="epgdata", times=9)
    with pytest.raises(Exception) as error:  # noqa: PT011 - whichever of the client's errors
        pull(client)
    assert "Dispatcharr" in type(error.value).__mro__[1].__name__ or isinstance(error.value, AnsweredElse)
    fake.faults.clear()
    assert pull(client).created == 10


def test_entries_of_sources_that_are_not_here_yet_come_with_a_later_pull(
    source: GuideSource, fake: FakeServer, client: Dispatcharr
) -> None:
    fake.world.add_source("Second", Guide([("x.1", "X1", None)]))
    counts = pull(client)
    assert counts.created == 10
    assert "1 guide channel of sources" in counts.notes[0]
    mirror_sources(client)
    assert pull(client).created == 1
    assert here() == there(fake)


def test_a_source_that_is_being_deleted_here_gets_no_entries(source: GuideSource, client: Dispatcharr) -> None:
    from django.utils import timezone

    GuideSource.objects.update(deleting_since=timezone.now())
    assert pull(client).created == 0
    GuideSource.objects.all().delete()
    assert pull(client).created == 0, "not even one whose row is gone while its deletion waits for delivery"


def test_five_thousand_entries_take_as_many_queries_per_portion_as_fifty(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, django_assert_max_num_queries: Any
) -> None:
    entries = [(f"id{number}", f"Name {number}", None) for number in range(5_000)]
    fake.world.add_source("Large", Guide(entries))
    mirror_sources(client)
    with django_assert_max_num_queries(90):  # ten turns of 500 rows, each with its transaction, and three portions
        counts = pull_all_entries(client, StoredLinks(), NoProgress())
    assert counts.created == 5_010
    touch(fake, 2)
    with django_assert_max_num_queries(30):
        assert pull(client).seen == 5_010
