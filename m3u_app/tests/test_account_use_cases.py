"""Adding and changing accounts: what is stored, refused, journalled and taken back (20 §1.3–1.5)."""

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from m3u_app.account_values import AccountLocked, AccountRefused, AccountValues
from m3u_app.create_account import create_account
from m3u_app.edit_account import edit_account
from m3u_app.models import Account
from m3u_app.store_upload import receive_upload
from m3u_app.tests.account_samples import SECRET_URL, SECRETS, make_account, make_xtream
from m3u_app.toggle_account import toggle_account
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db

STD = AccountValues(name="Acme", server_url="http://tv.example/list.m3u")
XC = AccountValues(
    name="Panel", account_type="XC", server_url="http://panel.example:8080", username="alice", password="s3cret-pass"
)


def values_of(account: Account, **changes: Any) -> AccountValues:
    """What the edit form hands over when only ``changes`` were typed: secrets kept."""
    fields = [name for name in AccountValues.__dataclass_fields__ if name not in ("upload_path", "server_url", "password")]
    values = AccountValues(**{name: getattr(account, name) for name in fields}, server_url=None, password=None)
    return replace(values, **changes)


def refused(values: AccountValues) -> dict[str, str]:
    with pytest.raises(AccountRefused) as caught:
        create_account(values)
    assert not Account.objects.filter(name=values.name).exists()
    return caught.value.errors


def journal() -> list[JournalEntry]:
    return list(JournalEntry.objects.filter(category="m3u").order_by("id"))


def test_a_new_account_is_idle_and_has_the_defaults() -> None:
    account = Account.objects.get(pk=create_account(STD).pk)
    assert (account.status, account.max_streams, account.refresh_interval, account.stale_stream_days) == ("idle", 0, 24, 7)
    assert (account.priority, account.is_active, account.locked, account.auto_enable_new_groups) == (0, True, False, True)
    assert account.updated_at is None


def test_a_new_account_that_is_off_is_disabled() -> None:
    assert create_account(replace(STD, is_active=False)).status == "disabled"


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        (replace(STD, name="   "), {"name"}),
        (replace(STD, name="x" * 256), {"name"}),
        (replace(STD, name="Custom"), {"name"}),
        (replace(STD, server_url=""), {"server_url"}),
        (replace(STD, server_url="ftp://tv.example/x"), {"server_url"}),
        (replace(STD, server_url="file:///etc/passwd"), {"server_url"}),
        (replace(STD, file_path="/srv/x.m3u"), {"server_url"}),
        (replace(STD, server_url="", file_path="relative.m3u"), {"file_path"}),
        (replace(STD, server_url="", file_path="/no/such/file.m3u"), {"file_path"}),
        (replace(STD, account_type="NOPE"), {"account_type"}),
        (replace(STD, max_streams=-1, priority=10**9), {"max_streams", "priority"}),
        (replace(XC, server_url=""), {"server_url"}),
        (replace(XC, username="", password=""), {"username", "password"}),
        (replace(XC, server_url="ftp://x"), {"server_url"}),
        (AccountValues(name="Box", account_type="HDHR"), {"server_url"}),
        (AccountValues(name="", account_type="XC"), {"name", "server_url", "username", "password"}),
    ],
)
def test_what_is_missing_or_wrong_is_said_field_by_field(values: AccountValues, fields: set[str]) -> None:
    errors = refused(values)
    assert set(errors) == fields
    assert all(text.endswith(".") for text in errors.values())


@pytest.mark.parametrize("url", ["http://host/x", "http://my_host:8080/x", "https://user:pass@10.0.0.5/x", "http://[::1]/x"])
def test_hosts_of_all_kinds_are_fine(url: str) -> None:
    assert create_account(replace(STD, server_url=url)).server_url == url


def test_a_name_is_taken_whatever_its_capitals() -> None:
    create_account(STD)
    with pytest.raises(AccountRefused, match="Another account"):
        create_account(replace(STD, name=" ACME "))


def test_the_data_folder_is_not_read_as_a_playlist(settings: Any) -> None:
    for path in (settings.CONFIG_DIR / "secret.key", settings.UPLOAD_DIR / ".." / "encryption.key"):
        assert "data folder" in refused(replace(STD, server_url="", file_path=str(path)))["file_path"]


def test_a_file_on_the_server_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u"
    path.write_text("#EXTM3U\n")
    assert create_account(replace(STD, server_url="", file_path=str(path))).file_path == str(path)


