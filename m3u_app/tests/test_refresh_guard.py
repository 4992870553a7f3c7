"""A refresh that would lose data does not (20 §2.4, §23): shrink guard, cancel, disk full, unusable sources."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError

from m3u_app.importing import import_source, merge_streams, spool
from m3u_app.models import Account, AccountStatus, Stream, StreamGroup
from m3u_app.refresh_account import RefreshFailed, mend_unfinished, refresh_account
from m3u_app.signals import account_refreshed
from m3u_app.tests.refreshing import CancelAt, FileAccount, playlist_of
from tasks_app.models import JournalEntry
from tasks_app.progress import Cancelled, NoProgress

FileAccounts = Callable[..., FileAccount]
TEN = [f"S{number}" for number in range(10)]


def state() -> list[Any]:
    return [list(Stream.objects.order_by("pk").values()), list(StreamGroup.objects.order_by("pk").values())]


def test_a_sharply_shrunken_playlist_changes_nothing_and_says_how_to_accept_it(acme: FileAccount) -> None:
    acme.refresh(playlist_of(*TEN))
    before = state()
    with pytest.raises(RefreshFailed, match="4 streams instead of 10"):
        acme.refresh(playlist_of(*TEN[:4]))
    assert state() == before
    account = acme.now()
    assert account.status == AccountStatus.ERROR
    assert (account.held_back["before"], account.held_back["after"]) == (10, 4)
    assert "--accept-shrunken" in account.last_message
    assert JournalEntry.objects.latest("pk").after_value == {"streams": 4, "held_back": True}


def test_accepting_a_shrunken_playlist_lets_it_in(acme: FileAccount) -> None:
    acme.refresh(playlist_of(*TEN))
    with pytest.raises(RefreshFailed):
        acme.refresh(playlist_of(*TEN[:4]))
    report = acme.refresh(accept_shrunken=True)
    assert (report.unchanged, report.stale) == (4, 6)
    assert acme.now().held_back == {}
    assert acme.refresh().unchanged == 4  # from now on four are normal


@pytest.mark.parametrize(("percent", "left", "is_held"), [(50, 5, False), (50, 4, True), (90, 8, True), (0, 1, False)])
def test_the_guard_compares_with_the_share_that_the_account_sets(
    acme: FileAccount, percent: int, left: int, is_held: bool
) -> None:
    acme.set(shrink_guard_percent=percent)
    acme.refresh(playlist_of(*TEN))
    if is_held:
        with pytest.raises(RefreshFailed):
            acme.refresh(playlist_of(*TEN[:left]))
    else:
        assert acme.refresh(playlist_of(*TEN[:left])).unchanged == left


def test_the_guard_does_not_count_streams_that_are_missing_already(acme: FileAccount) -> None:
    acme.refresh(playlist_of(*TEN))
    acme.refresh(playlist_of(*TEN[:6]))
    assert acme.refresh(playlist_of(*TEN[:3])).unchanged == 3  # half of six


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"<html><body>Please log in</body></html>", "web page"),
        (b"hello", "not a playlist"),
        (b"#EXTM3U\n", "No streams found"),
        (b"#EXTM3U\n#EXTINF:-1,A\npipe://x\n", "None of the 1 line"),
        (b"\x1f\x8b\x08\x00cut", "cut off|damaged"),
        (b"PK\x03\x04 not really a zip", "damaged"),
        (b"PK\x05\x06" + bytes(18), "no .m3u"),
    ],
)
def test_a_source_that_is_no_playlist_changes_nothing(acme: FileAccount, content: bytes, message: str) -> None:
    acme.refresh(playlist_of("A", "B"))
    before = state()
    with pytest.raises(RefreshFailed, match=message):
        acme.refresh(content)
    assert state() == before
    account = acme.now()
    assert account.status == AccountStatus.ERROR
    assert account.updated_at is not None
    assert account.stream_count == 2


def test_a_file_that_is_gone_is_an_error_in_words(acme: FileAccount) -> None:
    with pytest.raises(RefreshFailed, match="not there any more"):
        acme.refresh()
    Account.objects.filter(pk=acme.account.pk).update(file_path="")
    with pytest.raises(RefreshFailed, match="Neither an address nor a file"):
        acme.refresh()


@pytest.mark.parametrize("phase", ["Reading", "Saving", "Updating"])
def test_a_cancelled_refresh_marks_nothing_as_missing(acme: FileAccount, phase: str) -> None:
    acme.set(stale_stream_days=0)
    acme.refresh(playlist_of(*TEN))
    changed = playlist_of(*TEN[1:], "New").replace("S5.id", "S5.new")
    with pytest.raises(Cancelled):
        acme.refresh(changed, progress=CancelAt(phase))
    assert not Stream.objects.filter(is_stale=True).exists()
    assert set(TEN) <= set(acme.names())
    account = acme.now()
    assert account.status == AccountStatus.SUCCESS  # as before
    assert "cancelled" in account.last_message
    report = acme.refresh()
    assert sorted(acme.names()) == sorted([*TEN[1:], "New"])
    assert report.removed == 1


def test_every_moment_of_a_cancel_leaves_whole_data(acme: FileAccount) -> None:
    acme.refresh(playlist_of(*TEN))
    for look in range(1, 12):
        changed = playlist_of(*TEN[1:], f"New{look}").replace("S5.id", f"S5.{look}")
        try:
            acme.refresh(changed, progress=CancelAt(look=look))
        except Cancelled:
            assert not Stream.objects.filter(is_stale=True).exists()
        else:
            break
    else:
        pytest.fail("a refresh asks more often than expected")
    assert look > 2


def test_a_full_disk_while_reading_changes_nothing(acme: FileAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    acme.refresh(playlist_of("A"))
    before = state()

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class FullFile:
        def __init__(self, *_: object, **__: object) -> None:
            return

        write = close = flush = refuse

    monkeypatch.setattr(spool.tempfile, "TemporaryFile", FullFile)
    with pytest.raises(RefreshFailed, match="disk is full"):
        acme.refresh(playlist_of("A", "B"))
    assert state() == before
    assert "Make room" in acme.now().last_message


def test_a_full_disk_while_saving_keeps_what_was_there(acme: FileAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    acme.refresh(playlist_of("A"))
    before = state()[0]

    def refuse(*_: object) -> int:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(merge_streams, "insert_many", refuse)
    with pytest.raises(RefreshFailed, match="is full"):
        acme.refresh(playlist_of("A", "B@New"))
    assert state()[0] == before
    monkeypatch.undo()
    assert acme.refresh().created == 1


def test_an_unexpected_failure_leaves_no_account_busy(acme: FileAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(import_source, "scan_source", fail)
    with pytest.raises(ZeroDivisionError):
        acme.refresh(playlist_of("A"))
    assert acme.now().status == AccountStatus.ERROR


def test_a_merge_that_breaks_off_is_finished_by_the_next_refresh(acme: FileAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    acme.refresh(playlist_of(*TEN))

    def fail(*_: object, **__: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(import_source, "update_streams", fail)
    changed = playlist_of(*TEN[1:], "New").replace("S5.id", "S5.new")
    with pytest.raises(ZeroDivisionError):
        acme.refresh(changed)
    monkeypatch.undo()
    report = acme.refresh()
    assert (report.created, report.updated, report.unchanged, report.stale) == (0, 1, 9, 1)
    assert StreamGroup.objects.get().stream_count == 11


def test_accounts_that_are_off_or_going_are_not_refreshed(acme: FileAccount) -> None:
    acme.set(is_active=False)
    with pytest.raises(RefreshFailed, match="switched off"):
        acme.refresh(playlist_of("A"))
    assert not Stream.objects.exists()


def test_switching_an_account_off_during_its_refresh_wins(acme: FileAccount) -> None:
    class SwitchOff(NoProgress):
        def report(self, **values: object) -> None:
            if values.get("phase") == "Saving":
                acme.set(is_active=False, status=AccountStatus.DISABLED, name="Renamed")

    acme.refresh(playlist_of("A"), progress=SwitchOff())
    account = acme.now()
    assert (account.status, account.name) == (AccountStatus.DISABLED, "Renamed")


def test_leftovers_of_a_killed_refresh_become_errors(db: None) -> None:
    busy = Account.objects.create(name="Busy", status=AccountStatus.PARSING)
    calm = Account.objects.create(name="Calm", status=AccountStatus.SUCCESS)
    assert mend_unfinished() == 1
    busy.refresh_from_db()
    calm.refresh_from_db()
    assert (busy.status, calm.status) == (AccountStatus.ERROR, AccountStatus.SUCCESS)
    assert "did not finish" in busy.last_message


def test_others_hear_of_a_refresh_that_changed_something_and_cannot_spoil_it(acme: FileAccount) -> None:
    heard: list[int] = []

    def listen(account_id: int, **_: object) -> None:
        heard.append(account_id)
        raise ZeroDivisionError

    account_refreshed.connect(listen, weak=False)
    try:
        acme.refresh(playlist_of("A"))
        acme.refresh()
    finally:
        account_refreshed.disconnect(listen)
    assert heard == [acme.account.pk]
    assert acme.now().status == AccountStatus.SUCCESS


def test_no_temporary_file_is_left(acme: FileAccount) -> None:
    folder = Path(settings.TEMP_DIR)
    before = set(folder.iterdir())
    acme.refresh(playlist_of(*TEN))
    assert set(folder.iterdir()) == before


def test_an_unknown_account_is_told_apart(db: None) -> None:
    with pytest.raises(Account.DoesNotExist):
        refresh_account(99, progress=NoProgress())
