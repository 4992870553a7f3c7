"""Programmes of the server: the window of its grid, exchanged per guide channel only where they differ (30 §3.2, §6)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import DispatcharrError
from epg_app.mirror import programmes
from epg_app.mirror.guide_entries import pull_entries
from epg_app.mirror.programmes import programmes_due, pull_programmes
from epg_app.models import GuideEntry, GuideSource, Programme
from epg_app.queries import now_airing
from epg_app.signals import source_refreshed
from epg_app.tests.samples import Mapping, make_programme
from tasks_app.mirror.bulk_mirrors import PullCounts
from tasks_app.mirror.links import StoredLinks
from tasks_app.models import MirrorPull
from tasks_app.progress import NoProgress
from tests.dispatcharr.test_mirror_epg_entries import mirror_sources, touch
from tests.fake_dispatcharr import FakeServer, Guide
from tests.fake_dispatcharr.faults import Kind
from tests.fake_dispatcharr.jobs import PROGRAMME_HOURS, load_programmes

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(client: Dispatcharr) -> GuideSource:
    mirror_sources(client)
    pull_entries(client, StoredLinks(), NoProgress())
    return GuideSource.objects.get(name="Guide")


def pull(client: Dispatcharr) -> PullCounts:
    return pull_programmes(client, StoredLinks(), NoProgress())


def use(fake: FakeServer, mapping: Mapping, *remote_ids: int) -> list[GuideEntry]:
    """Channels use these entries, here and there; the server has their programmes."""
    found = list(GuideEntry.objects.filter(remote_id__in=remote_ids).order_by("remote_id"))
    mapping.use(*(entry.tvg_id for entry in found))
    for number in remote_ids:
        load_programmes(fake.world, number)
    return found


def later(minutes: float) -> None:
    """Let the last pull have been so long ago."""
    pull_row = MirrorPull.objects.get(kind="programme")
    at = timezone.now() - timedelta(minutes=minutes)
    pull_row.mark = pull_row.mark | {"at": at.isoformat()}
    pull_row.save()


def test_programmes_of_used_entries_come_and_are_what_is_on_now(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping
) -> None:
    one, two = use(fake, mapping, 1, 2)
    load_programmes(fake.world, 3)  # a channel of the server that we do not have
    counts = pull(client)
    assert (counts.seen, counts.created) == (2 * PROGRAMME_HOURS, 2 * PROGRAMME_HOURS)
    assert Programme.objects.count() == 2 * PROGRAMME_HOURS
    on = now_airing([one.pk, two.pk], at=timezone.now())
    assert set(on) == {one.pk, two.pk}
    row = Programme.objects.filter(entry=one).order_by("start")[3]
    assert (row.sub_title, row.season, row.episode, row.categories, row.extra) == ("Part 3", 1, 3, [], {})
    source.refresh_from_db()
    assert (source.programme_count, source.mapped_count) == (2 * PROGRAMME_HOURS, 2)


def test_invented_programmes_of_channels_without_guide_are_left_out(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping
) -> None:
    (entry,) = use(fake, mapping, 1)
    channel = next(iter(fake.world.tables["channels"].values()))
    channel["uuid"] = entry.tvg_id  # even if one of them looked like ours
    rows = client.guide.grid()
    assert any(isinstance(row["id"], str) and row["tvg_id"] == entry.tvg_id for row in rows)
    pull(client)
    assert Programme.objects.filter(entry=entry).count() == PROGRAMME_HOURS


def test_they_are_asked_for_every_ten_minutes_and_when_something_changed(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping
) -> None:
    use(fake, mapping, 1)
    pull(client)
    assert pull(client).skipped == PROGRAMME_HOURS
    assert fake.count("GET", "/grid/") == 1
    touch(fake)
    pull(client)
    assert fake.count("GET", "/grid/") == 2, "a source was refreshed"
    assert not programmes_due()
    use(fake, mapping, 1, 2)
    assert programmes_due()
    pull(client)
    assert fake.count("GET", "/grid/") == 3, "a channel uses another guide channel"
    later(minutes=11)
    pull(client)
    assert fake.count("GET", "/grid/") == 4
    later(minutes=-3)  # a clock that was set back
    pull(client)
    assert fake.count("GET", "/grid/") == 5


def test_what_did_not_change_is_not_written_again(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping
) -> None:
    use(fake, mapping, 1, 2)
    pull(client)
    ids = set(Programme.objects.values_list("pk", flat=True))
    fake.world.loaded[1] += 1000  # the server gives its programmes new ids with every refresh
    touch(fake)
    counts = pull(client)
    assert (counts.created, counts.deleted) == (0, 0)
    assert set(Programme.objects.values_list("pk", flat=True)) == ids


def test_time_goes_on_and_what_is_over_stays_until_the_clean_up(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping
) -> None:
    (entry,) = use(fake, mapping, 1)
    over = make_programme(entry, timezone.now() - timedelta(hours=20), title="Yesterday")
    wrong = make_programme(entry, timezone.now() + timedelta(minutes=1), hours=0.1, title="Not on the server")
    pull(client)
    titles = set(Programme.objects.values_list("title", flat=True))
    assert over.title in titles
    assert wrong.title not in titles


def test_entries_that_nothing_uses_any_more_lose_their_programmes(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping
) -> None:
    use(fake, mapping, 1, 2)
    pull(client)
    use(fake, mapping, 2)
    counts = pull(client)
    assert counts.deleted == PROGRAMME_HOURS
    assert set(Programme.objects.values_list("entry__remote_id", flat=True)) == {2}


def test_an_empty_answer_and_a_source_in_the_middle_of_its_refresh_wipe_nothing(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping
) -> None:
    use(fake, mapping, 1, 2)
    pull(client)
    first = fake.world.loaded.pop(1)
    fake.world.change("sources", 1, status="parsing")
    touch(fake)
    pull(client)
    assert Programme.objects.filter(entry__remote_id=1).count() == PROGRAMME_HOURS
    second = fake.world.loaded.pop(2)
    fake.world.change("sources", 1, status="success")
    touch(fake)
    counts = pull(client)
    assert "no programmes for 2 guide channels" in counts.notes[0]
    assert Programme.objects.count() == 2 * PROGRAMME_HOURS
    fake.world.loaded[2] = second
    touch(fake)
    pull(client)
    assert set(Programme.objects.values_list("entry__remote_id", flat=True)) == {2}, "now the server really has none"
    assert first


def test_an_answer_that_breaks_off_changes_nothing(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping
) -> None:
    use(fake, mapping, 1)
    pull(client)
    before = list(Programme.objects.order_by("pk").values())
    touch(fake)
    fake.faults.order(Kind.HALF_ANSWER, path="/grid/", times=9)
    with pytest.raises(DispatcharrError):
        pull(client)
    assert list(Programme.objects.order_by("pk").values()) == before
    fake.faults.clear()
    assert pull(client).seen == PROGRAMME_HOURS, "and it is asked for again"


def test_sources_that_share_an_id_are_told_apart(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping
) -> None:
    """The grid says nothing of sources."""
    tvg_id = fake.world.tables["entries"][1]["tvg_id"]
    fake.world.add_source("Other", Guide([("x.1", "X1", None), (tvg_id, "Twin", None)]))
    mirror_sources(client)
    pull_entries(client, StoredLinks(), NoProgress())
    twin = GuideEntry.objects.get(source__name="Other", name="Twin")
    one, other = use(fake, mapping, 1, twin.remote_id or 0)
    counts = pull(client)
    assert counts.seen == 2 * PROGRAMME_HOURS
    titles = [
        list(Programme.objects.filter(entry=entry).order_by("start").values_list("title", flat=True)) for entry in (one, other)
    ]
    assert len(titles[0]) == len(titles[1]) == PROGRAMME_HOURS
    assert titles[0] != titles[1], "the fake's programmes depend on the entry"


def test_too_many_shared_ids_are_left_as_they_were(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    tvg_id = fake.world.tables["entries"][1]["tvg_id"]
    fake.world.add_source("Other", Guide([(tvg_id, "Twin", None)]))
    mirror_sources(client)
    pull_entries(client, StoredLinks(), NoProgress())
    twin = GuideEntry.objects.get(source__name="Other")
    use(fake, mapping, 1, twin.remote_id or 0)
    make_programme(twin, timezone.now() + timedelta(hours=2), title="Ours")
    monkeypatch.setattr(programmes, "SEARCHED_ENTRIES", 1)
    counts = pull(client)
    assert "1 guide channel were left" in counts.notes[0]
    assert Programme.objects.get(entry=twin).title == "Ours"


def test_hostile_programmes_cost_themselves_only(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    (entry,) = use(fake, mapping, 1)
    good = client.guide.grid()[0] | {"tvg_id": entry.tvg_id}
    odd: list[dict[str, Any]] = [
        good | {"start_time": "yesterday"},
        good | {"end_time": None},
        good | {"end_time": good["start_time"]},
        good | {"tvg_id": None},
        good | {"tvg_id": ["x"]},
        {"id": 5},
        good | {"title": "<script>" + "x" * 400, "sub_title": None, "season": "many", "is_new": True, "is_finale": True},
    ]
    monkeypatch.setattr(client.guide, "grid_rows", lambda: iter(odd))
    pull(client)
    (row,) = Programme.objects.all()
    assert row.title.startswith("<script>xxx")
    assert (len(row.title), row.season, row.extra) == (255, None, {"flags": ["new", "finale"]})


def test_publishing_is_asked_for_once_and_only_when_something_changed(
    source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping
) -> None:
    told: list[int] = []

    def listen(sender: Any, *, source_id: int, **_: Any) -> None:
        told.append(source_id)

    fake.world.add_source("Other", Guide([("x.1", "X1", None)]))
    mirror_sources(client)
    use(fake, mapping, 1, 2)
    source_refreshed.connect(listen)
    try:
        pull(client)
        touch(fake)
        pull(client)
    finally:
        source_refreshed.disconnect(listen)
    assert len(told) == 1


def test_queries_do_not_grow_with_entries(source: GuideSource, fake: FakeServer, client: Dispatcharr, mapping: Mapping) -> None:
    counted: list[tuple[int, int]] = []
    for many in (2, 10):
        use(fake, mapping, *range(1, many + 1))
        Programme.objects.all().delete()
        both = []
        for _pass in range(2):  # all is new, then nothing
            touch(fake)
            with CaptureQueriesContext(connection) as queries:
                pull(client)
            both.append(len(queries))
        counted.append((both[0], both[1]))
    (few_new, few_same), (many_new, many_same) = counted
    assert many_new <= few_new
    assert many_same <= few_same
