"""The EPG Manager: one row per guide source, alive while something works (30 §2.1)."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ecm_site.conf import save_settings
from epg_app.models import GuideSource
from epg_app.request_refresh import request_refresh, request_refresh_all
from epg_app.source_rows import source_row, source_rows
from epg_app.tests.samples import HTMX, SECRET_URL, SECRETS, make_entries, make_source
from tasks_app.models import JournalEntry, RunStatus, TaskRun
from tasks_app.process_identity import own_identity

pytestmark = pytest.mark.django_db

LIST = "/guide/"


def text_of(client: Client, url: str = LIST, **headers: Any) -> str:
    answer = client.get(url, headers=headers.get("headers"))
    assert answer.status_code == 200
    return answer.content.decode()


def alive(run: TaskRun, **values: Any) -> TaskRun:
    """Make a queued run one that is being worked on."""
    now = timezone.now()
    state = {"status": RunStatus.RUNNING, "worker": own_identity(), "started_at": now, "heartbeat_at": now}
    TaskRun.objects.filter(pk=run.pk).update(**(state | {"phase": "downloading", "phase_started_at": now} | values))
    return run


def test_nobody_sees_it_without_signing_in(client: Client) -> None:
    source = make_source()
    for name in ("source", "edit", "delete", "accept_smaller"):
        assert client.get(reverse(f"guide:{name}", args=[source.pk])).status_code in (302, 401)
    for name in ("sources", "add", "order", "entries"):
        assert client.get(reverse(f"guide:{name}")).status_code in (302, 401)
    assert client.post(reverse("guide:refresh", args=[source.pk])).status_code in (302, 401)


def test_an_empty_list_offers_the_next_step(admin_client: Client) -> None:
    page = text_of(admin_client)
    assert "No guide yet" in page
    assert reverse("guide:add") in page
    assert reverse("guide:order") not in page


def test_the_highest_priority_is_on_top() -> None:
    make_source("Low", priority=1)
    make_source("High", priority=9)
    make_source("Also low", priority=1)
    assert [row.source.name for row in source_rows()] == ["High", "Also low", "Low"]


def test_a_row_tells_what_the_chapter_asks_for(admin_client: Client) -> None:
    make_source(
        "Acme",
        status="success",
        last_message="All good",
        entry_count=1234,
        mapped_count=210,
        programme_count=45678,
        skipped_count=9100,
        refresh_interval=6,
        priority=3,
        last_success_at=timezone.now(),
        last_report={"entries": 1234},
    )
    page = text_of(admin_client)
    for words in ("Ready", "Acme", "http://guide.example/guide.xml", "1,234", "210 in use", "45,678", "9,100 skipped"):
        assert words in page
    assert "every 6 h" in page
    assert 'title="All good"' in page


@pytest.mark.parametrize(
    ("status", "label"),
    [
        ("idle", "Idle"),
        ("fetching", "Downloading…"),
        ("parsing", "Processing…"),
        ("success", "Ready"),
        ("error", "Error"),
        ("disabled", "Disabled"),
        ("from later", "from later"),
    ],
)
def test_every_status_has_its_label(status: str, label: str, admin_client: Client) -> None:
    make_source(status=status)
    assert f"<span>{label}</span>" in text_of(admin_client)


def test_warnings_of_a_good_refresh_are_in_the_row(admin_client: Client) -> None:
    make_source(status="success", last_report={"warnings": ["The file is damaged at line 7."]})
    page = text_of(admin_client)
    assert "Ready, with warnings" in page
    assert "The file is damaged at line 7." in page


def test_a_guide_that_no_channel_uses_says_what_to_do(admin_client: Client) -> None:
    make_source(status="success", entry_count=7)
    assert "No channel uses this guide yet" in text_of(admin_client)


def test_an_error_is_shown_with_its_text_escaped_and_masked(admin_client: Client) -> None:
    make_source("<b>bold</b>", status="error", last_message=f"The server said <script>x</script> for {SECRET_URL}")
    page = text_of(admin_client)
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "<b>bold</b>" not in page
    assert not any(secret in page for secret in SECRETS)


def test_addresses_are_masked_and_can_be_hidden(admin_client: Client) -> None:
    make_source("Secret", url=SECRET_URL)
    make_source("Open", url="http://open.example/guide.xml")
    page = text_of(admin_client)
    assert "username=***&amp;password=***" in page
    assert not any(secret in page for secret in SECRETS)
    assert page.count("data-copy=") == 1
    save_settings(hide_epg_urls=True)
    try:
        page = text_of(admin_client)
        assert "guide.example" not in page
        assert "open.example" not in page
    finally:
        save_settings(hide_epg_urls=False)


def test_a_lost_key_file_costs_the_address_not_the_page(admin_client: Client, settings: Any) -> None:
    source = make_source(url=SECRET_URL, password="s3cret-pass")
    settings.ECM_ENCRYPTION_KEY = "another key"
    assert "stored with another key file" in text_of(admin_client)
    for name in ("source", "edit", "delete"):
        assert admin_client.get(reverse(f"guide:{name}", args=[source.pk])).status_code == 200
    admin_client.post(reverse("guide:toggle", args=[source.pk]), {"active": "0"})
    assert GuideSource.objects.filter(pk=source.pk, is_active=False).exists()


def test_queries_do_not_grow_with_sources_and_entries(admin_client: Client, django_assert_num_queries: Any) -> None:
    make_entries(make_source("First"), "a", "b")
    with django_assert_num_queries(2):
        source_rows()
    admin_client.get(LIST)
    with CaptureQueriesContext(connection) as few:
        admin_client.get(LIST)
    for index in range(60):
        source = make_source(f"Guide {index}")
        make_entries(source, "a", "b", "c")
        alive(request_refresh(source.pk))
    with django_assert_num_queries(2):
        assert len(source_rows()) == 61
    with CaptureQueriesContext(connection) as many:
        admin_client.get(LIST)
    assert len(many) == len(few)


def test_a_search_narrows_the_list(admin_client: Client) -> None:
    make_source("Acme")
    make_source("Other")
    part = text_of(admin_client, f"{LIST}?q=acm", headers=HTMX)
    assert "Acme" in part
    assert "Other" not in part
    assert "No source is called like" in text_of(admin_client, f"{LIST}?q=zzz")


def test_htmx_gets_the_list_with_the_buttons_that_depend_on_it(admin_client: Client) -> None:
    make_source("A")
    make_source("B")
    page = text_of(admin_client)
    assert "<html" in page
    assert page.count('id="refresh-all"') == 1
    part = text_of(admin_client, headers=HTMX)
    assert "<html" not in part
    assert re.search(r'id="list-actions" hx-swap-oob="true"', part)


# --- live progress ------------------------------------------------------------------------------------------------------


def poller(page: str) -> str:
    match = re.search(r'<div id="source-poller"([^>]*)>', page)
    assert match
    return match[1]


def test_the_page_asks_again_only_while_something_works(admin_client: Client) -> None:
    source = make_source()
    assert "hx-trigger" not in poller(text_of(admin_client))
    run = alive(request_refresh(source.pk))
    assert f"id={source.pk}" in poller(text_of(admin_client))
    assert "every 2s" in poller(text_of(admin_client))
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.COMPLETED)
    assert "hx-trigger" not in poller(text_of(admin_client))


def test_a_busy_row_shows_stage_bytes_and_speed(admin_client: Client) -> None:
    source = make_source(status="fetching")
    alive(request_refresh(source.pk), current=5_242_880, total=10_485_760, current_item="1,250 KB/s, 4 s left")
    part = text_of(admin_client, f"{reverse('guide:busy')}?id={source.pk}")
    for words in ("Downloading", "5.0\xa0MB of 10.0\xa0MB", "1,250 KB/s, 4 s left", "width: 50.0%", "Cancel"):
        assert words in part
    assert 'hx-swap-oob="true"' in part


def test_a_finished_row_makes_the_list_load_again_and_is_announced(admin_client: Client) -> None:
    done = make_source("Acme", status="success")
    busy = make_source("Busy")
    alive(request_refresh(busy.pk))
    answer = admin_client.get(reverse("guide:busy"), {"id": [done.pk, busy.pk]}, headers=HTMX)
    assert "guides:changed" in answer.headers["HX-Trigger"]
    assert "Acme: Ready." in answer.content.decode()
    assert f"source-live-{busy.pk}" in answer.content.decode()


@pytest.mark.parametrize("ids", [["4711"], ["x", "", "9" * 40, "-1", "²"]])
def test_unknown_and_senseless_ids_do_no_harm(ids: list[str], admin_client: Client) -> None:
    assert admin_client.get(reverse("guide:busy"), {"id": ids}, headers=HTMX).status_code == 200


def test_a_run_of_all_guides_shows_at_the_one_it_works_on() -> None:
    now, later = make_source("Now", status="fetching"), make_source("Later")
    off = make_source("Off", is_active=False)
    run = alive(request_refresh_all())
    finished = make_source("Finished", status="success", last_finished_at=timezone.now())
    rows = {row.source.pk: row for row in source_rows()}
    assert rows[now.pk].run == run
    assert not rows[now.pk].is_waiting_in_line
    assert rows[later.pk].status.label == "Waiting…"
    assert rows[later.pk].is_waiting_in_line
    assert rows[off.pk].run is None
    assert rows[finished.pk].run is None


# --- the buttons --------------------------------------------------------------------------------------------------------


def test_refresh_queues_a_run_and_a_second_one_is_already_running(admin_client: Client) -> None:
    source = make_source()
    url = reverse("guide:refresh", args=[source.pk])
    first = admin_client.post(url, headers=HTMX)
    assert first.status_code == 204
    assert "guides:changed" in first.headers["HX-Trigger"]
    assert "already being refreshed" in admin_client.post(url, headers=HTMX).headers["HX-Trigger"]
    assert TaskRun.objects.get().lock_key == f"epg:{source.pk}"


def test_refresh_of_what_is_off_is_refused_in_words(admin_client: Client) -> None:
    off = make_source(is_active=False)
    assert "switched off" in admin_client.post(reverse("guide:refresh", args=[off.pk]), headers=HTMX).headers["HX-Trigger"]
    assert "No guide is switched on" in admin_client.post(reverse("guide:refresh_all"), headers=HTMX).headers["HX-Trigger"]
    assert not TaskRun.objects.exists()


def test_refresh_all_is_one_run(admin_client: Client) -> None:
    make_source("A")
    make_source("B")
    answer = admin_client.post(reverse("guide:refresh_all"), follow=True).content.decode()
    assert "Refreshing all guides" in answer
    assert TaskRun.objects.get().parameters["source_ids"] == []
    assert "already" in admin_client.post(reverse("guide:refresh_all"), headers=HTMX).headers["HX-Trigger"]


def test_cancel_reaches_the_run(admin_client: Client) -> None:
    source = make_source()
    run = alive(request_refresh(source.pk))
    admin_client.post(reverse("guide:cancel", args=[source.pk]), headers=HTMX)
    run.refresh_from_db()
    assert run.cancel_requested
    TaskRun.objects.all().delete()
    answer = admin_client.post(reverse("guide:cancel", args=[source.pk]), headers=HTMX)
    assert "Nothing is running" in answer.headers["HX-Trigger"]


def test_toggle_says_so_and_offers_undo(admin_client: Client) -> None:
    source = make_source()
    url = reverse("guide:toggle", args=[source.pk])
    answer = admin_client.post(url, {"active": "0"}, headers=HTMX)
    assert "is disabled" in answer.headers["HX-Trigger"]
    assert str(JournalEntry.objects.get().pk) in answer.headers["HX-Trigger"]
    assert "is enabled" in admin_client.post(url, {"active": "1"}, follow=True).content.decode()
    source.refresh_from_db()
    assert source.status == "idle"


@pytest.mark.parametrize("name", ["refresh", "cancel", "toggle"])
def test_buttons_cannot_be_pressed_by_a_link(name: str, admin_client: Client) -> None:
    assert admin_client.get(reverse(f"guide:{name}", args=[make_source().pk])).status_code == 405


def test_unknown_sources_are_not_found(admin_client: Client) -> None:
    for name in ("source", "edit", "delete", "accept_smaller"):
        assert admin_client.get(reverse(f"guide:{name}", args=[4711])).status_code == 404
    assert admin_client.get(reverse("guide:entry", args=[4711])).status_code == 404


# --- a smaller guide that waits -----------------------------------------------------------------------------------------


def test_a_smaller_guide_waits_for_a_yes(admin_client: Client) -> None:
    source = make_source(status="error", last_message="Only 900 left.", held_back={"before": 5000, "after": 900})
    url = reverse("guide:accept_smaller", args=[source.pk])
    row = source_row(source.pk)
    assert row is not None
    assert row.status.label == "Needs your answer"
    assert url in text_of(admin_client)
    page = text_of(admin_client, url)
    assert "5,000" in page
    assert "(18 %)" in page
    assert "<html" not in text_of(admin_client, url, headers=HTMX)
    admin_client.post(url, headers=HTMX)
    assert TaskRun.objects.get().parameters == {"source_ids": [source.pk], "accept_smaller": True}


def test_without_a_smaller_guide_there_is_nothing_to_accept(admin_client: Client) -> None:
    source = make_source()
    answer = admin_client.post(reverse("guide:accept_smaller", args=[source.pk]), follow=True).content.decode()
    assert "waits for an answer" in answer
    assert not TaskRun.objects.exists()


# --- the report ---------------------------------------------------------------------------------------------------------

REPORT = {
    "entries": 12,
    "programmes": 3456,
    "unmapped": 789,
    "file_bytes": 2048,
    "seconds": 1.25,
    "warnings": ["<i>odd</i>"],
    "findings": [
        {
            "key": "start_unreadable",
            "effect": "skipped",
            "words": "Programmes whose start cannot be read",
            "count": 42,
            "samples": [[1234, "<script>alert(1)</script>"], [0, SECRET_URL]],
        }
    ],
}


def test_the_page_of_a_source_shows_its_report(admin_client: Client) -> None:
    source = make_source(status="success", last_report=REPORT, url=SECRET_URL, username="alice", password="s3cret-pass")
    page = text_of(admin_client, reverse("guide:source", args=[source.pk]))
    for words in ("3,456", "789", "Programmes whose start cannot be read", "42", "line 1,234", "1.3 s", "2.0\xa0KB"):
        assert words in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;i&gt;odd&lt;/i&gt;" in page
    assert not any(secret in page for secret in SECRETS)


@pytest.mark.parametrize("report", [{}, [], {"findings": "none", "warnings": 3, "entries": "x"}, {"findings": [{}]}])
def test_reports_of_other_versions_do_no_harm(report: Any, admin_client: Client) -> None:
    source = make_source(status="success", last_report=report)
    text_of(admin_client, reverse("guide:source", args=[source.pk]))
    text_of(admin_client)
