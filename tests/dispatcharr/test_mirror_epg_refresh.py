"""Refreshing guides through the server: asked for, waited for honestly, mirrored afterwards (30 §3.2)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from ecm_site.dispatcharr.client import Dispatcharr
from epg_app.mirror import refresh_on_server
from epg_app.mirror.guide_sources import KIND
from epg_app.mirror.refresh_on_server import Outcome, ServerRefresh
from epg_app.models import GuideEntry, GuideSource, Programme, SourceStatus
from epg_app.request_refresh import RefreshRefused, request_refresh, request_refresh_all
from epg_app.source_state import heal_interrupted
from epg_app.tasks import check_due, next_due
from epg_app.tests.samples import Mapping, make_source
from tasks_app.engine import run_here
from tasks_app.mirror.links import StoredLinks
from tasks_app.models import JournalEntry, MirrorLink, MirrorState, OutboxEntry, OutboxState, RunStatus, TaskRun, Trigger
from tasks_app.progress import Cancelled, NoProgress
from tests.dispatcharr.test_mirror_epg_entries import mirror_sources
from tests.fake_dispatcharr import FakeServer, Guide
from tests.fake_dispatcharr.faults import Kind

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def passing_time(fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting takes no time of ours; the server's goes on."""
    monkeypatch.setattr(refresh_on_server, "sleep", fake.world.clock.advance)
    monkeypatch.setattr(refresh_on_server, "clock", fake.world.clock.now)


@pytest.fixture
def connected(client: Dispatcharr, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dispatcharr]:
    for module in ("refresh_task", "bring_programmes"):
        monkeypatch.setattr(f"epg_app.mirror.{module}.mirrored_client", lambda: client)
    mirror_sources(client)
    MirrorState.objects.create(pk=1, connected=True)
    yield client
    MirrorState.objects.all().delete()


@pytest.fixture
def source(connected: Dispatcharr) -> GuideSource:
    return GuideSource.objects.get(name="Guide")


class Told(NoProgress):
    """Remembers what was said, and cancels when it should."""

    def __init__(self, stop: Callable[["Told"], bool] = lambda told: False) -> None:
        self.items: list[str] = []
        self._stop = stop

    def report(self, **said: object) -> None:
        if said.get("item"):
            self.items.append(str(said["item"]))

    def raise_if_cancelled(self) -> None:
        if self._stop(self):
            raise Cancelled


def refresh(client: Dispatcharr, *sources: GuideSource, progress: Told | None = None) -> list[tuple[str, Outcome, str]]:
    ended = ServerRefresh(client, StoredLinks(), progress or Told()).run([source.pk for source in sources])
    return [(each.name, each.outcome, each.message) for each in ended]


def imports(fake: FakeServer) -> int:
    return fake.count("POST", "/api/epg/import/")


def test_done_is_when_the_time_of_the_last_success_has_moved_not_when_the_status_says_so(
    source: GuideSource, fake: FakeServer, connected: Dispatcharr
) -> None:
    fake.world.refresh_seconds = 12.0  # the status says success after six
    before = fake.world.clock.now()
    told = Told()
    ((name, outcome, message),) = refresh(connected, source, progress=told)
    assert (name, outcome) == ("Guide", Outcome.DONE)
    assert "entries available" in message
    assert fake.world.clock.now() - before >= 12
    assert imports(fake) == 1
    assert any("Downloading" in item for item in told.items)
    assert any("reading programmes" in item for item in told.items), "not “ready” after the channels"
    source.refresh_from_db()
    assert source.status == SourceStatus.SUCCESS


def test_the_run_mirrors_what_the_server_found(
    source: GuideSource, fake: FakeServer, connected: Dispatcharr, mapping: Mapping
) -> None:
    fake.world.guides["http://provider.test/Guide.xml"] = Guide([("new.1", "New One", None)])
    channel = next(iter(fake.world.tables["channels"].values()))
    channel["epg_data_id"] = 1
    run = run_here("epg_refresh", {"source_ids": [source.pk]})
    assert (run.status, run.failed_count) == (RunStatus.COMPLETED, 0), run.message
    assert GuideEntry.objects.filter(tvg_id="new.1", remote_id__isnull=False).exists()
    source.refresh_from_db()
    assert source.last_finished_at is not None
    assert JournalEntry.objects.filter(category="epg", action_type="refresh", entity_id=source.pk).count() == 1