def test_secrets_are_encrypted_at_rest() -> None:
    from django.db import connection

    create_account(XC)
    create_account(replace(STD, server_url=SECRET_URL))
    with connection.cursor() as cursor:
        cursor.execute("SELECT server_url, password FROM m3u_app_account")
        stored = repr(cursor.fetchall())
    assert "s3cret-pass" not in stored
    assert "enc:" in stored


def test_creation_and_change_are_journalled_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    account = create_account(replace(STD, server_url=SECRET_URL))
    panel = create_account(XC)
    edit_account(account.pk, values_of(account, server_url=SECRET_URL.replace("s3cret-pass", "s3cret-pass-2"), priority=5))
    edit_account(panel.pk, values_of(panel, password="s3cret-pass-3", username="alice2", name="Panel 2"))
    text = json.dumps([[entry.before_value, entry.after_value, entry.description, entry.entity_name] for entry in journal()])
    for secret in SECRETS:
        assert secret not in text
        assert secret not in caplog.text
    first = journal()[0]
    assert (first.action_type, first.before_value) == ("create", None)
    assert first.after_value["server_url"] == "http://tv.example/get.php?username=***&password=***&type=m3u_plus"


def test_an_edit_writes_only_what_differs_and_only_those_columns() -> None:
    account = make_account()
    Account.objects.filter(pk=account.pk).update(status="parsing", stream_count=99)  # a refresh runs meanwhile
    edited = edit_account(account.pk, values_of(account, priority=7, name="Acme 2"))
    account.refresh_from_db()
    assert set(edited.changed) == {"name", "priority"}
    assert (account.priority, account.name, account.status, account.stream_count) == (7, "Acme 2", "parsing", 99)
    (entry,) = journal()
    assert (entry.before_value, entry.after_value) == ({"name": "Acme", "priority": 0}, {"name": "Acme 2", "priority": 7})


def test_an_edit_that_changes_nothing_leaves_no_trace() -> None:
    account = make_account()
    edited = edit_account(account.pk, values_of(account))
    assert (edited.changed, edited.source_changed, journal()) == ((), False, [])


def test_kept_secrets_stay() -> None:
    account = make_xtream()
    edited = edit_account(account.pk, values_of(account, max_streams=3))
    account.refresh_from_db()
    assert (account.password, account.server_url, account.max_streams) == ("s3cret-pass", "http://panel.example:8080", 3)
    assert not edited.source_changed


def test_an_xtream_account_cannot_lose_its_user_name() -> None:
    account = make_xtream()
    with pytest.raises(AccountRefused) as caught:
        edit_account(account.pk, values_of(account, username=""))
    assert set(caught.value.errors) == {"username"}


@pytest.mark.parametrize("change", [{"server_url": "http://other.example"}, {"password": "new"}, {"username": "bob"}])
def test_a_changed_source_calls_for_a_refresh_and_forgets_what_described_the_old_one(change: dict[str, str]) -> None:
    account = make_xtream(etag='"x"', last_modified="yesterday", held_back={"before": 10, "after": 1})
    assert edit_account(account.pk, values_of(account, **change)).source_changed
    account.refresh_from_db()
    assert (account.etag, account.last_modified, account.held_back) == ("", "", {})


def test_a_secret_of_one_kind_is_no_secret_of_another() -> None:
    account = make_account(server_url=SECRET_URL)
    with pytest.raises(AccountRefused) as caught:
        edit_account(account.pk, values_of(account, account_type="XC", username="bob"))
    assert set(caught.value.errors) == {"server_url", "password"}


def test_a_hand_typed_expiry_date_survives_leftovers_of_the_panel() -> None:
    account = make_xtream(exp_date=datetime(2030, 1, 1, tzinfo=UTC), provider_info={"expires": "2030-01-01T00:00:00+00:00"})
    typed = datetime(2027, 5, 1, tzinfo=UTC)
    edit_account(
        account.pk,
        values_of(account, account_type="STD", server_url="http://tv.example/x.m3u", password="", username="", exp_date=typed),
    )
    account.refresh_from_db()
    assert (account.exp_date, account.provider_info, account.username, account.password) == (typed, {}, "", "")


def test_a_panels_own_date_is_not_overwritten_by_the_form() -> None:
    told = datetime(2030, 1, 1, tzinfo=UTC)
    account = make_xtream(exp_date=told)
    edit_account(account.pk, values_of(account, exp_date=None, priority=1))
    account.refresh_from_db()
    assert account.exp_date == told


