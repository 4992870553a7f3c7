"""list_accounts and refresh_account: what scripts read, without any secret; and the raw rows of what belongs to accounts."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from m3u_app.describe_accounts import described_accounts
from m3u_app.edit_filters import FilterValues, add_filter
from m3u_app.expiry_words import expiry_words
from m3u_app.linked_accounts import create_link
from m3u_app.models import AccountProfile, Stream
from m3u_app.server_groups import create_server_group
from m3u_app.tests.account_samples import SECRET_URL, SECRETS, make_account, make_groups, make_xtream
from m3u_app.tests.refreshing import FileAccount, playlist_of
from tasks_app.models import TaskRun

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_accounts_are_listed_for_people_and_for_scripts() -> None:
    assert run("list_accounts").strip() == "There is no account yet."
    acme = make_account("Acme", server_url=SECRET_URL, stream_count=1234, priority=7)
    make_groups(acme, "A", "B")
    make_groups(acme, "C", enabled=False)
    panel = make_xtream(updated_at=timezone.now())
    create_link([acme.pk, panel.pk])
    add_filter(acme.pk, FilterValues("name", "news"))
    listed = json.loads(run("list_accounts", "--json"))
    assert [account["name"] for account in listed] == ["Acme", "Panel"]
    first = listed[0]
    assert (first["streams"], first["groups"], first["groups_enabled"]) == (1234, 3, 2)
    assert (first["filters"], first["filters_waiting"], first["linked_with"]) == (1, True, ["Panel"])
    text = run("list_accounts")
    assert "2 / 3" in text
    assert "never" in text
    for secret in SECRETS:
        assert secret not in text + json.dumps(listed)


def test_scripts_learn_the_times_at_which_dispatcharr_refreshes_an_account() -> None:
    make_account("Acme")
    make_account("By its times", cron_expression="0 4 * * *", refresh_interval=0)
    listed = json.loads(run("list_accounts", "--json"))
    assert [(row["cron_expression"], row["refresh_interval"]) for row in listed] == [("", 24), ("0 4 * * *", 0)]


def test_listing_takes_the_same_queries_whatever_the_number() -> None:
    make_account("First")
    with CaptureQueriesContext(connection) as few:
        described_accounts()
    for number in range(30):
        account = make_account(f"Acme {number}")
        add_filter(account.pk, FilterValues("name", "news"))
    with CaptureQueriesContext(connection) as many:
        described_accounts()
    assert len(many) == len(few)


def test_an_account_is_refreshed_by_name_in_any_capitals(tmp_path: Path) -> None:
    acme = FileAccount(tmp_path)
    acme.path.write_text(playlist_of("ESPN", "BBC news"))
    assert "2 streams" in run("refresh_account", "ACME")
    add_filter(acme.account.pk, FilterValues("name", "news"))
    counts = json.loads(run("refresh_account", "Acme", "--from-copy", "--json"))
    assert (counts["filtered"], counts["unchanged"], counts["entries"]) == (1, 1, 2)
    assert Stream.objects.filter(is_stale=True).count() == 1
    assert TaskRun.objects.count() == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["Nobody"], "There is no account called “Nobody”"),
        (["custom"], "There is no account called"),
        (["Gone"], "not there any more"),
        (["Gone", "--from-copy"], "is not kept"),
    ],
)
def test_what_goes_wrong_is_said_in_words(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    FileAccount(tmp_path, "Gone")
    out = StringIO()
    with pytest.raises(CommandError, match=sentence):
        call_command("refresh_account", *arguments, "--json", stdout=out, stderr=StringIO())
    assert sentence in json.loads(out.getvalue())["error"]


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(hours=30), "expires in 1 day"),  # 20 §25.2 #46
        (timedelta(hours=5), "expires today"),
        (timedelta(hours=-5), "expired on 2026-03-01"),
        (timedelta(days=8), None),
    ],
)
def test_how_close_the_end_is(ahead: timedelta, words: str | None) -> None:
    now = timezone.now().replace(year=2026, month=3, day=1, hour=12)
    told = expiry_words(now + ahead, now)
    assert (told.words if told else None) == words


def test_the_account_page_tells_what_belongs_to_it(admin_client: Client) -> None:
    soon = timezone.now() + timedelta(days=3, hours=1)
    acme = make_account("Acme", max_streams=2, user_agent="VLC/3", exp_date=soon)
    AccountProfile.objects.create(account=acme, name="Second", max_streams=3, exp_date=timezone.now() - timedelta(days=1))
    create_link([acme.pk, make_account("Other").pk])
    create_server_group("Shared logins", [acme.pk])
    add_filter(acme.pk, FilterValues("name", "news"))
    page = admin_client.get(reverse("m3u:account", args=[acme.pk])).content.decode()
    for words in (
        "expires in 3 days",
        "expired on",
        "5 streams",
        "2 profiles",
        "Linked with",
        "Shared logins",
        "VLC/3",
        "The filters have changed",
    ):
        assert words in page
    assert "Expires in 3 days" in admin_client.get(reverse("m3u:accounts")).content.decode()


@pytest.mark.parametrize("model", ["streamfilter", "accountprofile", "servergroup", "linkgroup"])
def test_raw_rows_can_be_looked_at_and_hide_logins(model: str, admin_client: Client) -> None:
    acme, other = make_account("Acme"), make_account("Other")
    made: dict[str, Any] = {
        "streamfilter": add_filter(acme.pk, FilterValues("url", "http://h/live/alice/s3cret-pass/"))[0],
        "accountprofile": AccountProfile.objects.create(
            account=acme, name="Second", search_pattern="/alice/", replace_pattern="/s3cret-pass/"
        ),
        "servergroup": create_server_group("G", [acme.pk])[0],
        "linkgroup": create_link([acme.pk, other.pk])[0],
    }
    pages = [
        admin_client.get(reverse(f"admin:m3u_app_{model}_changelist")),
        admin_client.get(reverse(f"admin:m3u_app_{model}_change", args=[getattr(made[model], "pk", None) or made[model].id])),
    ]
    for page in pages:
        assert page.status_code == 200
        assert "Acme" in page.content.decode()
        for secret in SECRETS:
            assert secret not in page.content.decode()
