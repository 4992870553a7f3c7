"""The task "M3U Refresh", its locks and healing, what is due by interval, and the command (20 §2.1)."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from m3u_app.due_refreshes import queue_due_refreshes
from m3u_app.models import Account, AccountStatus, Stream
from m3u_app.request_refresh import REFRESH_TASK
from m3u_app.tasks import M3uRefresh
from m3u_app.tests.refreshing import FakeProvider, FileAccount, playlist_of
from tasks_app import engine
from tasks_app.models import JournalEntry, Notification, RunStatus, TaskRun, Trigger
from tasks_app.progress import Cancelled, NoProgress
from tasks_app.scheduling.edit_schedules import create_schedule
from tasks_app.scheduling.prune import prune_schedules
from tasks_app.scheduling.rules import InvalidSchedule

FileAccounts = Callable[..., FileAccount]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_run_over_one_account_has_that_accounts_lock_and_name(acme: FileAccount) -> None:
    acme.path.write_text(playlist_of("A"))
    run = engine.run_here(REFRESH_TASK, {"account_ids": [acme.account.pk]})
    assert (run.status, run.lock_key, run.title) == (RunStatus.COMPLETED, f"m3u:{acme.account.pk}", "M3U Refresh – Acme")
    assert run.details["created"] == 1
    assert run.success_count == 1
    assert "1 stream in" in run.message


def test_a_failure_is_the_runs_message(acme: FileAccount) -> None:
    acme.path.write_text("<html>")
    run = engine.run_here(REFRESH_TASK, {"account_ids": [acme.account.pk]})
    assert (run.status, run.success) == (RunStatus.FAILED, False)
    assert "web page" in run.message
    gone = engine.run_here(REFRESH_TASK, {"account_ids": [12345]})
    assert gone.status == RunStatus.FAILED


def test_a_second_refresh_while_one_runs_is_refused(acme: FileAccount) -> None:
    TaskRun.objects.create(
        task_id=REFRESH_TASK, lock_key=f"m3u:{acme.account.pk}", title="M3U refresh – Acme", status=RunStatus.QUEUED
    )
    with pytest.raises(engine.AlreadyRunning):
        engine.run_here(REFRESH_TASK, {"account_ids": [acme.account.pk]})


def test_a_run_over_all_accounts_gives_each_a_run_of_its_own(file_account: FileAccounts) -> None:
    good, bad, off, locked = (file_account(name) for name in ("Good", "Bad", "Off", "Locked"))
    file_account("custom")
    off.set(is_active=False)
    locked.set(locked=True)
    for account in (good, off, locked):
        account.path.write_text(playlist_of("A"))
    bad.path.write_text("<html>")
    run = engine.run_here(REFRESH_TASK, {})
    assert run.status == RunStatus.COMPLETED
    assert (run.success_count, run.failed_count) == (1, 1)
    assert "1 of 2 accounts" in run.message
    assert "Bad: Got a web page" in run.message
    inner = TaskRun.objects.exclude(pk=run.pk).order_by("pk")
    assert [(child.title, child.status) for child in inner] == [
        ("M3U Refresh – Good", RunStatus.COMPLETED),
        ("M3U Refresh – Bad", RunStatus.FAILED),
    ]
    assert list(Stream.objects.values_list("account__name", flat=True)) == ["Good"]


def test_accounts_that_run_already_are_skipped(file_account: FileAccounts) -> None:
    one, two = file_account("One"), file_account("Two")
    two.path.write_text(playlist_of("A"))
    TaskRun.objects.create(task_id=REFRESH_TASK, lock_key=f"m3u:{one.account.pk}", title="x", status=RunStatus.QUEUED)
    run = engine.run_here(REFRESH_TASK, {"account_ids": [one.account.pk, two.account.pk]})
    assert (run.success_count, run.skipped_count, run.failed_count) == (1, 1, 0)


def test_an_account_that_was_refreshed_meanwhile_is_not_refreshed_again(file_account: FileAccounts) -> None:
    one, two = file_account("One"), file_account("Two")
    for account in (one, two):
        account.path.write_text(playlist_of("A"))

    class Meanwhile(NoProgress):
        def report(self, **values: Any) -> None:
            if values.get("item") == "Two":  # its own interval was quicker
                engine.run_here(REFRESH_TASK, {"account_ids": [two.account.pk]}, triggered_by=Trigger.SCHEDULED)

    result = M3uRefresh(Meanwhile(), {}).execute()
    assert (result.success_count, result.skipped_count) == (1, 1)
    assert TaskRun.objects.filter(lock_key=f"m3u:{two.account.pk}").count() == 1


def test_intervals_wait_while_a_run_over_several_accounts_is_active(file_account: FileAccounts) -> None:
    account = file_account("One")
    account.set(refresh_interval=1, created_at=NOON - timedelta(hours=2))
    outer = TaskRun.objects.create(task_id=REFRESH_TASK, lock_key=REFRESH_TASK, title="All", status=RunStatus.QUEUED)
    queue_due_refreshes(NOON)
    assert TaskRun.objects.count() == 1
    TaskRun.objects.filter(pk=outer.pk).update(status=RunStatus.COMPLETED)
    queue_due_refreshes(NOON)
    assert TaskRun.objects.count() == 2


def test_what_is_off_is_skipped_by_a_schedule_unless_it_says_otherwise(file_account: FileAccounts) -> None:
    off, other = file_account("Off"), file_account("Other")
    off.set(is_active=False)
    for account in (off, other):
        account.path.write_text(playlist_of("A"))
    for ids, counts in (([off.account.pk], (0, 1)), ([off.account.pk, other.account.pk], (1, 1))):
        run = engine.run_here(REFRESH_TASK, {"account_ids": ids}, triggered_by=Trigger.SCHEDULED)
        assert (run.status, run.success_count, run.skipped_count) == (RunStatus.COMPLETED, *counts)
    assert not Stream.objects.filter(account__name="Off").exists()
    run = engine.run_here(
        REFRESH_TASK, {"account_ids": [off.account.pk], "skip_inactive": False}, triggered_by=Trigger.SCHEDULED
    )
    assert (run.status, off.now().status) == (RunStatus.COMPLETED, AccountStatus.DISABLED)
    assert Stream.objects.filter(account__name="Off").exists()


def test_a_schedule_of_deleted_accounts_refreshes_nothing_never_all(file_account: FileAccounts) -> None:
    other, gone = file_account("Other"), file_account("Gone")
    other.path.write_text(playlist_of("A"))
    rule = {"schedule_type": "interval", "interval_seconds": 3600}
    schedule = create_schedule(REFRESH_TASK, {**rule, "parameters": {"account_ids": [gone.account.pk]}})
    gone.account.delete()
    assert prune_schedules() == 1
    run = engine.run_here(REFRESH_TASK, schedule_id=schedule.pk, triggered_by=Trigger.SCHEDULED)
    assert (run.status, run.message) == (
        RunStatus.COMPLETED,
        "None of the chosen accounts exists any more: nothing was refreshed.",
    )
    assert not Stream.objects.exists()
    assert Notification.objects.filter(kind="warning").count() == 1
    with pytest.raises(InvalidSchedule):  # only ECM itself accepts a playlist that shrank, and only once
        create_schedule(REFRESH_TASK, {**rule, "parameters": {"accept_shrunken": True}})


def test_a_cancel_between_accounts_stops_the_outer_run(file_account: FileAccounts) -> None:
    file_account("One")

    class Cancelling(NoProgress):
        def raise_if_cancelled(self) -> None:
            raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        M3uRefresh(Cancelling(), {}).execute()
    assert not TaskRun.objects.exists()


def test_an_interrupted_run_mends_its_account(acme: FileAccount) -> None:
    acme.set(status=AccountStatus.PARSING)
    M3uRefresh.on_interrupted({"account_ids": [acme.account.pk]})
    assert acme.now().status == AccountStatus.ERROR
    assert "did not finish" in acme.now().last_message


def queued() -> list[str]:
    runs = TaskRun.objects.filter(status=RunStatus.QUEUED).order_by("pk")
    return [run.title.rpartition(" ")[2] for run in runs]


@pytest.mark.parametrize(
    ("values", "is_due"),
    [
        ({"updated_at": NOON - timedelta(hours=25)}, True),
        ({"updated_at": NOON - timedelta(hours=23)}, False),
        ({"updated_at": None}, True),
        ({"updated_at": NOON - timedelta(hours=2), "refresh_interval": 1}, True),
        ({"updated_at": NOON - timedelta(days=9), "refresh_interval": 0}, False),
        ({"updated_at": NOON - timedelta(days=9), "is_active": False}, False),
        ({"updated_at": NOON - timedelta(days=9), "locked": True}, False),
        ({"updated_at": NOON - timedelta(days=9), "deleting_since": NOON}, False),
        ({"updated_at": NOON - timedelta(days=9), "name": "Custom"}, False),
    ],
)
def test_accounts_are_due_by_their_interval(acme: FileAccount, values: dict[str, Any], is_due: bool) -> None:
    acme.set(**values)
    with time_machine.travel(NOON, tick=False):
        queue_due_refreshes(NOON)
        queue_due_refreshes(NOON)
    assert TaskRun.objects.count() == is_due
    if is_due:
        assert TaskRun.objects.get().triggered_by == Trigger.SCHEDULED


@pytest.mark.parametrize(("minutes", "held_back", "is_due"), [(30, {}, False), (61, {}, True), (61, {"before": 2}, False)])
def test_a_failed_refresh_is_tried_again_after_a_while(
    acme: FileAccount, minutes: int, held_back: dict[str, int], is_due: bool
) -> None:
    acme.set(updated_at=NOON - timedelta(days=3), held_back=held_back)
    TaskRun.objects.create(
        task_id=REFRESH_TASK,
        lock_key=f"m3u:{acme.account.pk}",
        title="M3U refresh – Acme",
        status=RunStatus.FAILED,
        queued_at=NOON - timedelta(minutes=minutes),
    )
    queue_due_refreshes(NOON)
    assert (queued() == ["Acme"]) is is_due


def test_an_account_left_busy_by_nobody_is_mended_by_the_due_check(file_account: FileAccounts) -> None:
    abandoned, working = file_account("Abandoned"), file_account("Working")
    for account in (abandoned, working):
        account.set(status=AccountStatus.FETCHING, refresh_interval=0)
    TaskRun.objects.create(task_id=REFRESH_TASK, lock_key=f"m3u:{working.account.pk}", title="x", status=RunStatus.RUNNING)
    queue_due_refreshes(NOON)
    assert (abandoned.now().status, working.now().status) == (AccountStatus.ERROR, AccountStatus.FETCHING)


def imported(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("import_m3u", *arguments, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_the_command_makes_the_account_and_prints_the_counts(db: None, tmp_path: Path) -> None:
    path = tmp_path / "list.m3u"
    path.write_text(playlist_of("A", "B") + "#EXTINF:-1,C\n")
    result = imported(str(path), "--account", "New")
    contract = ["streams_total", "created", "updated", "unchanged", "stale", "removed", "filtered", "bad", "no_url", "groups"]
    assert [result[name] for name in contract] == [2, 2, 0, 0, 0, 0, 0, 0, 1, 1]
    assert result["seconds"] > 0
    assert JournalEntry.objects.filter(category="m3u", action_type="create").exists()
    assert imported(str(path), "--account", "New")["unchanged"] == 2


def test_the_command_points_an_existing_account_at_the_new_source(db: None, tmp_path: Path) -> None:
    first, second = tmp_path / "day0.m3u", tmp_path / "day1.m3u"
    first.write_text(playlist_of("A", "B"))
    second.write_text(playlist_of("B", "C"))
    imported(str(first), "--account", "Acme")
    errors = io.StringIO()
    call_command("import_m3u", str(second), "--account", "Acme", stdout=io.StringIO(), stderr=errors)
    assert "now reads this source" in errors.getvalue()
    account = Account.objects.get()
    assert account.file_path == str(second)
    assert dict(Stream.objects.values_list("name", "is_stale")) == {"A": True, "B": False, "C": False}


def test_the_command_needs_a_yes_for_a_shrunken_playlist(db: None, tmp_path: Path) -> None:
    path = tmp_path / "list.m3u"
    path.write_text(playlist_of("A", "B", "C"))
    imported(str(path), "--account", "Acme")
    path.write_text(playlist_of("A"))
    with pytest.raises(CommandError, match="--accept-shrunken"):
        imported(str(path), "--account", "Acme")
    assert imported(str(path), "--account", "Acme", "--accept-shrunken")["stale"] == 2


@pytest.mark.parametrize(
    ("source", "message"),
    [("/no/such/file.m3u", "no file"), ("ftp://h/x.m3u", "http"), ("http://", "address"), ("http://127.0.0.1:9/x", "refused")],
)
def test_the_command_says_what_is_wrong_with_its_source(db: None, source: str, message: str) -> None:
    out = io.StringIO()
    with pytest.raises(CommandError, match=message):
        call_command("import_m3u", source, "--account", "Acme", "--json", stdout=out)
    assert message in json.loads(out.getvalue())["error"]


def test_the_command_leaves_accounts_of_other_kinds_alone(provider: FakeProvider, db: None, tmp_path: Path) -> None:
    Account.objects.create(name="Panel", account_type="XC")
    path = tmp_path / "list.m3u"
    path.write_text(playlist_of("A"))
    with pytest.raises(CommandError, match="no playlist account"):
        imported(str(path), "--account", "Panel")
