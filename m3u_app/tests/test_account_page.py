"""The page of one account: its last refresh, provider, guides, missing streams; and the answer to a shrunken refresh."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from m3u_app import guide_offers
from m3u_app.guide_offers import GuideRefused, GuideTaken, register_guide_taker
from m3u_app.models import Account
from m3u_app.tests.account_samples import HTMX, SECRETS, make_account, make_groups, make_streams, make_xtream
from tasks_app.models import JournalEntry, TaskRun

pytestmark = pytest.mark.django_db

REPORT = {
    "streams_total": 1200,
    "created": 30,
    "updated": 0,
    "stale": 4,
    "removed": 0,
    "groups": 12,
    "duplicate": 7,
    "seconds": 3.25,
    "dropped": {"no_url": 2, "bad_url": 5, "future_reason": 1},
    "samples": {"bad_url": [[17, "plugin://x <b>"], [18, "http://u:s3cret-pass@h/x"]]},
    "notes": ["The last line was cut."],
    "groups_renamed": [["Sports", "US Sports"]],
}


def page_of(client: Client, account: Account) -> str:
    answer = client.get(reverse("m3u:account", args=[account.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_account_that_never_was_refreshed_says_so(admin_client: Client) -> None:
    page = page_of(admin_client, make_account())
    assert "There has been no successful refresh yet." in page
    assert "No run yet." in page


def test_the_report_counts_reasons_with_samples(admin_client: Client) -> None:
    page = page_of(admin_client, make_account(last_report=REPORT))
    for words in ("1,200", "Addresses that cannot be played: ", "Entries without an address: ", "Future reason", "line 17"):
        assert words in page
    assert "plugin://x &lt;b&gt;" in page
    assert "The last line was cut." in page
    assert "renamed “Sports” to “US Sports”" in page
    assert "3.2 s" in page or "3.3 s" in page
    assert "s3cret-pass" not in page


@pytest.mark.parametrize(
    "report", [[], "text", {"dropped": [1], "samples": 5, "notes": "x", "created": "many"}, {"samples": {"a": 1}}]
)
def test_a_report_of_another_version_does_no_harm(report: Any, admin_client: Client) -> None:
    page_of(admin_client, make_account(last_report=report, provider_info=report if isinstance(report, dict) else {}))


def test_what_the_provider_says_is_shown(admin_client: Client) -> None:
    info = {"status": "Active", "is_trial": True, "active_connections": 1, "max_connections": 3, "message": "<i>Hi</i>"}
    page = page_of(admin_client, make_xtream(provider_info=info, exp_date=datetime(2030, 5, 1, 12, tzinfo=UTC)))
    for words in ("Active", "Trial", "Connections allowed", "2030-05-01", "&lt;i&gt;Hi&lt;/i&gt;"):
        assert words in page


def test_missing_streams_are_listed_longest_missing_first(admin_client: Client) -> None:
    account = make_account()
    group = make_groups(account, "News")[0]
    now = timezone.now()
    for days in (1, 5, 3):
        stream = make_streams(account, group, 1, is_stale=True, last_seen=now - timedelta(days=days))[0]
        account.streams.filter(pk=stream.pk).update(name=f"gone {days}")
    make_streams(account, group, 2)
    page = page_of(admin_client, account)
    assert "3 missing streams" in page
    assert page.index("gone 5") < page.index("gone 3") < page.index("gone 1")
    assert "Stream 0" not in page


def test_thousands_of_missing_streams_do_not_make_a_long_page(admin_client: Client) -> None:
    account = make_account()
    make_streams(account, make_groups(account, "News")[0], 20, is_stale=True, last_seen=timezone.now())
    with CaptureQueriesContext(connection) as few:
        page_of(admin_client, account)
    make_streams(account, account.groups.first(), 2000, is_stale=True, last_seen=timezone.now())
    with CaptureQueriesContext(connection) as many:
        page = page_of(admin_client, account)
    assert len(many) <= len(few) + 1  # the count of what is not listed
    assert "2,020 missing streams" in page
    assert "and 1,920 more" in page
    assert len(page) < 120_000


def test_no_secret_is_on_the_page(admin_client: Client) -> None:
    account = make_xtream(last_message="failed at http://h/live/alice/s3cret-pass/1.ts", status="error")
    make_streams(account, None, 3, is_stale=True, last_seen=timezone.now())
    TaskRun.objects.create(
        task_id="m3u_refresh", lock_key=f"m3u:{account.pk}", title="x", status="failed", message="http://alice:s3cret-pass@h/"
    )
    page = page_of(admin_client, account)
    for secret in SECRETS:
        assert secret not in page


# --- guides -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def take(name: str, url: str) -> GuideTaken:
        if "refused" in url:
            raise GuideRefused("This guide is there already.")
        found.append((name, url))
        return GuideTaken("/guide/", "The guide was added.")

    monkeypatch.setattr(guide_offers, "_takers", [])
    register_guide_taker(take)
    return found


GUIDES = ["http://epg.example/a.xml", "http://tv.example/xmltv.php?username=alice&password=s3cret-pass", "http://refused/"]


def test_guides_of_a_playlist_are_offered_masked_and_taken_whole(admin_client: Client, taken: list[tuple[str, str]]) -> None:
    account = make_account(playlist_header={"guides": GUIDES})
    page = page_of(admin_client, account)
    assert page.count("Add as guide source") == 3
    assert "password=***" in page
    assert "s3cret-pass" not in page
    answer = admin_client.post(reverse("m3u:add_guide", args=[account.pk]), {"position": "1"})
    assert answer.headers["Location"] == "/guide/"
    assert taken == [("Acme 2", GUIDES[1])]


def test_a_panels_guide_is_offered_with_the_current_login(admin_client: Client, taken: list[tuple[str, str]]) -> None:
    account = make_xtream("Panel")
    assert "xmltv.php?username=***&amp;password=***" in page_of(admin_client, account)
    admin_client.post(reverse("m3u:add_guide", args=[account.pk]), {"position": "0"})
    assert taken == [("Panel", "http://panel.example:8080/xmltv.php?username=alice&password=s3cret-pass")]


@pytest.mark.parametrize("position", ["2", "9", "-1", "x", "", "9" * 30])
def test_a_guide_that_cannot_be_taken_is_told(position: str, admin_client: Client, taken: list[tuple[str, str]]) -> None:
    account = make_account(playlist_header={"guides": GUIDES})
    answer = admin_client.post(reverse("m3u:add_guide", args=[account.pk]), {"position": position}, follow=True)
    assert taken == []
    text = answer.content.decode()
    assert "This guide is there already." in text or "no longer offers this guide" in text


def test_odd_headers_offer_nothing(admin_client: Client) -> None:
    for header in ({}, {"guides": "x"}, {"guides": None}, []):
        page_of(admin_client, make_account(f"A {header}"[:50], playlist_header=header))


# --- a refresh that was held back ---------------------------------------------------------------------------------------

HELD = {
    "before": 1000,
    "after": 100,
    "lost": 900,
    "at": "2026-11-01T10:00:00+00:00",
    "groups": [{"name": "News <b>", "before": 600, "after": 0}, {"name": "Kids", "before": 400, "after": 100}],
    "samples": ["BBC One"],
}


def test_the_row_and_the_page_ask(admin_client: Client) -> None:
    account = make_account(status="error", last_message="The provider now has 100 streams instead of 1,000.", held_back=HELD)
    row = admin_client.get(reverse("m3u:accounts")).content.decode()
    assert "Needs your answer" in row
    assert reverse("m3u:held_back", args=[account.pk]) in row
    assert reverse("m3u:held_back", args=[account.pk]) in page_of(admin_client, account)


def test_the_question_shows_counts_per_group(admin_client: Client) -> None:
    account = make_account(held_back=HELD)
    page = admin_client.get(reverse("m3u:held_back", args=[account.pk])).content.decode()
    for words in ("1,000", "100", "(10 %)", "News &lt;b&gt;", "600", "BBC One", "2026-11-01"):
        assert words in page


def test_yes_refreshes_and_accepts(admin_client: Client) -> None:
    account = make_account(held_back=HELD)
    answer = admin_client.post(reverse("m3u:held_back", args=[account.pk]), {"answer": "accept"})
    assert answer.status_code == 302
    asked = {"account_ids": [account.pk], "accept_shrunken": True}
    assert asked.items() <= TaskRun.objects.get().parameters.items()


def test_no_forgets_the_question_and_is_journalled(admin_client: Client) -> None:
    account = make_account(held_back=HELD)
    admin_client.post(reverse("m3u:held_back", args=[account.pk]), {"answer": "keep"})
    account.refresh_from_db()
    assert account.held_back == {}
    assert not TaskRun.objects.exists()
    assert "Kept the streams" in JournalEntry.objects.get().description


def test_without_a_question_there_is_nothing_to_answer(admin_client: Client) -> None:
    account = make_account()
    url = reverse("m3u:held_back", args=[account.pk])
    assert admin_client.get(url).status_code == 302
    assert admin_client.post(url, {"answer": "accept"}, headers=HTMX).status_code == 204
    assert not TaskRun.objects.exists()
