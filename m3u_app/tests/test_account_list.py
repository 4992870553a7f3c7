"""The M3U Manager: one row per account, alive while something works (20 §1.1)."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ecm_site.conf import save_settings
from m3u_app.models import Account
from m3u_app.queries import account_rows
from m3u_app.request_refresh import request_refresh
from m3u_app.tests.account_samples import HTMX, SECRET_URL, SECRETS, make_account, make_groups, make_xtream
from tasks_app.models import JournalEntry, RunStatus, TaskRun
from tasks_app.process_identity import own_identity

pytestmark = pytest.mark.django_db

LIST = "/m3u/"


def text_of(client: Client, url: str = LIST, **headers: Any) -> str:
    answer = client.get(url, headers=headers.get("headers"))
    assert answer.status_code == 200
    return answer.content.decode()


def running(account: Account, **values: Any) -> TaskRun:
    run = request_refresh(account.pk)
    now = timezone.now()
    alive = {"status": RunStatus.RUNNING, "worker": own_identity(), "started_at": now, "heartbeat_at": now}
    values = alive | {"phase": "Downloading", "phase_started_at": now} | values
    TaskRun.objects.filter(pk=run.pk).update(**values)
    return run


def test_nobody_sees_it_without_signing_in(client: Client) -> None:
    account = make_account()
    for name in ("account", "edit", "delete", "groups", "held_back"):
        assert client.get(reverse(f"m3u:{name}", args=[account.pk])).status_code in (302, 401)
    assert client.post(reverse("m3u:refresh", args=[account.pk])).status_code in (302, 401)


def test_an_empty_list_offers_the_next_step(admin_client: Client) -> None:
    page = text_of(admin_client)
    assert "No provider yet" in page
    assert reverse("m3u:add") in page


def test_order_is_by_kind_and_then_natural() -> None:
    for name in ("Acme 10", "acme 2", "Zulu"):
        make_account(name)
    make_xtream("Alpha")
    make_account("Box", account_type="HDHR", server_url="http://10.0.0.2")
    assert [row.account.name for row in account_rows()] == ["acme 2", "Acme 10", "Zulu", "Alpha", "Box"]


@pytest.mark.parametrize("name", ["custom", "Custom", "CUSTOM"])
def test_the_built_in_account_is_hidden_everywhere(name: str, admin_client: Client) -> None:
    hidden = make_account(name)
    assert "No provider yet" in text_of(admin_client)
    assert admin_client.get(reverse("m3u:account", args=[hidden.pk])).status_code == 404
    assert admin_client.post(reverse("m3u:refresh", args=[hidden.pk])).status_code == 404
    admin_client.post(reverse("m3u:refresh_all"))
    assert not TaskRun.objects.exists()


def test_a_row_tells_what_the_chapter_asks_for(admin_client: Client) -> None:
    account = make_xtream(
        "Acme", status="success", last_message="All good", max_streams=3, refresh_interval=6, priority=9, stream_count=12345
    )
    make_groups(account, "A", "B", is_new=False)
    make_groups(account, "C", enabled=False)
    page = text_of(admin_client)
    for words in (
        "Ready",
        "Acme",
        "Xtream",
        "http://panel.example:8080",
        "2 / 3",
        "1 new",
        "12,345",
        "3 at a time",
        "every 6 h",
    ):
        assert words in page
    assert 'title="All good"' in page


@pytest.mark.parametrize(
    ("status", "label"),
    [
        ("idle", "Idle"),
        ("fetching", "Downloading…"),
        ("parsing", "Processing…"),
        ("success", "Ready"),
        ("error", "Error"),
        ("pending_setup", "Pending Setup"),
        ("disabled", "Disabled"),
    ],
)
def test_every_status_has_its_label(status: str, label: str, admin_client: Client) -> None:
    make_account(status=status)
    assert f"<span>{label}</span>" in text_of(admin_client)


def test_an_error_is_shown_with_its_text_escaped_and_masked(admin_client: Client) -> None:
    make_account(status="error", last_message=f"The server said <script>x</script> for {SECRET_URL}")
    page = text_of(admin_client)
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "s3cret-pass" not in page


def test_addresses_are_masked_and_can_be_hidden(admin_client: Client) -> None:
    make_account(server_url=SECRET_URL)
    page = text_of(admin_client)
    assert "username=***&amp;password=***" in page
    assert not any(secret in page for secret in SECRETS)
    save_settings(hide_m3u_urls=True)
    try:
        assert "tv.example" not in text_of(admin_client)
    finally:
        save_settings(hide_m3u_urls=False)


def test_a_lost_key_file_costs_the_address_not_the_page(admin_client: Client, settings: Any) -> None:
    make_xtream("Acme")
    settings.ECM_ENCRYPTION_KEY = "another key"
    assert "stored with another key file" in text_of(admin_client)


def test_queries_do_not_grow_with_accounts(admin_client: Client, django_assert_num_queries: Any) -> None:
    make_groups(make_account("First"), "A", "B")
    with django_assert_num_queries(5):
        account_rows()
    admin_client.get(LIST)
    with CaptureQueriesContext(connection) as few:
        admin_client.get(LIST)
    for index in range(60):
        account = make_account(f"Acme {index}")
        make_groups(account, "A", "B", "C")
        running(account)
    with django_assert_num_queries(5):
        assert len(account_rows()) == 61
    with CaptureQueriesContext(connection) as many:
        admin_client.get(LIST)
    assert len(many) == len(few)


def test_sixty_accounts_make_a_page_of_modest_size(admin_client: Client) -> None:
    for index in range(60):
        make_account(f"Provider {index}")
    assert len(text_of(admin_client)) < 350_000


def test_a_search_narrows_the_list(admin_client: Client) -> None:
    make_account("Acme")
    make_account("Other")
    part = text_of(admin_client, f"{LIST}?q=acm", headers=HTMX)
    assert "Acme" in part
    assert "Other" not in part
    assert "No account is called like" in text_of(admin_client, f"{LIST}?q=zzz")


def test_htmx_gets_the_list_only(admin_client: Client) -> None:
    make_account()
    assert "<html" in text_of(admin_client)
    assert "<html" not in text_of(admin_client, headers=HTMX)


# --- live progress ------------------------------------------------------------------------------------------------------


def poller(page: str) -> str:
    match = re.search(r'<div id="account-poller"([^>]*)>', page)
    assert match
    return match[1]


def test_the_page_asks_again_only_while_something_works(admin_client: Client) -> None:
    account = make_account()
    assert "hx-trigger" not in poller(text_of(admin_client))
    run = running(account)
    assert f"id={account.pk}" in poller(text_of(admin_client))
    assert "every 2s" in poller(text_of(admin_client))
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.COMPLETED)
    assert "hx-trigger" not in poller(text_of(admin_client))


def test_a_busy_row_shows_phase_bytes_speed_and_time_left(admin_client: Client) -> None:
    account = make_account(status="fetching")
    running(account, current=5_242_880, total=10_485_760, current_item="1,250 KB/s, 4 s left")
    part = text_of(admin_client, f"{reverse('m3u:busy')}?id={account.pk}")
    for words in ("Downloading", "5.0\xa0MB of 10.0\xa0MB", "1,250 KB/s, 4 s left", "width: 50.0%", "Cancel"):
        assert words in part
    assert 'hx-swap-oob="true"' in part


def test_streams_are_counted_while_they_are_saved(admin_client: Client) -> None:
    account = make_account(status="parsing")
    running(account, phase="Saving", current=1500, total=6000)
    assert "1,500 of 6,000" in text_of(admin_client, f"{reverse('m3u:busy')}?id={account.pk}")


def test_a_finished_row_makes_the_list_load_again_and_is_announced(admin_client: Client) -> None:
    account = make_account("Acme", status="success")
    busy = make_account("Busy")
    running(busy)
    answer = admin_client.get(reverse("m3u:busy"), {"id": [account.pk, busy.pk]}, headers=HTMX)
    assert "accounts:changed" in answer.headers["HX-Trigger"]
    assert "Acme: Ready." in answer.content.decode()
    quiet = admin_client.get(reverse("m3u:busy"), {"id": [busy.pk]}, headers=HTMX)
    assert "HX-Trigger" not in quiet.headers


def test_a_deleted_row_makes_the_list_load_again(admin_client: Client) -> None:
    answer = admin_client.get(reverse("m3u:busy"), {"id": [4711]}, headers=HTMX)
    assert "accounts:changed" in answer.headers["HX-Trigger"]


def test_nonsense_ids_are_ignored(admin_client: Client) -> None:
    answer = admin_client.get(reverse("m3u:busy"), {"id": ["x", "", "9" * 40, "-1", "²"]}, headers=HTMX)
    assert answer.status_code == 200


# --- the buttons --------------------------------------------------------------------------------------------------------


def test_refresh_queues_a_run_and_a_second_one_is_already_running(admin_client: Client) -> None:
    account = make_account()
    url = reverse("m3u:refresh", args=[account.pk])
    first = admin_client.post(url, headers=HTMX)
    assert first.status_code == 204
    assert "accounts:changed" in first.headers["HX-Trigger"]
    assert "already being refreshed" in admin_client.post(url, headers=HTMX).headers["HX-Trigger"]
    assert TaskRun.objects.get().lock_key == f"m3u:{account.pk}"
    assert TaskRun.objects.get().user is not None


def test_refresh_of_what_is_off_or_locked_is_refused_in_words(admin_client: Client) -> None:
    off = make_account("Off", is_active=False)
    locked = make_account("Locked", locked=True)
    assert "switched off" in admin_client.post(reverse("m3u:refresh", args=[off.pk]), headers=HTMX).headers["HX-Trigger"]
    assert "is locked" in admin_client.post(reverse("m3u:refresh", args=[locked.pk]), headers=HTMX).headers["HX-Trigger"]
    assert not TaskRun.objects.exists()


def test_a_reloaded_list_brings_the_refresh_all_button_along(admin_client: Client) -> None:
    make_account()
    part = text_of(admin_client, headers=HTMX)
    assert re.search(r'<form id="refresh-all-form"[^>]*hx-swap-oob="true"', part)
    assert text_of(admin_client).count('id="refresh-all"') == 1


def test_refresh_all_gives_every_account_its_own_run(admin_client: Client) -> None:
    make_account("A")
    running(make_account("B"))
    make_account("Off", is_active=False)
    make_account("Locked", locked=True)
    answer = admin_client.post(reverse("m3u:refresh_all"), follow=True).content.decode()
    assert "Refreshing 1 account. 1 already running. 2 skipped because they are switched off or locked." in answer
    assert TaskRun.objects.count() == 2


def test_cancel_reaches_the_run(admin_client: Client) -> None:
    account = make_account()
    run = running(account)
    admin_client.post(reverse("m3u:cancel", args=[account.pk]), headers=HTMX)
    run.refresh_from_db()
    assert run.cancel_requested
    TaskRun.objects.all().delete()
    answer = admin_client.post(reverse("m3u:cancel", args=[account.pk]), headers=HTMX)
    assert "Nothing is running" in answer.headers["HX-Trigger"]


def test_toggle_says_so_and_offers_undo(admin_client: Client) -> None:
    account = make_account()
    url = reverse("m3u:toggle", args=[account.pk])
    answer = admin_client.post(url, {"active": "0"}, headers=HTMX)
    assert "is disabled" in answer.headers["HX-Trigger"]
    assert str(JournalEntry.objects.get().pk) in answer.headers["HX-Trigger"]
    page = admin_client.post(url, {"active": "1"}, follow=True).content.decode()
    assert "is enabled" in page
    account.refresh_from_db()
    assert account.status == "idle"


def test_switching_off_stops_a_running_refresh(admin_client: Client) -> None:
    account = make_account()
    run = running(account)
    admin_client.post(reverse("m3u:toggle", args=[account.pk]), {"active": "0"})
    run.refresh_from_db()
    assert run.cancel_requested


@pytest.mark.parametrize("name", ["refresh", "cancel", "toggle"])
def test_buttons_cannot_be_pressed_by_a_link(name: str, admin_client: Client) -> None:
    account = make_account()
    assert admin_client.get(reverse(f"m3u:{name}", args=[account.pk])).status_code == 405


def test_unknown_accounts_are_not_found(admin_client: Client) -> None:
    for name in ("account", "edit", "delete", "groups", "held_back"):
        assert admin_client.get(reverse(f"m3u:{name}", args=[4711])).status_code == 404
