"""Django admin shows raw rows quickly and without secrets."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from m3u_app.admin import COUNT_LIMIT, CappedPaginator
from m3u_app.models import Account, Stream
from m3u_app.tests.account_samples import SECRET_URL, SECRETS, make_account, make_groups, make_streams, make_xtream

pytestmark = pytest.mark.django_db


def seen(client: Client, name: str, *args: object, **query: str) -> str:
    answer = client.get(reverse(f"admin:m3u_app_{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_no_page_of_it_shows_a_secret(admin_client: Client) -> None:
    account = make_xtream(
        server_url="http://alice:s3cret-pass@panel.example",
        playlist_header={"guides": [SECRET_URL]},
        last_report={"streams_total": 1},
    )
    group = make_groups(account, "News")[0]
    stream = make_streams(account, group, 1, extras={"headers": {"Referer": SECRET_URL}})[0]
    pages = [
        seen(admin_client, "account_changelist"),
        seen(admin_client, "account_change", account.pk),
        seen(admin_client, "streamgroup_changelist"),
        seen(admin_client, "streamgroup_change", group.pk),
        seen(admin_client, "stream_changelist"),
        seen(admin_client, "stream_change", stream.pk),
    ]
    for page in pages:
        for secret in SECRETS:
            assert secret not in page
    assert "http://***@panel.example" in pages[1]


def test_a_lost_key_file_does_not_break_it(admin_client: Client, settings: pytest.FixtureRequest) -> None:
    account = make_xtream()
    settings.ECM_ENCRYPTION_KEY = "another key"  # type: ignore[attr-defined]
    seen(admin_client, "account_changelist")
    assert "cannot be read with this key file" in seen(admin_client, "account_change", account.pk)


def test_nothing_but_the_lock_can_be_changed(admin_client: Client) -> None:
    account = make_account()
    url = reverse("admin:m3u_app_account_change", args=[account.pk])
    admin_client.post(url, {"locked": "on", "name": "Other", "server_url": "http://evil"})
    account.refresh_from_db()
    assert (account.locked, account.name, account.server_url) == (True, "Acme", "http://tv.example/list.m3u")
    assert admin_client.get(reverse("admin:m3u_app_account_delete", args=[account.pk])).status_code == 403
    assert admin_client.get(reverse("admin:m3u_app_account_add")).status_code == 403
    assert admin_client.get(reverse("admin:m3u_app_stream_add")).status_code == 403


def test_queries_do_not_grow_with_rows(admin_client: Client) -> None:
    account = make_account()
    group = make_groups(account, "News")[0]
    make_streams(account, group, 5)
    seen(admin_client, "stream_changelist")  # content types and the like are looked up once
    with CaptureQueriesContext(connection) as few:
        seen(admin_client, "stream_changelist")
    make_streams(make_account("Other"), group, 500)
    with CaptureQueriesContext(connection) as many:
        seen(admin_client, "stream_changelist")
    assert len(many) == len(few)


def test_streams_are_found_by_part_of_their_name_and_by_account(admin_client: Client) -> None:
    account, other = make_account(), make_account("Other")
    make_streams(account, None, 3)
    make_streams(other, None, 2)
    assert "5 results" in seen(admin_client, "stream_changelist", q="ream") or "5 streams" in seen(
        admin_client, "stream_changelist", q="ream"
    )
    assert "2 streams" in seen(admin_client, "stream_changelist", account=str(other.pk))
    assert "0 streams" in seen(admin_client, "stream_changelist", q="nothing like it")


def test_counting_stops_at_the_limit() -> None:
    account = make_account()
    make_streams(account, None, 30)
    paginator = CappedPaginator(Stream.objects.order_by("pk"), 10)
    assert (paginator.count, paginator.num_pages) == (30, 3)
    with CaptureQueriesContext(connection) as queries:
        assert CappedPaginator(Stream.objects.order_by("pk"), 10).count == 30
    assert f"LIMIT {COUNT_LIMIT}" in queries[0]["sql"]
    assert "ORDER BY" not in queries[0]["sql"]
    assert Account.objects.count() == 1
