"""Refreshing through a mirrored server: asked once, waited for honestly, brought over (20 §2.3)."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from ecm_site.dispatcharr.client import Dispatcharr
from m3u_app.alert_events import refresh_events
from m3u_app.due_refreshes import queue_due_refreshes
from m3u_app.edit_filters import FilterValues, add_filter
from m3u_app.mirror import monitor_task, refresh_task, run_when_free, wait_for_refresh
from m3u_app.models import Account, AccountStatus, Stream, StreamGroup
from m3u_app.request_refresh import REFRESH_TASK
from m3u_app.signals import account_refreshed
from tasks_app import engine
from tasks_app.mirror import mirror_tasks
from tasks_app.mirror.state import SYNC_TASK
from tasks_app.mirror.triggers import DELIVER_TASK
from tasks_app.models import JournalEntry, MirrorState, RunStatus, TaskRun, Trigger
from tests.dispatcharr.m3u_house import Sync, base, here, there, waiting
from tests.fake_dispatcharr import Entry, FakeServer, Kind, Playlist

pytestmark = pytest.mark.django_db(transaction=True)
Refresh = Callable[..., TaskRun]


@pytest.fixture
def hurried(fake: FakeServer, client: Dispatcharr, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits pass at once, also for the server; returns how long each was."""
    waits: list[float] = []
    began = fake.world.clock.now()

    def sleep(seconds: float) -> None:
        assert fake.world.clock.now() - began < 20_000, "it waits for ever"
        waits.append(seconds)
        fake.world.clock.advance(seconds)

    monkeypatch.setattr(wait_for_refresh, "sleep", sleep)
    monkeypatch.setattr(wait_for_refresh, "clock", fake.world.clock.now)
    monkeypatch.setattr(run_when_free, "sleep", sleep)
    for module in (refresh_task, monitor_task, mirror_tasks):
        monkeypatch.setattr(module, "mirrored_client", lambda: client)
    fake.world.refresh_seconds = 20
    return waits


@pytest.fixture
def refresh(pulled: Sync, hurried: list[float]) -> Refresh:
    def run(account: Account | None = None, **parameters: object) -> TaskRun:
        ids = [(account or base()).pk]
        return engine.run_here(REFRESH_TASK, {"account_ids": ids, **parameters})

    return run


def asked(fake: FakeServer) -> int:
    return len([call for call in fake.calls if call.method == "POST" and "/api/m3u/refresh/" in call.path])


def offer_next(fake: FakeServer, playlist: Playlist) -> None:
    fake.world.playlists[fake.world.tables["accounts"][2]["server_url"]] = playlist


def test_a_refresh_is_asked_for_once_waited_for_and_brought_over(
    refresh: Refresh, fake: FakeServer, hurried: list[float]
) -> None:
    told: list[int] = []
    account_refreshed.connect(lambda account_id, **_: told.append(account_id), weak=False, dispatch_uid="test")
    offer_next(fake, Playlist.of([Entry("New", "http://p.test/new"), *map(Playlist.generated(40, groups=5).entry, range(40))]))
    run = refresh()
    account_refreshed.disconnect(dispatch_uid="test")
    assert (run.status, run.success) == (RunStatus.COMPLETED, True)
    assert run.message.startswith("41 streams: 1 new, 0 changed")
    assert asked(fake) == 1
    assert fake.world.refreshes == {2: 1}
    assert here() == there(fake)
    assert sum(hurried[:4]) == 1.0  # never right behind the refresh before
    assert told == [base().pk]
    assert base().status == AccountStatus.SUCCESS
    assert JournalEntry.objects.filter(action_type="refresh", description__contains="on the server").count() == 1
    assert waiting() == {}


