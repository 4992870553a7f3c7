"""Snapshots of the database, and the way back to them (50 §9)."""

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tasks_app.backup import blockers, made_ready, restore, snapshots
from tasks_app.backup.restore import restore_snapshot
from tasks_app.backup.snapshots import (
    SnapshotFailed,
    delete_snapshot,
    find_snapshot,
    folder,
    list_snapshots,
    take_snapshot,
)
from tasks_app.journal import log_entry
from tasks_app.models import JournalEntry, Notification, RunStatus, TaskRun
from tasks_app.process_identity import own_identity

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_snapshots() -> Iterator[None]:
    yield
    for path in folder().iterdir():
        path.unlink()


def say(title: str) -> None:
    Notification.objects.create(kind="info", title=title, message="")


def titles() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("title", flat=True))


def test_going_back_brings_the_database_of_then_and_keeps_the_one_of_now() -> None:
    say("then")
    snapshot = take_snapshot("before-connecting")
    say("since")
    safety = restore_snapshot(snapshot.name)
    assert titles() == ["then"]
    entry = JournalEntry.objects.get(category="backup", action_type="restore")
    assert entry.after_value == {"restored": snapshot.name, "kept_as": safety.name}
    restore_snapshot(safety.name)
    assert titles() == ["then", "since"]


def test_the_run_that_took_a_snapshot_does_not_go_on_for_ever_after_going_back() -> None:
    then = timezone.now() - timedelta(minutes=1)
    values = {"task_id": "switch_dispatcharr", "queued_at": then, "started_at": then, "worker": own_identity()}
    run = TaskRun.objects.create(title="Connect", lock_key="mirror", status=RunStatus.RUNNING, heartbeat_at=then, **values)
    snapshot = take_snapshot("before-connecting")
    TaskRun.objects.update(status=RunStatus.COMPLETED)
    restore_snapshot(snapshot.name)
    run.refresh_from_db()
    assert (run.status, run.message) == (RunStatus.CANCELLED, made_ready.UNDER_WAY_THEN)
    assert blockers.blockers() == [], "one can connect again at once"


def test_a_snapshot_is_whole_private_and_stands_alone() -> None:
    say("here")
    snapshot = take_snapshot("before-connecting")
    path = find_snapshot(snapshot.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder().stat().st_mode) == 0o700
    assert [found.name for found in folder().iterdir()] == [snapshot.name]
    assert snapshot.size == path.stat().st_size > 0
    assert snapshot.occasion_words == "before connecting"
    with sqlite3.connect(path) as copy:
        assert copy.execute("SELECT title FROM tasks_app_notification").fetchall() == [("here",)]


def test_the_search_index_and_what_hangs_on_triggers_come_back_too() -> None:
    log_entry("channel", "create", entity_name="Astra", description="Created Astra")
    snapshot = take_snapshot("before-connecting")
    log_entry("channel", "create", entity_name="Borea", description="Created Borea")
    restore_snapshot(snapshot.name)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        assert cursor.fetchone()[0] == "ok"
        cursor.execute("SELECT entries FROM tasks_app_journaltally WHERE hour = '' AND category = 'channel'")
        assert cursor.fetchall() == [(1,)]
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone()[0] == "wal"


def test_others_write_while_a_snapshot_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def write_meanwhile() -> None:
        with sqlite3.connect(snapshots.live_database(), timeout=5) as other:
            other.execute("UPDATE tasks_app_notification SET title = 'changed'")
        written.append("done")

    say("as it was")
    real = snapshots.copy_database

    def copy(source: Path, target: Path) -> None:
        thread = threading.Thread(target=write_meanwhile)
        thread.start()
        real(source, target)
        thread.join()

    monkeypatch.setattr(snapshots, "copy_database", copy)
    take_snapshot("before-connecting")
    assert written == ["done"]
    assert titles() == ["changed"]


def test_work_that_goes_on_and_what_rooms_name_stand_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = take_snapshot("before-connecting")
    say("since")
    monkeypatch.setattr(blockers, "_blockers", [lambda: ["Ann has a draft open."]])
    TaskRun.objects.create(task_id="x", title="M3U refresh – Acme", lock_key="m3u:1", status="running")
    with pytest.raises(SnapshotFailed, match=r"Ann has a draft open\. Work is going on: M3U refresh – Acme"):
        restore_snapshot(snapshot.name)
    assert titles() == ["since"]
    assert [found.name for found in list_snapshots()] == [snapshot.name]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(b"not a database at all"), "cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:20_000]), r"cannot be read|is damaged"),
        (
            lambda path: sqlite3.connect(path).executescript(
                "INSERT INTO django_migrations(app, name, applied) VALUES ('m3u_app', '9999_from_tomorrow', '2030-01-01')"
            ),
            "newer ECM",
        ),
    ],
)
def test_a_bad_snapshot_is_refused_and_nothing_changes(damage: object, message: str) -> None:
    snapshot = take_snapshot("before-connecting")
    say("since")
    damage(find_snapshot(snapshot.name))  # type: ignore[operator]
    with pytest.raises(SnapshotFailed, match=message):
        restore_snapshot(snapshot.name)
    assert titles() == ["since"]


def test_a_database_that_is_always_in_use_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = take_snapshot("before-connecting")
    say("since")
    monkeypatch.setattr(restore, "WAIT_SECONDS", 0.3)
    busy = sqlite3.connect(snapshots.live_database(), isolation_level=None)
    monkeypatch.setattr(restore, "take_snapshot", lambda occasion, keep: snapshot)
    busy.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(SnapshotFailed, match="in use all the time"):
            restore_snapshot(snapshot.name)
    finally:
        busy.execute("ROLLBACK")
        busy.close()
    assert titles() == ["since"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../ecm.sqlite3",
        "ecm.sqlite3",
        "/etc/passwd",
        "ecm-2026-01-01_000000-000000-X.sqlite3",
        "ecm-2026-01-01_000000-000000-../x.sqlite3",
    ],
)
def test_only_names_of_snapshots_are_taken(name: str) -> None:
    with pytest.raises(SnapshotFailed):
        find_snapshot(name)


def test_a_link_is_no_snapshot(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"secret")
    os.symlink(target, folder() / "ecm-2026-01-01_000000-000000-linked.sqlite3")
    with pytest.raises(SnapshotFailed):
        find_snapshot("ecm-2026-01-01_000000-000000-linked.sqlite3")
    assert list_snapshots() == []


def test_the_newest_five_stay_and_leftovers_of_a_killed_process_go() -> None:
    (folder() / "ecm-2020-01-01_000000-000000-killed.sqlite3.partial").write_bytes(b"half")
    taken = [take_snapshot("before-connecting") for _ in range(7)]
    left = [found.name for found in list_snapshots()]
    assert len(left) == snapshots.KEEP
    assert taken[-1].name in left
    assert sorted(path.name for path in folder().iterdir()) == sorted(left)


def test_a_full_disk_is_told_before_anything_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "ROOM_TO_SPARE", 2**62)
    with pytest.raises(SnapshotFailed, match="Make room"):
        take_snapshot("before-connecting")
    assert list(folder().iterdir()) == []


def test_a_snapshot_can_be_deleted() -> None:
    snapshot = take_snapshot("before-connecting")
    delete_snapshot(snapshot.name)
    assert list_snapshots() == []


def test_nothing_is_restored_in_the_middle_of_a_transaction_of_our_own() -> None:
    snapshot = take_snapshot("before-connecting")
    with transaction.atomic(), pytest.raises(SnapshotFailed, match="middle"):
        restore_snapshot(snapshot.name)
