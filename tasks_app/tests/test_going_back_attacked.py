"""Going back to a backup in the worst moments: a kill, a double click, work that begins meanwhile, people who left."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from tasks_app.backup import restore
from tasks_app.backup.blockers import blockers
from tasks_app.backup.restore import restore_snapshot
from tasks_app.backup.snapshots import KEEP, Snapshot, SnapshotFailed, folder, list_snapshots, take_snapshot
from tasks_app.models import JournalEntry, Notification, RunStatus, TaskRun

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    pass


@pytest.fixture(autouse=True)
def no_snapshots() -> Iterator[None]:
    yield
    for path in folder().iterdir():
        path.unlink()


def say(title: str) -> None:
    Notification.objects.create(kind="info", title=title, message="")


def titles() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("title", flat=True))


def a_snapshot_with_a_run_under_way() -> Snapshot:
    say("then")
    run = TaskRun.objects.create(task_id="switch_dispatcharr", title="Connect", lock_key="mirror", status=RunStatus.RUNNING)
    snapshot = take_snapshot("before-connecting")
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.COMPLETED)
    say("since")
    return snapshot


def test_what_is_killed_right_after_the_exchange_has_done_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = a_snapshot_with_a_run_under_way()
    real = restore._exchange

    def exchange_and_die(path: Path) -> None:
        real(path)
        raise Killed

    monkeypatch.setattr(restore, "_exchange", exchange_and_die)
    with pytest.raises(Killed):
        restore_snapshot(snapshot.name)
    assert titles() == ["then"]
    assert blockers() == [], "nobody works on what was under way then"
    assert JournalEntry.objects.filter(category="backup", action_type="restore").exists()


def test_what_is_killed_before_it_has_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = a_snapshot_with_a_run_under_way()

    def die(path: Path) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(restore, "_exchange", die)
        with pytest.raises(Killed):
            restore_snapshot(snapshot.name)
    assert titles() == ["then", "since"]
    assert not JournalEntry.objects.filter(category="backup", action_type="restore").exists()
    restore_snapshot(snapshot.name)
    assert titles() == ["then"]
    assert all(path.suffix == ".sqlite3" for path in folder().iterdir()), "the copy that was made ready is gone"


def test_one_can_go_back_to_the_oldest_of_all_backups() -> None:
    say("oldest")
    oldest = take_snapshot("before-connecting")
    for number in range(KEEP - 1):
        say(f"since {number}")
        take_snapshot("before-connecting")
    restore_snapshot(oldest.name)
    assert titles() == ["oldest"]
    assert oldest.name in [found.name for found in list_snapshots()]


def test_a_double_click_goes_back_once(monkeypatch: pytest.MonkeyPatch) -> None:
    say("then")
    snapshot = take_snapshot("before-connecting")
    say("since")
    real, refusals = restore._exchange, []

    def second_click() -> None:
        try:
            restore_snapshot(snapshot.name)
        except SnapshotFailed as failed:
            refusals.append(str(failed))

    def exchange(path: Path) -> None:
        other = threading.Thread(target=second_click)
        other.start()
        other.join()
        real(path)

    monkeypatch.setattr(restore, "_exchange", exchange)
    safety = restore_snapshot(snapshot.name)
    assert ["going back to a backup right now" in refusal for refusal in refusals] == [True]
    monkeypatch.undo()
    restore_snapshot(safety.name)
    assert titles() == ["then", "since"], "what is kept is what was there"


def test_work_that_begins_while_the_backup_is_copied_stands_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    say("then")
    snapshot = take_snapshot("before-connecting")
    say("since")

    def take_long(occasion: str, *, keep: str = "") -> Snapshot:
        taken = take_snapshot(occasion, keep=keep)
        TaskRun.objects.create(task_id="m3u_refresh", title="M3U refresh", lock_key="m3u:1", status=RunStatus.RUNNING)
        return taken

    monkeypatch.setattr(restore, "take_snapshot", take_long)
    with pytest.raises(SnapshotFailed, match="Work is going on: M3U refresh"):
        restore_snapshot(snapshot.name)
    assert titles() == ["then", "since"]


def test_who_signed_out_since_stays_signed_out_and_who_is_signed_in_stays_in() -> None:
    alice = User.objects.create_superuser("alice", "", "correct horse")
    stolen = Client()
    stolen.force_login(alice)
    key = stolen.cookies["sessionid"].value
    snapshot = take_snapshot("before-connecting")
    Client(headers={"cookie": f"sessionid={key}"}).post("/sign-out/")
    assert not Session.objects.filter(session_key=key).exists()
    here = Client()
    here.force_login(alice)
    restore_snapshot(snapshot.name)
    assert Client(headers={"cookie": f"sessionid={key}"}).get("/tasks/").status_code == 302
    assert here.get("/tasks/").status_code == 200
