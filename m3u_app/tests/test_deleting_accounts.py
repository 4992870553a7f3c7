"""Deleting an account takes what belongs to it, and nothing else (20 §1.5)."""

import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from m3u_app import delete_account as deleting
from m3u_app.account_users import Loss, Removed, register_account_user, unregister_account_user
from m3u_app.account_values import AccountLocked
from m3u_app.delete_account import AccountBusy, Deletion, delete_account, preview_deletion, request_deletion
from m3u_app.importing.cached_copy import CachedCopy
from m3u_app.models import Account, Stream, StreamGroup
from m3u_app.request_refresh import RefreshRefused, request_refresh
from m3u_app.store_upload import keep_upload, receive_upload
from m3u_app.stream_users import StreamUse, register_stream_user, unregister_stream_user
from m3u_app.tests.account_samples import HTMX, SECRETS, make_account, make_groups, make_streams, make_xtream
from m3u_app.toggle_account import toggle_account
from tasks_app import engine
from tasks_app.models import JournalEntry, RunStatus, TaskRun
from tasks_app.progress import Cancelled, NoProgress
from tasks_app.registry import get_task

pytestmark = pytest.mark.django_db


class Witness:
    """Notes what it was told and what was still there at that moment."""

    def __init__(self) -> None:
        self.removed: list[int] = []
        self.reasons: set[str] = set()
        self.batches: set[str] = set()

    def used(self, stream_ids: Collection[int]) -> set[int]:
        return set(stream_ids)

    def uses(self, stream_ids: Collection[int]) -> dict[int, list[StreamUse]]:
        return {}

    def known(self, keys: Collection[int]) -> dict[int, StreamUse]:
        return {}

    def before_removal(self, stream_ids: Collection[int], reason: str, batch_id: str) -> None:
        assert len(stream_ids) <= 500
        assert Stream.objects.filter(pk__in=stream_ids).count() == len(stream_ids)
        self.removed += stream_ids
        self.reasons.add(reason)
        self.batches.add(batch_id)


@pytest.fixture
def witness() -> Iterator[Witness]:
    witness = Witness()
    register_stream_user(witness)
    yield witness
    unregister_stream_user(witness)


@pytest.fixture
def account() -> Account:
    account = make_xtream("Acme")
    group = make_groups(account, "News", "Sports")[0]
    make_streams(account, group, 12)
    return account


def test_streams_groups_and_account_go_and_others_stay(account: Account, witness: Witness) -> None:
    other = make_account("Other")
    make_streams(other, make_groups(other, "News")[0], 3)
    deletion = request_deletion(account.pk)
    assert isinstance(deletion, Deletion)
    assert (deletion.streams, sorted(deletion.groups)) == (12, ["News", "Sports"])
    assert list(Account.objects.all()) == [other]
    assert (Stream.objects.count(), StreamGroup.objects.count()) == (3, 1)
    assert len(witness.removed) == 12
    assert witness.reasons == {"account “Acme” was deleted"}
    (entry,) = JournalEntry.objects.filter(category="m3u")
    assert witness.batches == {entry.batch_id}  # what channels lost belongs to the same operation


def test_the_journal_lists_what_went_without_secrets(account: Account) -> None:
    delete_account(account.pk)
    entry = JournalEntry.objects.get(category="m3u")
    assert (entry.action_type, entry.entity_name, entry.undoable) == ("delete", "Acme", False)
    assert entry.after_value["deleted"]["streams"] == 12
    assert sorted(entry.after_value["deleted"]["groups"]) == ["News", "Sports"]
    for secret in SECRETS:
        assert secret not in f"{entry.before_value}{entry.after_value}{entry.description}"


def test_upload_and_cached_copy_go_too() -> None:
    path, _ = keep_upload(str(receive_upload("a.m3u", [b"x"]).path))
    account = make_account(server_url="", file_path=path)
    copy = CachedCopy(account.pk)
    copy.path.parent.mkdir(parents=True, exist_ok=True)
    copy.path.write_text("x")
    delete_account(account.pk)
    assert not Path(path).exists()
    assert not copy.path.exists()


def test_a_file_of_the_operator_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u"
    path.write_text("#EXTM3U")
    delete_account(make_account(server_url="", file_path=str(path)).pk)
    assert path.exists()


def test_the_confirmation_counts_and_names(account: Account) -> None:
    preview = preview_deletion(account.pk)
    assert (preview.streams, preview.groups, preview.in_background) == (12, 2, False)
    assert len(preview.stream_samples) == 5
    assert preview.group_samples == ["News", "Sports"]


def test_the_confirmation_costs_the_same_for_any_size(account: Account) -> None:
    with CaptureQueriesContext(connection) as few:
        preview_deletion(account.pk)
    make_streams(account, account.groups.first(), 3000)
    with CaptureQueriesContext(connection) as many:
        assert preview_deletion(account.pk).in_background
    assert len(many) == len(few) < 15


def test_higher_floors_say_and_do_their_part(account: Account) -> None:
    class Channels:
        def losses(self, account_id: int) -> list[Loss]:
            return [Loss("3 auto-created channels", ["A", "B"], is_grave=True)]

        def before_removal(self, account_id: int, batch_id: str) -> Removed:
            assert Stream.objects.filter(account_id=account_id).count() == 12  # they go first
            return Removed(deleted=["A", "B"], kept=["C"], failed=["D"])

    user = Channels()
    register_account_user(user)
    try:
        assert preview_deletion(account.pk).losses[0].sentence == "3 auto-created channels"
        deletion = delete_account(account.pk)
    finally:
        unregister_account_user(user)
    assert (deletion.kept, deletion.failed) == (["C"], ["D"])
    after = JournalEntry.objects.get(category="m3u").after_value
    assert (after["deleted"]["others"], after["kept"], after["failed"]) == (["A", "B"], ["C"], ["D"])