def test_a_failure_ends_at_once_with_the_servers_words(refresh: Refresh, fake: FakeServer, hurried: list[float]) -> None:
    offer_next(fake, Playlist.of([]))
    run = refresh()
    assert (run.status, run.success) == (RunStatus.FAILED, False)
    assert "download failed or other error" in run.message
    assert sum(hurried) < 60
    assert base().status == AccountStatus.ERROR
    assert len(here()) == 40


def test_a_failure_that_reads_like_the_last_one_is_noticed_though_it_was_over_between_two_looks(
    refresh: Refresh, fake: FakeServer, hurried: list[float]
) -> None:
    offer_next(fake, Playlist.of([]))
    refresh()
    fake.world.refresh_seconds = 0.01
    before = sum(hurried)
    run = refresh()
    assert not run.success
    assert "download failed" in run.message
    assert sum(hurried) - before < 30


def test_a_long_refresh_has_no_time_out(refresh: Refresh, fake: FakeServer, hurried: list[float]) -> None:
    fake.world.refresh_seconds = 1400  # the fake shows "fetching" after a fifth of it
    run = refresh()
    assert run.success
    assert sum(hurried) > 1350


def test_a_server_that_never_begins_is_given_up_after_five_minutes_with_a_warning(
    refresh: Refresh, fake: FakeServer, hurried: list[float]
) -> None:
    fake.world.locked_until[2] = fake.world.clock.now() + 10_000  # it drops every question
    run = refresh()
    assert run.success
    assert run.failed_count == 1
    assert "may still be running" in run.message
    assert 300 <= sum(hurried) < 320
    assert asked(fake) == 3  # and was asked again, in vain


def test_a_question_that_was_dropped_is_asked_again(refresh: Refresh, fake: FakeServer, hurried: list[float]) -> None:
    fake.world.locked_until[2] = fake.world.clock.now() + 5
    run = refresh()
    assert run.success
    assert fake.world.refreshes == {2: 1}
    assert asked(fake) == 2


def test_a_refresh_that_is_under_way_is_waited_for_and_not_asked_for_again(
    refresh: Refresh, fake: FakeServer, client: Dispatcharr
) -> None:
    client.accounts.refresh(2)
    fake.world.clock.advance(5)
    run = refresh()
    assert run.success
    assert asked(fake) == 1
    assert fake.world.refreshes == {2: 1}


