"""Accounts on a mirrored server: what is chosen here goes there whole and once, what changes there comes here."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from ecm_site.dispatcharr.client import Dispatcharr
from m3u_app.models import Account, AccountProfile, AccountType, ServerGroup, StreamFilter, StreamGroup
from tasks_app.mirror.answers import answer_held_back
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import pull
from tasks_app.models import JournalEntry, MirrorLink, MirrorState, OutboxEntry, RunRequest
from tests.dispatcharr.m3u_house import KINDS, Sync, base, sent, waiting
from tests.fake_dispatcharr import FakeServer, Kind

pytestmark = pytest.mark.django_db


def test_accounts_come_with_settings_groups_and_state_but_without_the_one_for_custom_streams(
    fake: FakeServer,
    client: Dispatcharr,
    connected: None,
) -> None:
    group = client.accounts.create_server_group("Provider A")
    fake.world.change(
        "accounts", 2, server_group=group["id"], priority=7, user_agent=2, refresh_interval=-3, stale_stream_days=2
    )
    fake.world.tables["account_profiles"][2]["exp_date"] = "2027-01-31T23:59:59Z"
    report = pull(client, KINDS)
    account = base()
    assert Account.objects.count() == 1
    assert account.server_url == "http://provider.test/Base.m3u"
    assert (account.priority, account.refresh_interval, account.stale_stream_days) == (7, 0, 2)
    assert account.user_agent == "VLC/3.0.21 LibVLC/3.0.21"
    assert account.server_group == ServerGroup.objects.get(name="Provider A")
    assert account.exp_date is not None
    assert account.exp_date.isoformat() == "2027-01-31T23:59:59+00:00"
    assert account.status == "success"
    assert account.updated_at is not None
    assert StreamGroup.objects.filter(account=account).count() == 6
    assert AccountProfile.objects.get().name == "Base Default"
    assert report.counts["account"].created == 1
    assert waiting() == {}
    assert "provider.test" not in str(list(JournalEntry.objects.values_list("before_value", "after_value", "description")))


def test_a_second_pull_finds_nothing_to_do_in_three_requests(pulled_kinds: Sync, fake: FakeServer) -> None:
    before = len(fake.calls)
    assert pulled_kinds().changed == 0
    assert len(fake.calls) - before == 3  # server groups, accounts, names of groups


def test_a_changed_account_goes_there_with_nothing_but_what_differs(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    fake.world.tables["accounts"][2]["custom_properties"]["enable_vod"] = True
    account = base()
    account.priority, account.password = 9, "new secret"
    account.save()
    deliver(client)
    [body] = sent(fake, "PATCH", "/accounts/2/")
    assert body == {"priority": 9, "password": "new secret"}
    assert fake.world.tables["accounts"][2]["custom_properties"]["enable_vod"] is True
    assert waiting() == {}
    assert "new secret" not in str(list(OutboxEntry.objects.values()))


def test_everything_that_can_be_chosen_arrives(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    group = ServerGroup.objects.create(name="Shared")
    account = base()
    account.name, account.server_url, account.user_agent = "Other", "http://p.test/x", "Mine/1.0"
    account.max_streams, account.is_active, account.auto_enable_new_groups = 3, False, False
    account.server_group = group
    account.save()
    deliver(client)
    row = fake.world.tables["accounts"][2]
    there = {agent["user_agent"]: number for number, agent in fake.world.tables["user_agents"].items()}
    assert (row["name"], row["server_url"], row["user_agent"]) == ("Other", "http://p.test/x", there["Mine/1.0"])
    assert (row["max_streams"], row["is_active"], row["auto_enable_new_groups_live"]) == (3, False, False)
    assert fake.world.tables["server_groups"][row["server_group"]]["name"] == "Shared"
    assert waiting() == {}
    assert pulled_kinds().changed == 0


def test_a_new_account_is_made_once_though_the_answer_is_lost(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    fake.faults.order(Kind.RESET_AFTER, method="POST", path="/api/m3u/accounts/$")
    Account.objects.create(name="Second", server_url="http://provider.test/second.m3u", auto_enable_new_groups=False)
    deliver(client)
    MirrorState.objects.update(retry_at=None)
    report = deliver(client)
    assert not report.trouble
    rows = [row for row in fake.world.tables["accounts"].values() if row["name"] == "Second"]
    assert [row["auto_enable_new_groups_live"] for row in rows] == [False]
    assert waiting() == {}


def test_a_new_account_is_refreshed_after_it_was_made(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    made = Account.objects.create(name="Second", server_url="http://provider.test/second.m3u")
    deliver(client)
    [request] = RunRequest.objects.filter(task_id="m3u_refresh")
    assert request.parameters["account_ids"] == [made.pk]


def test_a_tuner_is_a_playlist_there_and_a_tuner_again_here(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    made = Account.objects.create(
        name="Roof", account_type=AccountType.HDHOMERUN, server_url="http://192.168.1.20", is_active=False
    )
    deliver(client)
    row = next(row for row in fake.world.tables["accounts"].values() if row["name"] == "Roof")
    assert (row["account_type"], row["server_url"]) == ("STD", "http://192.168.1.20/lineup.m3u")
    pulled_kinds()
    made.refresh_from_db()
    assert (made.account_type, made.server_url) == ("HDHR", "http://192.168.1.20")


def test_an_uploaded_playlist_goes_along(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    path = Path(settings.UPLOAD_DIR) / "0a1b2c3d_mine.m3u"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#EXTM3U\n#EXTINF:-1,One\nhttp://p.test/1\n")
    made = Account.objects.create(name="File", file_path=str(path), is_active=True)
    deliver(client)
    row = next(row for row in fake.world.tables["accounts"].values() if row["name"] == "File")
    assert row["file_path"] == "/data/uploads/m3us/0a1b2c3d_mine.m3u"
    assert row["auto_enable_new_groups_live"] is True
    assert row["refresh_interval"] == 24
    made.refresh_from_db()
    assert made.file_path == str(path)
    assert waiting() == {}
    assert pulled_kinds().changed <= 4  # its groups and default profile


def test_a_path_on_this_machine_is_refused_in_words(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    made = Account.objects.create(name="Path", file_path="/srv/lists/a.m3u")
    deliver(client)
    assert "path on this machine" in waiting()["account", made.pk]
    assert not [row for row in fake.world.tables["accounts"].values() if row["name"] == "Path"]


def test_a_deleted_account_is_deleted_there_in_one_request(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    StreamFilter.objects.create(account=base(), regex_pattern="^A")
    deliver(client)
    base().delete()
    before = len(fake.calls)
    deliver(client)
    assert 2 not in fake.world.tables["accounts"]
    assert [call.path for call in fake.calls[before:] if call.method == "DELETE"] == ["/api/m3u/accounts/2/"]
    assert waiting() == {}


def test_an_account_that_vanished_there_is_deleted_here_in_the_background(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr, django_capture_on_commit_callbacks: object
) -> None:
    client.accounts.delete(2)
    Account.objects.update(held_back={"before": 40, "after": 0})
    pulled_kinds()
    assert base().deleting_since is None  # the only one: that is asked about
    answer_held_back("account", accept=True)
    pulled_kinds()
    account = base()
    assert account.deleting_since is not None
    assert account.held_back == {}  # nobody is asked about what goes anyway
    assert not account.is_active
    assert waiting() == {}
    account.priority = 3
    account.save()  # whatever still touches it: it is not made there again
    deliver(client)
    assert [row["name"] for row in fake.world.tables["accounts"].values()] == ["custom"]


def test_two_accounts_that_exchanged_their_names_do_so_here(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    other = client.accounts.create({"name": "Other", "server_url": "http://p.test/o"})["id"]
    fake.world.finish()
    pulled_kinds()
    ids = dict(Account.objects.values_list("name", "pk"))
    fake.world.change("accounts", 2, name="Other")
    fake.world.change("accounts", other, name="Base")
    pulled_kinds()
    assert dict(Account.objects.values_list("name", "pk")) == {"Other": ids["Base"], "Base": ids["Other"]}


def test_an_account_of_the_same_name_there_is_ours(connected: None, fake: FakeServer, client: Dispatcharr) -> None:
    OutboxEntry.objects.all().delete()
    Account.objects.create(name="Base", server_url="http://provider.test/Base.m3u", refresh_interval=0)
    deliver(client)
    assert [row["name"] for row in fake.world.tables["accounts"].values()].count("Base") == 1


def test_secrets_of_another_key_file_are_neither_sent_nor_lost(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    Account.objects.filter(pk=base().pk).update(password="x")
    deliver(client)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE m3u_app_account SET password = 'enc:nonsense', priority = 4")
    deliver(client)
    row = fake.world.tables["accounts"][2]
    assert (row["password"], row["priority"]) == ("x", 4)


def test_an_account_that_tells_no_password_keeps_ours(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = base()
    account.password = "secret"
    account.save()
    deliver(client)
    original = client.accounts.all

    def as_told_to_a_standard_user() -> Any:
        return [{name: value for name, value in row.items() if name != "password"} for row in original()]

    monkeypatch.setattr(client.accounts, "all", as_told_to_a_standard_user)
    pulled_kinds()
    assert base().password == "secret"
    assert waiting() == {}


def test_refresh_times_come_from_the_server_and_an_edit_of_the_hours_leaves_them_alone(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    assert base().cron_expression == ""
    fake.world.change("accounts", 2, cron_expression="0 4 * * *", refresh_interval=0)
    pulled_kinds()
    account = base()
    assert (account.cron_expression, account.refresh_interval) == ("0 4 * * *", 0)
    assert waiting() == {}
    account.refresh_interval = 6
    account.save()
    deliver(client)
    assert sent(fake, "PATCH", "/accounts/2/") == [{"refresh_interval": 6}]
    row = fake.world.tables["accounts"][2]
    assert (row["cron_expression"], row["refresh_interval"]) == ("0 4 * * *", 6)
    assert pulled_kinds().changed == 0
    fake.world.change("accounts", 2, cron_expression="")
    pulled_kinds()
    assert base().cron_expression == ""


def test_a_server_without_refresh_times_leaves_ours_alone(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.world.change("accounts", 2, cron_expression="0 4 * * *")
    pulled_kinds()
    original = client.accounts.all

    def as_an_older_server() -> Any:
        return [{name: value for name, value in row.items() if name != "cron_expression"} for row in original()]

    monkeypatch.setattr(client.accounts, "all", as_an_older_server)
    assert pulled_kinds().changed == 0
    assert base().cron_expression == "0 4 * * *"


@pytest.mark.parametrize(("cron", "told"), [("", {}), ("0 4 * * *", {"cron_expression": "0 4 * * *"})])
def test_a_new_account_takes_refresh_times_along_if_it_has_any(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr, cron: str, told: dict[str, str]
) -> None:
    Account.objects.create(name="Second", server_url="http://provider.test/2.m3u", is_active=False, cron_expression=cron)
    deliver(client)
    [body] = sent(fake, "POST", "/api/m3u/accounts/")
    assert {name: value for name, value in body.items() if name == "cron_expression"} == told  # type: ignore[attr-defined]
    assert waiting() == {}


def test_times_that_a_mirrored_server_had_before_ecm_knew_them_are_no_conflict(pulled_kinds: Sync, fake: FakeServer) -> None:
    link = MirrorLink.objects.get(kind="account")
    del link.agreed["cron_expression"]
    link.save()
    import_module("m3u_app.migrations.0010_account_cron_expression").agree_on_none(apps, None)
    fake.world.change("accounts", 2, cron_expression="0 4 * * *")
    pulled_kinds()
    assert base().cron_expression == "0 4 * * *"
    assert waiting() == {}