def test_a_locked_account_stays(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(locked=True)
    with pytest.raises(AccountLocked):
        request_deletion(account.pk)
    assert Stream.objects.count() == 12


def test_a_large_account_goes_in_the_background(account: Account) -> None:
    make_streams(account, account.groups.first(), deleting.AT_ONCE_LIMIT)
    run = request_deletion(account.pk)
    assert isinstance(run, TaskRun)
    assert (run.task_id, run.status) == ("m3u_delete_account", RunStatus.QUEUED)
    assert request_deletion(account.pk) == run  # asking twice makes one run
    account.refresh_from_db()
    assert account.deleting_since is not None
    with pytest.raises((AccountLocked, RefreshRefused)):
        request_refresh(account.pk)
    with pytest.raises(AccountLocked):
        toggle_account(account.pk, active=True)
    run.delete()
    finished = engine.run_here("m3u_delete_account", {"account_id": account.pk})
    assert finished.status == RunStatus.COMPLETED
    assert finished.success_count == 2012
    assert not Account.objects.exists()


def test_a_running_refresh_is_stopped_first(account: Account) -> None:
    refresh = request_refresh(account.pk)
    TaskRun.objects.filter(pk=refresh.pk).update(status=RunStatus.RUNNING)
    run = request_deletion(account.pk)
    assert isinstance(run, TaskRun)  # small, but the page must not wait for the refresh
    refresh.refresh_from_db()
    assert refresh.cancel_requested
    assert Stream.objects.count() == 12


def test_a_waiting_refresh_is_closed_and_the_deletion_goes_on(account: Account) -> None:
    refresh = request_refresh(account.pk)
    assert isinstance(request_deletion(account.pk), Deletion)
    refresh.refresh_from_db()
    assert refresh.status == RunStatus.CANCELLED


def test_a_refresh_that_does_not_stop_ends_the_deletion_with_words(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    refresh = request_refresh(account.pk)
    TaskRun.objects.filter(pk=refresh.pk).update(status=RunStatus.RUNNING)
    monkeypatch.setattr(deleting, "WAIT_SECONDS", 0.3)
    with pytest.raises(AccountBusy, match="does not stop"):
        delete_account(account.pk)
    assert Stream.objects.count() == 12


def test_a_cancelled_deletion_leaves_whole_rows_and_can_go_on_or_be_kept(account: Account) -> None:
    make_streams(account, account.groups.first(), 1200)

    class StopsSoon(NoProgress):
        asked = 0

        def raise_if_cancelled(self) -> None:
            self.asked += 1
            if self.asked > 1:
                raise Cancelled

    Account.objects.filter(pk=account.pk).update(deleting_since="2026-01-01T00:00:00Z", is_active=False)
    with pytest.raises(Cancelled):
        delete_account(account.pk, progress=StopsSoon())
    assert Stream.objects.count() == 712
    toggle_account(account.pk, active=True)
    account.refresh_from_db()
    assert (account.deleting_since, account.is_active) == (None, True)
    assert delete_account(account.pk).streams == 712


def test_a_killed_deletion_goes_on_by_itself(account: Account) -> None:
    from tasks_app.models import RunRequest

    task = get_task("m3u_delete_account")
    task.on_interrupted({"account_id": account.pk})
    assert not RunRequest.objects.exists()  # nobody wanted it deleted
    Account.objects.filter(pk=account.pk).update(deleting_since="2026-01-01T00:00:00Z")
    task.on_interrupted({"account_id": account.pk})
    assert RunRequest.objects.get().task_id == "m3u_delete_account"


@pytest.mark.django_db(transaction=True)
def test_others_can_write_while_a_large_account_goes() -> None:
    account = make_account("Large")
    make_streams(account, make_groups(account, "G")[0], 20_000)
    other = make_account("Other")
    waits: list[float] = []
    over = threading.Event()

    def write() -> None:
        try:
            while not over.is_set():
                started = time.monotonic()
                Account.objects.filter(pk=other.pk).update(priority=len(waits))
                waits.append(time.monotonic() - started)
                time.sleep(0.01)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    began = time.monotonic()
    try:
        delete_account(account.pk)
    finally:
        over.set()
        writer.join()
    took = time.monotonic() - began
    assert len(waits) > 5
    assert sorted(waits)[len(waits) // 2] < max(0.5, took / 10)  # it says "chunks", not how fast this machine is
    assert not Stream.objects.exists()


# --- the pages --------------------------------------------------------------------------------------------------------


def test_the_dialog_says_what_goes_and_the_button_does_it(account: Account, admin_client: Client) -> None:
    url = reverse("m3u:delete", args=[account.pk])
    dialog = admin_client.get(url, headers=HTMX).content.decode()
    assert "12 streams" in dialog
    assert "2 groups" in dialog
    assert "<html" not in dialog
    assert "<html" in admin_client.get(url).content.decode()
    assert Account.objects.filter(pk=account.pk).exists()  # looking deletes nothing
    answer = admin_client.post(url, headers=HTMX)
    assert answer.status_code == 204
    assert "accounts:changed" in answer.headers["HX-Trigger"]
    assert not Account.objects.filter(pk=account.pk).exists()


def test_a_plain_form_ends_on_the_list(account: Account, admin_client: Client) -> None:
    answer = admin_client.post(reverse("m3u:delete", args=[account.pk]), follow=True)
    assert answer.redirect_chain == [(reverse("m3u:accounts"), 302)]
    assert "Deleted “Acme” with 12 streams and 2 groups." in answer.content.decode()