def test_a_restart_of_the_server_in_the_middle_is_survived(
    refresh: Refresh, fake: FakeServer, hurried: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.world.refresh_seconds = 60
    plain = wait_for_refresh.sleep
    restarted: list[bool] = []

    def sleep(seconds: float) -> None:
        plain(seconds)
        if not restarted and fake.world.tables["accounts"][2]["status"] == "fetching":
            restarted.append(True)
            fake.world.lose_jobs()  # its status stays as it was for ever

    monkeypatch.setattr(wait_for_refresh, "sleep", sleep)
    run = refresh()
    assert run.success
    assert 1800 < sum(hurried) < 2000
    assert fake.world.refreshes == {2: 2}


@pytest.fixture
def stuck(fake: FakeServer, client: Dispatcharr, refresh: Refresh) -> None:
    """The server's worker was killed in the middle of a refresh, before anybody here looked."""
    client.accounts.refresh(2)
    fake.world.clock.advance(5)
    client.accounts.get(2)
    fake.world.lose_jobs()
    assert fake.world.tables["accounts"][2]["status"] == "fetching"


def test_an_account_that_was_stuck_before_is_refreshed_after_half_an_hour(
    stuck: None, refresh: Refresh, fake: FakeServer, hurried: list[float]
) -> None:
    run = refresh()
    assert run.success
    assert 1800 <= sum(hurried) < 1900
    assert fake.world.refreshes == {2: 2}
    assert here() == there(fake)


def test_an_account_that_stays_stuck_whatever_is_asked_does_not_keep_the_others(
    stuck: None, pulled: Sync, fake: FakeServer, hurried: list[float]
) -> None:
    fake.world.add_account("Second", Playlist.generated(5, tag="b", groups=1))
    pulled()
    fake.world.locked_until[2] = fake.world.clock.now() + 1_000_000
    run = engine.run_here(REFRESH_TASK, {"account_ids": []})
    assert (run.success, run.success_count, run.failed_count) == (True, 1, 1)
    assert run.message.startswith("1 of 2 accounts refreshed. Base: The server has said the same about the account")
    assert refresh_events(run)[0].severity == "warning"
    told = " ".join(TaskRun.objects.filter(task_id=REFRESH_TASK, failed_count=1).values_list("message", flat=True))
    assert "has said the same about the account for 30 minutes" in told
    assert 3600 <= sum(hurried) < 3700
    assert fake.world.refreshes == {2: 1, 3: 1}


def test_a_new_account_that_is_stuck_is_not_waited_for_twice(refresh: Refresh, fake: FakeServer, hurried: list[float]) -> None:
    playlist = Playlist.generated(7, tag="b", groups=2)
    fake.world.playlists["http://provider.test/second.m3u"] = playlist
    account = Account.objects.create(name="Second", server_url="http://provider.test/second.m3u")
    StreamGroup.objects.create(account=account, name=playlist.group_name(1), enabled=False)
    engine.run_here(DELIVER_TASK, {})
    fake.world.lose_jobs()
    fake.world.change("accounts", 3, status="fetching", last_message="Starting download...")
    before = len(fake.calls)
    run = refresh(account)
    assert run.success
    assert 1800 <= sum(hurried) < 1900
    assert len([call for call in fake.calls[before:] if call.path == "/api/m3u/accounts/3/"]) < 500


def test_what_the_server_says_meanwhile_is_masked_and_may_be_anything(
    refresh: Refresh, fake: FakeServer, hurried: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    words: list[object] = [7, ["no text"], {"no": "text"}, f"http://p.test/get.php?username=joe&password=hunter2 {'x' * 5000}"]
    plain = wait_for_refresh.sleep
    seen: set[str] = set()

    def sleep(seconds: float) -> None:
        plain(seconds)
        seen.add(base().last_message)
        if words and fake.world.tables["accounts"][2]["status"] == "fetching":
            fake.world.change("accounts", 2, last_message=words[0])
            if base().last_message.startswith(str(words[0])[:10] if isinstance(words[0], int | str) else ""):
                words.pop(0)

    monkeypatch.setattr(wait_for_refresh, "sleep", sleep)
    fake.world.refresh_seconds = 600
    assert refresh().success
    assert not words
    assert not [text for text in seen if "hunter2" in text or len(text) > 2000]
    assert any("password=***" in text for text in seen)


def test_a_failure_in_words_that_are_no_text_ends_the_refresh_as_a_failure(
    refresh: Refresh, fake: FakeServer, hurried: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = wait_for_refresh.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        if fake.world.tables["accounts"][2]["status"] == "fetching":
            fake.world.lose_jobs()
            fake.world.change("accounts", 2, status="error", last_message=["no", "text"])

    monkeypatch.setattr(wait_for_refresh, "sleep", sleep)
    run = refresh()
    assert run.status == RunStatus.FAILED
    assert "no more than that it failed" in run.message


def test_a_server_that_is_away_for_a_while_is_waited_for(refresh: Refresh, fake: FakeServer, hurried: list[float]) -> None:
    fake.faults.order(Kind.STATUS, status=503, path="/api/m3u/accounts/2/$", times=4, after=2)
    run = refresh()
    assert run.success


def test_a_cancelled_wait_leaves_the_server_to_itself(
    refresh: Refresh, fake: FakeServer, hurried: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = wait_for_refresh.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        if sum(hurried) > 5:
            engine.request_cancel(TaskRun.objects.get(task_id=REFRESH_TASK).pk)

    monkeypatch.setattr(wait_for_refresh, "sleep", sleep)
    run = refresh()
    assert run.status == RunStatus.CANCELLED
    fake.world.finish()
    assert fake.world.refreshes == {2: 1}


def test_changed_filters_and_groups_are_delivered_before_the_server_reads(
    refresh: Refresh, fake: FakeServer, client: Dispatcharr
) -> None:
    add_filter(base().pk, FilterValues("name", "^UK"))
    off = StreamGroup.objects.get(name=Playlist.generated(40, groups=5).group_name(0))
    StreamGroup.objects.filter(pk=off.pk).update(enabled=False)
    fake.world.change("accounts", 2, stale_stream_days=0)
    Account.objects.update(shrink_guard_percent=0)
    run = refresh()
    assert run.success
    assert waiting() == {}
    assert not Stream.objects.filter(name__startswith="UK").exists()
    assert not Stream.objects.filter(group=off).exists()
    assert here() == there(fake)
    assert base().filters_changed_at is None


def test_a_new_account_is_made_there_read_there_and_refreshed_in_one_go(
    refresh: Refresh, fake: FakeServer, hurried: list[float]
) -> None:
    fake.world.playlists["http://provider.test/second.m3u"] = Playlist.generated(7, tag="b", groups=2)
    account = Account.objects.create(name="Second", server_url="http://provider.test/second.m3u")
    off = StreamGroup.objects.create(
        account=account, name=Playlist.generated(7, tag="b", groups=2).group_name(1), enabled=False
    )
    run = refresh(account)
    assert run.success
    assert run.success_count == 4  # the other three are in the group that was off before anything was imported
    account.refresh_from_db()
    assert (account.stream_count, account.status) == (4, AccountStatus.SUCCESS)
    off.refresh_from_db()
    assert not off.enabled
    assert waiting() == {}
    assert not TaskRun.objects.filter(task_id=REFRESH_TASK).exclude(pk=run.pk).exists()


def test_an_account_that_the_server_refused_says_why(refresh: Refresh, fake: FakeServer) -> None:
    account = Account.objects.create(name="Path", file_path="/srv/a.m3u")
    run = refresh(account)
    assert not run.success
    assert "path on this machine" in run.message


def test_an_account_that_is_off_is_refused(refresh: Refresh, fake: FakeServer) -> None:
    Account.objects.update(is_active=False)
    run = refresh()
    assert not run.success
    assert "switched off" in run.message
    assert asked(fake) == 0


def test_what_was_held_back_is_taken_over_without_another_refresh(refresh: Refresh, fake: FakeServer) -> None:
    fake.world.change("accounts", 2, stale_stream_days=0)
    offer_next(fake, Playlist.of([Playlist.generated(40, groups=5).entry(0)]))
    run = refresh()
    assert not run.success
    assert "instead of 40" in run.message
    before = asked(fake)
    Account.objects.update(held_back={**base().held_back, "accepted": True})
    run = refresh(accept_shrunken=True)
    assert run.success
    assert asked(fake) == before
    assert here() == there(fake)


def test_several_accounts_are_refreshed_one_after_another(refresh: Refresh, fake: FakeServer, pulled: Sync) -> None:
    fake.world.add_account("Second", Playlist.generated(5, tag="b", groups=1))
    pulled()
    run = engine.run_here(REFRESH_TASK, {"account_ids": []})
    assert run.success
    assert fake.world.refreshes == {2: 1, 3: 1}


def test_it_waits_for_a_sync_that_is_under_way(
    refresh: Refresh, fake: FakeServer, hurried: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = TaskRun.objects.create(task_id=SYNC_TASK, lock_key="mirror", status=RunStatus.RUNNING, title="Sync")
    plain = run_when_free.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        TaskRun.objects.filter(pk=other.pk).update(status=RunStatus.COMPLETED)

    monkeypatch.setattr(run_when_free, "sleep", sleep)
    assert refresh().success


@pytest.mark.parametrize("task", [SYNC_TASK, DELIVER_TASK])
def test_a_sync_that_has_not_begun_is_not_waited_for(
    refresh: Refresh, fake: FakeServer, hurried: list[float], monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    """All the worker's room may be taken by refreshes: each waiting for it, it would never begin."""
    other = engine.start_run(task, {})

    def never(seconds: float) -> None:
        raise AssertionError("it waits for a run that nobody can begin")

    monkeypatch.setattr(run_when_free, "sleep", never)
    assert refresh().success
    other.refresh_from_db()
    assert other.status == RunStatus.COMPLETED


def test_a_switch_that_waits_goes_first(refresh: Refresh, fake: FakeServer, hurried: list[float]) -> None:
    """It would never begin either, and decides where to refresh at all."""
    TaskRun.objects.create(task_id="switch_dispatcharr", lock_key="mirror", status=RunStatus.QUEUED, title="Leave the server")
    run = refresh()
    assert not run.success
    assert "“Leave the server” was asked for meanwhile and goes first" in run.message
    assert run_when_free.SLICE not in hurried


def test_the_monitor_gives_way_to_a_switch_too(
    pulled: Sync, fake: FakeServer, hurried: list[float], client: Dispatcharr
) -> None:
    offer_next(fake, Playlist.generated(39, groups=5))
    client.accounts.refresh(2)
    fake.world.finish()
    TaskRun.objects.create(task_id="switch_dispatcharr", lock_key="mirror", status=RunStatus.QUEUED, title="Leave the server")
    assert watch().message.startswith("Not looked: “Leave the server”")


def test_due_refreshes_rest_while_a_server_is_mirrored(pulled: Sync) -> None:
    Account.objects.update(refresh_interval=1, updated_at=None, status=AccountStatus.FETCHING)
    queue_due_refreshes(timezone.now())
    assert not TaskRun.objects.filter(task_id=REFRESH_TASK).exists()
    assert base().status == AccountStatus.FETCHING  # the server says so; nobody here mends it
    MirrorState.objects.update(connected=False)
    Account.objects.update(created_at="2020-01-01T00:00Z")
    queue_due_refreshes(timezone.now())
    assert TaskRun.objects.filter(task_id=REFRESH_TASK).exists()


def watch() -> TaskRun:
    return engine.run_here("m3u_change_monitor", {}, triggered_by=Trigger.SCHEDULED)


def test_the_monitor_notices_a_refresh_that_the_server_made_by_itself(
    pulled: Sync, fake: FakeServer, hurried: list[float], client: Dispatcharr
) -> None:
    assert "Nothing new in 1 account" in watch().message
    offer_next(fake, Playlist.generated(39, groups=5))
    client.accounts.refresh(2)
    fake.world.finish()
    before = len(fake.calls)
    run = watch()
    assert "had refreshed Base" in run.message
    assert here() == there(fake)
    assert asked(fake) == 1  # ours above; the monitor asks for none
    assert len(fake.calls) > before
    assert "Nothing new" in watch().message


def test_the_monitor_looks_only_at_the_accounts_that_it_was_given(
    pulled: Sync, fake: FakeServer, hurried: list[float], client: Dispatcharr
) -> None:
    other = Account.objects.create(name="Other", server_url="http://p.test/o.m3u")
    client.accounts.refresh(2)
    fake.world.finish()
    run = engine.run_here("m3u_change_monitor", {"account_ids": [other.pk]})
    assert "Nothing new in 0 accounts" in run.message


def test_the_monitor_rests_without_a_server_and_while_it_is_away(pulled: Sync, fake: FakeServer, hurried: list[float]) -> None:
    fake.faults.order(Kind.STATUS, status=503, path="accounts", times=20)
    run = watch()
    assert run.success
    assert "could not be asked" in run.message
    MirrorState.objects.update(connected=False)
    assert watch().message == mirror_tasks.STANDALONE
