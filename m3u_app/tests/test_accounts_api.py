"""Accounts for programs: the same rules and words as the pages (20 §21)."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from m3u_app.models import Account, AccountProfile, ServerGroup, Stream, StreamFilter
from m3u_app.tests.account_samples import make_account, make_groups
from tasks_app.models import JournalEntry, TaskRun

pytestmark = pytest.mark.django_db
ROOT = "/api/m3u/accounts"


@pytest.fixture
def account() -> Account:
    account = make_account()
    make_groups(account, "News", "Sports")
    return account


def send(client: Client, method: str, url: str, body: object = None) -> Any:
    return getattr(client, method)(url, data=json.dumps(body or {}), content_type="application/json")


def test_accounts_are_listed_and_shown_without_secrets(admin_client: Client, account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(username="u-s3cret")
    assert [row["name"] for row in admin_client.get(ROOT).json()["results"]] == [account.name]
    shown = admin_client.get(f"{ROOT}/{account.pk}")
    assert shown.json()["groups"] == 2
    assert shown.json()["has_login"] is True
    assert "u-s3cret" not in shown.content.decode()


def test_an_account_is_made_of_an_upload_and_refreshed(admin_client: Client) -> None:
    playlist = b"#EXTM3U\n#EXTINF:-1,One\nhttp://x.example/1.ts\n"
    sent = admin_client.post("/api/m3u/upload", {"file": SimpleUploadedFile("mine.m3u", playlist)})
    made = send(admin_client, "post", ROOT, {"name": "Mine", "upload": sent.json()["upload"], "refresh_interval": 6})
    assert made.status_code == 201, made.content
    assert (made.json()["file"], made.json()["refresh_interval"]) == ("mine.m3u", 6)
    assert TaskRun.objects.filter(task_id="m3u_refresh").exists()
    again = send(admin_client, "post", ROOT, {"name": "Other", "upload": sent.json()["upload"]})
    assert (again.status_code, list(again.json()["errors"])) == (422, ["upload"])


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"nmae": "typo"}, "nmae"),
        ({"max_streams": "many"}, "max_streams"),
        ({"max_streams": True}, "max_streams"),
        ({"name": ""}, "name"),
        ({"server_url": "ftp://x.example/a.m3u"}, "server_url"),
        ({"priority": 5000}, "priority"),
        ({"exp_date": "tomorrow"}, "exp_date"),
        ({"upload_path": "/etc/passwd"}, "upload_path"),
    ],
)
def test_wrong_values_are_refused_by_field_and_nothing_changes(
    admin_client: Client, account: Account, sent: Any, field: str
) -> None:
    answer = send(admin_client, "patch", f"{ROOT}/{account.pk}", sent)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert not JournalEntry.objects.exists()


def test_only_what_was_sent_changes(admin_client: Client, account: Account) -> None:
    before = Account.objects.get(pk=account.pk)
    answer = send(admin_client, "patch", f"{ROOT}/{account.pk}", {"priority": 7, "exp_date": "2027-01-01T00:00:00Z"})
    assert answer.json()["changed"] == ["exp_date", "priority"]
    after = Account.objects.get(pk=account.pk)
    assert (after.priority, after.server_url, after.password) == (7, before.server_url, before.password)
    assert JournalEntry.objects.get().undoable


def test_a_small_account_is_deleted_at_once(admin_client: Client, account: Account) -> None:
    assert admin_client.delete(f"{ROOT}/{account.pk}").json()["deleted"] == account.name
    assert admin_client.get(f"{ROOT}/{account.pk}").status_code == 404


def test_an_account_tells_at_which_times_dispatcharr_refreshes_it(admin_client: Client, account: Account) -> None:
    assert admin_client.get(f"{ROOT}/{account.pk}").json()["cron_expression"] == ""
    Account.objects.update(cron_expression="0 4 * * *")
    assert admin_client.get(f"{ROOT}/{account.pk}").json()["cron_expression"] == "0 4 * * *"
    assert admin_client.get(ROOT).json()["results"][0]["cron_expression"] == "0 4 * * *"
    refused = send(admin_client, "patch", f"{ROOT}/{account.pk}", {"cron_expression": "0 5 * * *"})
    assert refused.status_code == 422, "the server's own: it is set in Dispatcharr"


def test_a_locked_account_says_so(admin_client: Client, account: Account) -> None:
    Account.objects.update(locked=True)
    for answer in (
        send(admin_client, "patch", f"{ROOT}/{account.pk}", {"priority": 7}),
        admin_client.delete(f"{ROOT}/{account.pk}"),
        send(admin_client, "post", f"/api/m3u/refresh/{account.pk}"),
    ):
        assert (answer.status_code, "locked" in answer.json()["detail"]) == (409, True)


def test_groups_are_chosen_by_id(admin_client: Client, account: Account) -> None:
    rows = admin_client.get(f"{ROOT}/{account.pk}/group-settings").json()["results"]
    assert [row["name"] for row in rows] == ["News", "Sports"]
    news = rows[0]["id"]
    answer = send(admin_client, "patch", f"{ROOT}/{account.pk}/group-settings", {"groups": [{"id": news, "enabled": False}]})
    assert answer.json()["disabled"] == 1
    assert set(account.groups.filter(enabled=True).values_list("name", flat=True)) == {"Sports"}


@pytest.mark.parametrize("groups", [None, "all", [3], [{"id": "3", "enabled": True}], [{"id": 3}], [{"id": 3, "enabled": 1}]])
def test_group_choices_of_another_shape_are_refused(admin_client: Client, account: Account, groups: Any) -> None:
    answer = send(admin_client, "patch", f"{ROOT}/{account.pk}/group-settings", {"groups": groups})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["groups"])


def test_filters_are_added_changed_and_removed(admin_client: Client, account: Account) -> None:
    url = f"{ROOT}/{account.pk}/filters"
    made = send(admin_client, "post", url, {"filter_type": "name", "regex_pattern": "XXX", "exclude": True}).json()
    assert send(admin_client, "patch", f"{url}/{made['id']}", {"enabled": False}).json()["enabled"] is False
    assert StreamFilter.objects.get().regex_pattern == "XXX"
    assert list(send(admin_client, "post", url, {"regex_pattern": "("}).json()["errors"]) == ["regex_pattern"]
    assert [row["id"] for row in admin_client.get(url).json()["results"]] == [made["id"]]
    assert admin_client.delete(f"{url}/{made['id']}").status_code == 204
    assert admin_client.get(f"{url}/{made['id']}").status_code == 404


def test_profiles_never_tell_their_patterns(admin_client: Client, account: Account) -> None:
    url = f"{ROOT}/{account.pk}/profiles"
    sent = {"name": "Second", "search_pattern": "^(.*)/one/two/(.*)$", "replace_pattern": "$1/s3cret/word/$2"}
    made = send(admin_client, "post", url, sent)
    assert made.status_code == 201, made.content
    assert "s3cret" not in made.content.decode() + admin_client.get(url).content.decode()
    pk = made.json()["id"]
    assert send(admin_client, "patch", f"{url}/{pk}", {"max_streams": 3}).json()["max_streams"] == 3
    assert AccountProfile.objects.get(pk=pk).replace_pattern == "$1/s3cret/word/$2"
    assert admin_client.delete(f"{url}/{pk}").status_code == 204


def test_server_groups_have_members(admin_client: Client, account: Account) -> None:
    url = "/api/m3u/server-groups"
    made = send(admin_client, "post", url, {"name": "Shared", "accounts": [account.pk]}).json()
    assert admin_client.get(url).json()["results"] == [{"id": made["id"], "name": "Shared", "accounts": [account.pk]}]
    assert send(admin_client, "patch", f"{url}/{made['id']}", {"name": "Ours"}).json()["accounts"] == [account.pk]
    assert send(admin_client, "patch", f"{url}/{made['id']}", {"accounts": [999_999]}).status_code == 422
    assert admin_client.delete(f"{url}/{made['id']}").status_code == 204
    assert not ServerGroup.objects.exists()


def test_stream_metadata_is_by_guide_id(admin_client: Client, account: Account) -> None:
    group = account.groups.get(name="News")
    for number, logo in enumerate(("http://u:pw@x.example/a.png", "http://x.example/b.png")):
        Stream.objects.create(
            account=account, group=group, name=f"S{number}", url=f"http://x.example/{number}", tvg_id="one.uk",
            tvg_name=f"One {number}", station_id="123", logo_url=logo, stream_hash=bytes([number]) * 32,
        )  # fmt: skip
    found = json.loads(b"".join(admin_client.get(f"{ROOT}/{account.pk}/stream-metadata").streaming_content))
    assert found.keys() == {"one.uk"}
    assert (found["one.uk"]["tvg-name"], found["one.uk"]["group-title"]) == ("One 0", "News")
    assert "u:pw" not in found["one.uk"]["tvg-logo"]


def test_refreshing_one_or_all_names_the_runs(admin_client: Client, account: Account) -> None:
    started = send(admin_client, "post", f"/api/m3u/refresh/{account.pk}")
    assert (started.status_code, started.json()["run_id"]) == (202, TaskRun.objects.get().pk)
    assert send(admin_client, "post", f"/api/m3u/refresh/{account.pk}").status_code == 409
    assert send(admin_client, "post", "/api/m3u/refresh").json()["already_running"] == [account.name]


@pytest.mark.parametrize("path", ["", "/filters", "/profiles", "/group-settings", "/stream-metadata"])
def test_an_account_that_does_not_exist_is_not_found(admin_client: Client, path: str) -> None:
    assert admin_client.get(f"{ROOT}/999999{path}").status_code == 404


def test_nothing_is_told_to_strangers(client: Client, account: Account) -> None:
    assert client.get(ROOT).status_code in (302, 401, 403)
