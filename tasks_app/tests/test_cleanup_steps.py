"""What each step of the clean-up removes, and what it leaves alone (50 §10)."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from tasks_app.cleanup import health_checks, old_journal, old_notifications, old_runs, sign_ins, temporary_files
from tasks_app.cleanup.steps import Context, StepFailed
from tasks_app.cleanup.turns import empty_in_turns
from tasks_app.journal import build_entry, log_entries, log_entry
from tasks_app.models import (
    JournalBatch,
    JournalEntry,
    JournalTally,
    Notification,
    RunStatus,
    TaskRun,
    TaskRunLog,
    Trigger,
    WorkerBeat,
)
from tasks_app.notifications.notify import notify
from tasks_app.progress import NoProgress
from tasks_app.tests.helpers import known_task, known_undo, undo_beat
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db


def given(days=None, *, dry_run=False, later=timedelta(0)):
    return Context(timezone.now() + later, days, dry_run, NoProgress())


def run(days_ago, status=RunStatus.COMPLETED, **values):
    at = timezone.now() - timedelta(days=days_ago)
    number = TaskRun.objects.count()
    usual = {"task_id": "sample", "lock_key": f"sample:{number}", "title": "Sample", "queued_at": at, "started_at": at}
    return TaskRun.objects.create(status=status, **usual | values)


def test_runs_that_began_before_the_cutoff_go_with_their_logs_and_active_ones_stay():
    old, new = run(31), run(29)
    waiting = run(40, RunStatus.QUEUED, started_at=None)
    never_began = run(40, RunStatus.CANCELLED, started_at=None)
    began_late = TaskRun.objects.create(
        task_id="sample", lock_key="x", title="x", status=RunStatus.FAILED,
        queued_at=timezone.now() - timedelta(days=31), started_at=timezone.now() - timedelta(days=29),
    )  # fmt: skip
    for row in (old, new):
        TaskRunLog.objects.create(run=row, level="INFO", text="line")
    assert old_runs.clear_old(given(30, dry_run=True)).deleted == 2
    assert TaskRun.objects.count() == 5
    assert old_runs.clear_old(given(30)).deleted == 2
    assert set(TaskRun.objects.values_list("pk", flat=True)) == {new.pk, waiting.pk, began_late.pk}
    assert TaskRunLog.objects.count() == 1
    assert not TaskRun.objects.filter(pk=never_began.pk).exists()


def test_of_runs_without_news_only_the_newest_of_each_task_stay(monkeypatch):
    monkeypatch.setattr(old_runs, "KEPT_RUNS", 3)
    with known_task(lambda task: None, "watch", quiet=True):
        events = [run(1, triggered_by=Trigger.EVENT) for _ in range(6)]
        wanted = [run(1, triggered_by=Trigger.MANUAL) for _ in range(6)]
        broken = run(1, RunStatus.FAILED, triggered_by=Trigger.EVENT)
        idle = [run(1, task_id="watch", triggered_by=Trigger.SCHEDULED) for _ in range(5)]
        busy = [run(1, task_id="watch", triggered_by=Trigger.SCHEDULED, success_count=1) for _ in range(5)]
        newest = run(0, triggered_by=Trigger.EVENT)
        assert old_runs.clear_surplus(given(dry_run=True)).deleted == 4 + 2
        assert old_runs.clear_surplus(given()).deleted == 4 + 2
        left = set(TaskRun.objects.values_list("pk", flat=True))
        expected = [*events[4:], *wanted, broken, *idle[2:], *busy, newest]
        assert left == {row.pk for row in expected}
        assert old_runs.clear_surplus(given()).deleted == 0


def test_the_worker_trims_them_once_an_hour(monkeypatch):
    monkeypatch.setattr(old_runs, "KEPT_RUNS", 1)
    monkeypatch.setattr(old_runs, "_trimmed_at", 0.0)
    for _ in range(3):
        run(0, triggered_by=Trigger.EVENT)
    old_runs.trim(timezone.now())
    assert TaskRun.objects.count() == 1
    run(0, triggered_by=Trigger.EVENT)
    old_runs.trim(timezone.now())  # a minute later
    assert TaskRun.objects.count() == 2


def test_journal_rows_go_after_their_days_with_their_counts():
    batch = [build_entry("channel", "update", entity_name="x", description="x", batch_id="abcd1234") for _ in range(700)]
    log_entries(batch)
    JournalEntry.objects.update(timestamp=timezone.now() - timedelta(days=91))
    log_entry("m3u", "refresh", entity_name="kept", description="Kept.")
    assert old_journal.clear(given(90, dry_run=True)).deleted == 700
    assert JournalEntry.objects.count() == 701
    assert old_journal.clear(given(90)).deleted == 700
    assert JournalEntry.objects.get().entity_name == "kept"
    assert set(JournalTally.objects.values_list("category", "entries")) == {("m3u", 1)}
    assert not JournalBatch.objects.exists()


def test_an_entry_whose_undoing_was_forgotten_stays_undone():
    with known_undo("beat", undo_beat):
        WorkerBeat.objects.create(pk=1, worker="new")
        entry = log_entry(
            "m3u", "rename", entity_type="beat", entity_id=1, entity_name="beat", description="x",
            before={"worker": "old"}, after={"worker": "new"}, undoable=True,
        )  # fmt: skip
        undo_entry(entry)
        JournalEntry.objects.exclude(pk=entry.pk).update(timestamp=timezone.now() - timedelta(days=91))  # a clock set back
        old_journal.clear(given(90))
        entry.refresh_from_db()
        assert (entry.undone_by_id, entry.undoable) == (None, False)


def test_notifications_go_after_their_days():
    old = notify("info", "old")
    notify("info", "new")
    Notification.objects.filter(pk=old.pk).update(last_at=timezone.now() - timedelta(days=31), expires_at=None)
    assert old_notifications.clear(given(30, dry_run=True)).deleted == 1
    assert old_notifications.clear(given(30)).deleted == 1
    assert Notification.objects.get().message == "new"


def test_sign_ins_that_ended_go():
    for key, hours in (("gone", -1), ("alive", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=timezone.now() + timedelta(hours=hours))
    assert sign_ins.clear(given()).deleted == 1
    assert Session.objects.get().session_key == "alive"


def test_a_legacy_table_is_cleared_if_there_is_one():
    assert health_checks.clear(given(7)).deleted == 0
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE health_checks (id INTEGER PRIMARY KEY, checked_at TEXT, status TEXT)")
        rows = ["2020-01-01T00:00:00Z", "2020-01-01 00:00:00.123", timezone.now().isoformat(), "never", None]
        cursor.executemany("INSERT INTO health_checks(checked_at) VALUES (%s)", [(row,) for row in rows])
    assert health_checks.clear(given(7, dry_run=True)).deleted == 2
    assert health_checks.clear(given(7)).deleted == 2
    assert health_checks.clear(given(7)).deleted == 0
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE health_checks")
        cursor.execute("CREATE TABLE health_checks (id INTEGER PRIMARY KEY, status TEXT)")
    with pytest.raises(StepFailed, match="no column with a time"):
        health_checks.clear(given(7))


def test_emptying_large_columns_twice_empties_nothing_the_second_time():
    """50 §18.7 row 130, and trap 7: any of the columns makes a row full."""
    for details, message in (({"a": 1}, "m"), ({}, "only this"), ({"b": 1}, ""), ({}, "")):
        run(40, details=details, message=message)
    columns = {"details": {}, "message": ""}
    assert empty_in_turns(TaskRun.objects.all(), columns, given(dry_run=True)) == 3
    assert empty_in_turns(TaskRun.objects.all(), columns, given()) == 3
    assert TaskRun.objects.count() == 4
    assert empty_in_turns(TaskRun.objects.all(), columns, given()) == 0


def test_files_nobody_wrote_to_for_a_day_go_and_others_stay(settings, tmp_path):
    for name in ("TEMP_DIR", "UPLOAD_DIR", "SOURCE_CACHE_DIR", "PUBLISH_DIR"):
        setattr(settings, name, tmp_path / name)
        (tmp_path / name).mkdir()
    settings.CONFIG_DIR = tmp_path
    pending = tmp_path / "UPLOAD_DIR" / "pending-playlists"
    pending.mkdir()
    left_behind = [
        tmp_path / "TEMP_DIR" / "spool", tmp_path / ".settings-abc", pending / "ab_list.m3u",
        tmp_path / "SOURCE_CACHE_DIR" / ".m3u-1.playlist.x.part",
    ]  # fmt: skip
    for path in left_behind:
        path.write_text("x" * 1000)
    folder = tmp_path / "TEMP_DIR" / "xtream-1"
    (folder / "deep").mkdir(parents=True)
    building = tmp_path / "PUBLISH_DIR" / ".building-12"
    building.mkdir()
    outside = tmp_path / "kept"
    outside.mkdir()
    (outside / "file").write_text("x")
    (tmp_path / "TEMP_DIR" / "link").symlink_to(outside)
    kept = [tmp_path / "UPLOAD_DIR" / "ab_list.m3u", tmp_path / "settings.json"]
    for path in kept:
        path.write_text("x")

    assert temporary_files.clear(given()).deleted == 0  # all of them are new
    tomorrow = timedelta(hours=25)
    assert temporary_files.clear(given(dry_run=True, later=tomorrow)).deleted == 7
    assert folder.exists()
    cleared = temporary_files.clear(given(later=tomorrow))
    assert cleared.deleted == 7
    assert not any(path.exists() for path in (*left_behind, folder, building))
    assert all(path.exists() for path in (*kept, outside / "file", pending))


def test_a_second_name_made_just_now_for_an_old_file_is_not_stale(settings, tmp_path):
    original = Path(tmp_path / "old")
    original.write_text("x")
    os.utime(original, (1, 1))
    os.link(original, tmp_path / "guide-1.candidate")
    assert not temporary_files._is_stale(tmp_path / "guide-1.candidate", timezone.now().timestamp() - 3600)