def test_a_locked_account_is_left_alone() -> None:
    account = make_account(locked=True)
    with pytest.raises(AccountLocked):
        edit_account(account.pk, values_of(account, name="Other"))
    with pytest.raises(AccountLocked):
        toggle_account(account.pk, active=False)


def test_an_upload_is_kept_journalled_with_its_size_and_replaces_the_old_file() -> None:
    first = receive_upload("one.m3u", [b"#EXTM3U\n"])
    account = create_account(replace(STD, server_url="http://ignored/", upload_path=str(first.path)))
    old = Path(account.file_path)
    assert (account.server_url, old.read_bytes(), first.path.exists()) == ("", b"#EXTM3U\n", False)
    upload = next(entry for entry in journal() if entry.action_type == "upload")
    assert upload.after_value == {"file": "one.m3u", "bytes": 8}
    second = receive_upload("two.m3u.gz", [b"xx"])
    edit_account(account.pk, values_of(account, upload_path=str(second.path)))
    account.refresh_from_db()
    assert not old.exists()
    assert Path(account.file_path).read_bytes() == b"xx"
    edit_account(account.pk, values_of(account, server_url="http://tv.example/x", file_path=""))
    account.refresh_from_db()
    assert not list(old.parent.glob("*two.m3u.gz"))
    assert (account.file_path, account.server_url) == ("", "http://tv.example/x")


def test_switching_off_and_on_sets_the_status_and_can_be_undone() -> None:
    account = make_account(status="success")
    _, entry_id = toggle_account(account.pk, active=False)
    account.refresh_from_db()
    assert (account.is_active, account.status) == (False, "disabled")
    entry = JournalEntry.objects.get(pk=entry_id)
    assert "disabled" in entry.description
    report = undo_entry(entry)
    account.refresh_from_db()
    assert (report.undone, account.is_active, account.status) == (1, True, "idle")
    _, nothing = toggle_account(account.pk, active=True)
    assert nothing is None


def test_a_change_is_undone_unless_the_same_field_changed_since() -> None:
    account = make_account()
    edit_account(account.pk, values_of(account, priority=5, name="Better", exp_date=datetime(2027, 1, 1, tzinfo=UTC)))
    entry = journal()[-1]
    account.refresh_from_db()
    edit_account(account.pk, values_of(account, max_streams=9))  # another field does not matter
    assert undo_entry(entry).undone == 1
    account.refresh_from_db()
    assert (account.priority, account.name, account.exp_date, account.max_streams) == (0, "Acme", None, 9)

    edit_account(account.pk, values_of(account, priority=5))
    entry = journal()[-1]
    account.refresh_from_db()
    edit_account(account.pk, values_of(account, priority=6))
    report = undo_entry(entry)
    assert report.undone == 0
    assert "priority was changed to “6” since" in report.conflicts[0]


def test_undoing_a_rename_respects_names_taken_since() -> None:
    account = make_account()
    edit_account(account.pk, values_of(account, name="New name"))
    make_account("Acme")
    report = undo_entry(journal()[-1])
    assert report.undone == 0
    assert "Another account has this name" in report.conflicts[0]


def test_a_plain_address_can_be_put_back_but_a_login_cannot() -> None:
    account = make_account()
    edit_account(account.pk, values_of(account, server_url="http://tv.example/other.m3u"))
    assert journal()[-1].undoable
    assert undo_entry(journal()[-1]).undone == 1
    account.refresh_from_db()
    assert account.server_url == "http://tv.example/list.m3u"

    panel = make_xtream()
    edit_account(panel.pk, values_of(panel, password="other", priority=3))
    open_entry, secret_entry = journal()[-2:]
    assert (open_entry.undoable, open_entry.after_value) == (True, {"priority": 3})
    assert (secret_entry.undoable, secret_entry.after_value) == (False, {"password": "***"})
    assert open_entry.batch_id == secret_entry.batch_id


def test_an_account_whose_key_is_gone_can_be_edited_again(settings: Any) -> None:
    account = make_xtream()
    settings.ECM_ENCRYPTION_KEY = "another key than the secrets were written with"
    with pytest.raises(AccountRefused) as caught:
        edit_account(account.pk, replace(XC, server_url=None, password=None))
    assert set(caught.value.errors) == {"server_url", "password"}
    edit_account(account.pk, XC)
    assert Account.objects.get(pk=account.pk).password == "s3cret-pass"