def test_programmes_of_used_channels_come_with_it(
    source: GuideSource, fake: FakeServer, connected: Dispatcharr, mapping: Mapping
) -> None:
    mapping.use(fake.world.tables["entries"][1]["tvg_id"])
    next(iter(fake.world.tables["channels"].values()))["epg_data_id"] = 1
    run = run_here("epg_refresh", {"source_ids": [source.pk]})
    assert run.status == RunStatus.COMPLETED
    assert Programme.objects.exists()
    assert run.success_count == Programme.objects.count()
    assert "programmes for 1 of" in run.message


def test_a_sync_beside_it_that_takes_the_source_away_is_no_error_of_the_program(
    source: GuideSource, connected: Dispatcharr, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise IntegrityError("FOREIGN KEY constraint failed")

    monkeypatch.setattr("epg_app.mirror.refresh_task.pull_all_entries", gone)
    run = run_here("epg_refresh", {"source_ids": [source.pk]})
    assert (run.status, run.failed_count) == (RunStatus.COMPLETED, 1)
    assert "The next sync brings the rest." in run.message


def test_a_failure_is_told_with_the_servers_words_even_when_it_is_the_same_as_last_time(
    source: GuideSource, fake: FakeServer, connected: Dispatcharr
) -> None:
    fake.world.guides.clear()
    words = "EPG source 'Guide' returned 404 error"
    for _time in range(2):
        ((_, outcome, message),) = refresh(connected, source)
        assert (outcome, message) == (Outcome.FAILED, words)
    run = run_here("epg_refresh", {"source_ids": [source.pk]})
    assert run.status == RunStatus.FAILED
    assert words in run.message
    assert run.details["failed_sources"][0]["id"] == source.pk
    source.refresh_from_db()
    assert source.status == SourceStatus.ERROR


def test_after_a_quarter_of_an_hour_it_is_still_running_which_is_no_failure(
    source: GuideSource, fake: FakeServer, connected: Dispatcharr
) -> None:
    fake.world.refresh_seconds = 10_000.0
    run = run_here("epg_refresh", {"source_ids": [source.pk]})
    assert (run.status, run.failed_count) == (RunStatus.COMPLETED, 1)
    assert "still running on the server after 15 minutes" in run.message
    assert "failed_sources" not in run.details
    assert imports(fake) == 1
    polls = fake.count("GET", f"/api/epg/sources/{MirrorLink.objects.get(kind=KIND).remote_id}/")
    assert 150 < polls < 200


def test_all_active_sources_that_can_be_refreshed_are_waited_for_together(
    source: GuideSource, fake: FakeServer, connected: Dispatcharr
) -> None:
    for number in range(5):
        fake.world.add_source(f"More {number}", Guide([(f"m{number}", "M", None)]))
    fake.world.change("sources", 2, is_active=False)
    connected.guide.create_source({"name": "Dummy", "source_type": "dummy"})
    mirror_sources(connected)
    fake.world.refresh_seconds = 20.0
    before = fake.world.clock.now()
    run = run_here("epg_refresh", {"source_ids": []})
    assert run.status == RunStatus.COMPLETED, run.message
    assert imports(fake) == 5
    assert fake.world.clock.now() - before < 40, "not one after the other"
    assert fake.count("GET", "/api/epg/sources/") < 40


def test_what_cannot_be_refreshed_is_said_before_anything_is_asked(fake: FakeServer, connected: Dispatcharr) -> None:
    connected.guide.create_source({"name": "Dummy", "source_type": "dummy"})
    mirror_sources(connected)
    dummy = GuideSource.objects.get(name="Dummy")
    GuideSource.objects.filter(name="Guide").update(is_active=False)
    off = GuideSource.objects.get(name="Guide")
    with pytest.raises(RefreshRefused, match="nothing to refresh"):
        request_refresh(dummy.pk)
    with pytest.raises(RefreshRefused, match="No guide is switched on"):
        request_refresh_all()
    ended = refresh(connected, dummy, off)
    assert [outcome for _, outcome, _ in ended] == [Outcome.FAILED, Outcome.FAILED]
    assert "nothing to refresh" in ended[0][2]
    assert "switched off" in ended[1][2]
    assert imports(fake) == 0


def test_a_request_that_was_overheard_is_made_once_more(
    source: GuideSource, fake: FakeServer, connected: Dispatcharr, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = connected.guide.refresh

    def overheard(source_id: int, **options: Any) -> None:
        asked.append(source_id)
        if len(asked) > 1:
            real(source_id, **options)

    monkeypatch.setattr(connected.guide, "refresh", overheard)
    ((_, outcome, _),) = refresh(connected, source)
    assert outcome is Outcome.DONE
    assert len(asked) == 2


def test_a_refresh_that_runs_already_is_waited_for_instead_of_started_twice(
    source: GuideSource, fake: FakeServer, connected: Dispatcharr
) -> None:
    fake.world.refresh_seconds = 8.0
    connected.guide.refresh(1)
    fake.world.clock.advance(1)
    ((_, outcome, _),) = refresh(connected, source)
    assert outcome is Outcome.DONE
    assert imports(fake) == 1


def test_a_new_source_is_refreshed_by_the_server_itself(source: GuideSource, fake: FakeServer, connected: Dispatcharr) -> None:
    fake.world.guides["http://provider.test/fresh.xml"] = Guide([("f.1", "F1", None)])
    connected.guide.create_source({"name": "Fresh", "url": "http://provider.test/fresh.xml", "source_type": "xmltv"})
    mirror_sources(connected)
    ((_, outcome, _),) = refresh(connected, GuideSource.objects.get(name="Fresh"))
    assert outcome is Outcome.DONE
    assert imports(fake) == 0


def test_what_happens_to_the_source_meanwhile_ends_the_waiting(
    source: GuideSource, fake: FakeServer, connected: Dispatcharr
) -> None:
    fake.world.refresh_seconds = 500.0

    def somebody(told: Told) -> bool:
        if len(told.items) == 3:
            fake.world.change("sources", 1, is_active=False, status="disabled")
        return False

    ((_, outcome, message),) = refresh(connected, source, progress=Told(somebody))
    assert (outcome, "switched it off" in message) == (Outcome.FAILED, True)
    fake.world.change("sources", 1, is_active=True, status="success")

    def another(told: Told) -> bool:
        if len(told.items) == 3:
            fake.world.remove("sources", 1)
        return False

    ((_, outcome, message),) = refresh(connected, source, progress=Told(another))
    assert (outcome, "deleted it" in message) == (Outcome.FAILED, True)
    ((_, outcome, message),) = refresh(connected, source)
    assert "does not have it any more" in message


def test_cancelling_is_noticed_while_waiting_and_the_server_goes_on(
    source: GuideSource, fake: FakeServer, connected: Dispatcharr
) -> None:
    fake.world.refresh_seconds = 30.0
    with pytest.raises(Cancelled):
        refresh(connected, source, progress=Told(lambda told: len(told.items) >= 4))
    fake.world.finish()
    assert fake.world.tables["sources"][1]["status"] == "success"


def test_a_short_outage_in_the_middle_is_waited_through_a_long_one_is_told(
    source: GuideSource, fake: FakeServer, connected: Dispatcharr, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.world.refresh_seconds = 30.0
    fake.faults.order(Kind.STATUS, method="GET", path="/api/epg/sources/1/", status=503, times=4, after=1)
    told = Told()
    ((_, outcome, _),) = refresh(connected, source, progress=told)
    assert outcome is Outcome.DONE
    assert any("no answer from the server" in item for item in told.items)
    fake.faults.order(Kind.STATUS, method="GET", path="/api/epg/sources/1/", status=503, times=500, after=1)
    ((_, outcome, message),) = refresh(connected, source)
    assert (outcome, "stopped answering" in message) == (Outcome.FAILED, True)


def test_a_server_that_is_away_from_the_beginning_fails_the_run_in_words(
    source: GuideSource, fake: FakeServer, connected: Dispatcharr
) -> None:
    fake.faults.order(Kind.STATUS, path="/api/epg/", status=503, times=50)
    run = run_here("epg_refresh", {"source_ids": [source.pk]})
    assert run.status == RunStatus.FAILED
    assert "starting, restarting or overloaded" in run.message


def test_a_change_that_waits_is_delivered_first(source: GuideSource, fake: FakeServer, connected: Dispatcharr) -> None:
    entry = OutboxEntry.objects.create(kind=KIND, local_id=source.pk, name=source.name)

    def delivered(told: Told) -> bool:
        if fake.world.clock.now() > began + 5:
            OutboxEntry.objects.all().delete()
        return False

    began = fake.world.clock.now()
    ((_, outcome, _),) = refresh(connected, source, progress=Told(delivered))
    assert outcome is Outcome.DONE
    entry.pk = None
    entry.state, entry.reason = OutboxState.PARKED, "Somebody has the name."
    entry.save()
    ((_, outcome, message),) = refresh(connected, source)
    assert (outcome, "Somebody has the name." in message) == (Outcome.FAILED, True)
    OutboxEntry.objects.update(state=OutboxState.WAITING)
    MirrorState.objects.update(trouble="The server is down.")
    ((_, _, message),) = refresh(connected, source)
    assert "waits for the server. The server is down." in message
    MirrorState.objects.update(trouble="")
    ((_, _, message),) = refresh(connected, source)
    assert "still waits for delivery" in message
    new = make_source("Not there")
    OutboxEntry.objects.all().delete()
    ((_, _, message),) = refresh(connected, new)
    assert "does not have this guide" in message


def test_our_own_fetching_and_due_refreshes_rest_while_connected(source: GuideSource, connected: Dispatcharr) -> None:
    GuideSource.objects.update(refresh_interval=1, last_finished_at=None, status=SourceStatus.PARSING)
    assert heal_interrupted() == []
    check_due(timezone.now())
    assert not TaskRun.objects.filter(task_id="epg_refresh").exists()
    MirrorState.objects.update(connected=False)
    assert heal_interrupted() == [source.pk]
    GuideSource.objects.update(last_finished_at=None)
    check_due(timezone.now())
    assert TaskRun.objects.filter(task_id="epg_refresh").exists()


def test_kinds_of_the_server_are_never_due_for_us(db: None) -> None:
    for kind in ("dummy", "schedules_direct"):
        make_source(kind, source_type=kind, url="")
    assert next_due(timezone.now()) is None
    with pytest.raises(RefreshRefused, match="Only Dispatcharr can read"):
        request_refresh(GuideSource.objects.get(name="schedules_direct").pk)
    run = run_here("epg_refresh", {"source_ids": []}, triggered_by=Trigger.SCHEDULED)
    assert run.message == "There is no guide to refresh."


def test_programmes_of_newly_linked_channels_come_from_the_server(
    source: GuideSource, fake: FakeServer, connected: Dispatcharr, mapping: Mapping
) -> None:
    from epg_app.mapped_entries import mapping_changed
    from epg_app.mirror.guide_entries import pull_entries
    from tasks_app.models import RunRequest

    pull_entries(connected, StoredLinks(), NoProgress())
    mapping.use(fake.world.tables["entries"][1]["tvg_id"])
    mapping_changed()
    assert RunRequest.objects.filter(task_id="epg_load_mapped").count() == 1
    fake.world.loaded[1] = 100
    run = run_here("epg_load_mapped")
    assert run.status == RunStatus.COMPLETED
    assert run.success_count == Programme.objects.count() > 0
    RunRequest.objects.all().delete()
    mapping_changed()
    assert not RunRequest.objects.exists(), "nothing is new"
    fake.faults.order(Kind.STATUS, path="/api/epg/", status=503, times=50)
    run = run_here("epg_load_mapped")
    assert (run.status, "come with the next sync" in run.message) == (RunStatus.COMPLETED, True)
