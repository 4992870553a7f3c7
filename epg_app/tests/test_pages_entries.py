"""Guide channels and their programmes on the pages and in the admin (30 §7)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ecm_site.conf import save_settings
from epg_app.models import GuideEntry, Programme
from epg_app.tests.samples import HTMX, SECRET_URL, SECRETS, Mapping, make_entries, make_programme, make_source

pytestmark = pytest.mark.django_db

LIST = "/guide/channels/"


def text_of(client: Client, url: str = LIST, data: Any = None, **headers: Any) -> str:
    answer = client.get(url, data, headers=headers.get("headers"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_list_offers_the_next_step(admin_client: Client) -> None:
    assert "No guide channels yet" in text_of(admin_client)
    make_entries(make_source(), "a")
    assert "No guide channel matches “zzz”" in text_of(admin_client, data={"q": "zzz"})


def test_a_row_shows_names_ids_use_and_what_is_on(admin_client: Client, mapping: Mapping) -> None:
    source = make_source("Feed")
    (one,) = make_entries(source, "one.ie", name="RTÉ One", other_names=["RTE 1"], lcn="101", station_id="12345")
    make_entries(source, "gone.ie", in_feed=False)
    make_programme(one, timezone.now() - timedelta(minutes=10), title="Nine <b>News</b>")
    mapping.use("one.ie")
    page = text_of(admin_client)
    for words in ("RTÉ One", "RTE 1", "one.ie", "no. 101", "station 12345", "Nine &lt;b&gt;News", "Feed", "Gone"):
        assert words in page
    assert page.count("In use") == 1


def test_the_search_is_that_of_the_picker(admin_client: Client) -> None:
    make_entries(make_source("UK"), "sky.news", name="SKY News")
    make_entries(make_source("Ireland"), "fox5", name="FOX 5")
    assert "FOX 5" in text_of(admin_client, data={"q": "fox5"})
    part = text_of(admin_client, data={"q": "sky uk"}, headers=HTMX)
    assert "SKY News" in part
    assert "FOX 5" not in part
    assert "<html" not in part


def test_a_source_that_is_off_is_shown_when_it_is_chosen(admin_client: Client) -> None:
    off = make_source("Off", is_active=False)
    make_entries(off, "hidden", name="Hidden")
    assert "Hidden" not in text_of(admin_client)
    assert "Hidden" in text_of(admin_client, data={"source": off.pk})


def test_a_hundred_on_a_page(admin_client: Client) -> None:
    make_entries(make_source(), *(f"id{index:03}" for index in range(250)))
    page = text_of(admin_client)
    assert "1–100 of 250" in page
    assert "?page=2" in page
    assert "201–250 of 250" in text_of(admin_client, data={"page": "3"})
    for senseless in ("99", "0", "x", "-1", "9" * 30):
        text_of(admin_client, data={"page": senseless, "source": senseless, "q": "id\x00"})
    assert "201–250 of 250" in text_of(admin_client, data={"page": "99"})


def test_queries_do_not_grow_with_entries(admin_client: Client, mapping: Mapping) -> None:
    source = make_source()
    make_entries(source, "a")
    mapping.use("a")
    text_of(admin_client)
    with CaptureQueriesContext(connection) as few:
        text_of(admin_client)
    for entry in make_entries(source, *(f"id{index}" for index in range(150))):
        make_programme(entry, timezone.now() - timedelta(minutes=1))
    mapping.use("a", "id1", "id2")
    with CaptureQueriesContext(connection) as many:
        text_of(admin_client)
    assert len(many) == len(few)


# --- one guide channel --------------------------------------------------------------------------------------------------


@pytest.fixture
def entry() -> GuideEntry:
    return make_entries(make_source("Feed", url=SECRET_URL), "one.ie", name="<b>One</b>", icon_url="http://logo.example/1.png")[
        0
    ]


def page_of(client: Client, entry: GuideEntry, **data: Any) -> str:
    return text_of(client, reverse("guide:entry", args=[entry.pk]), data)


def test_without_programmes_the_page_says_why(admin_client: Client, entry: GuideEntry) -> None:
    page = page_of(admin_client, entry)
    assert "They are loaded when a channel uses this guide channel" in page
    for day in ("9999-12-31", "0001-01-01"):
        assert "No programmes" in page_of(admin_client, entry, day=day)
    assert "&lt;b&gt;One&lt;/b&gt;" in page
    assert not any(secret in page for secret in SECRETS)


def test_days_begin_at_midnight_of_the_operator(admin_client: Client, entry: GuideEntry) -> None:
    """Half an hour before and after midnight UTC are the same evening in New York."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    make_programme(entry, midnight - timedelta(minutes=30), hours=0.25, title="Before midnight")
    make_programme(entry, midnight + timedelta(minutes=30), hours=0.25, title="After midnight")
    day = midnight.date()
    utc = page_of(admin_client, entry, day=day.isoformat())
    assert "After midnight" in utc
    assert "Before midnight" not in utc
    assert "00:30" in utc
    save_settings(time_zone="America/New_York")
    try:
        page = page_of(admin_client, entry, day=(day - timedelta(days=1)).isoformat())
    finally:
        save_settings(time_zone="")
    assert "After midnight" in page
    assert "Before midnight" in page
    assert "America/New_York" in page


def test_a_programme_over_midnight_is_on_both_days(admin_client: Client, entry: GuideEntry) -> None:
    midnight = datetime(2030, 5, 2, tzinfo=UTC)
    make_programme(entry, midnight - timedelta(hours=1), hours=2, title="Late film")
    make_programme(entry, midnight + timedelta(hours=3), title="Morning")
    assert "Late film" in page_of(admin_client, entry, day="2030-05-01")
    assert "Late film" in page_of(admin_client, entry, day="2030-05-02")
    assert "Morning" not in page_of(admin_client, entry, day="2030-05-01")


def test_a_guide_of_the_past_opens_at_its_last_day(admin_client: Client, entry: GuideEntry) -> None:
    make_programme(entry, datetime(2020, 5, 1, 10, tzinfo=UTC), title="First")
    make_programme(entry, datetime(2020, 5, 3, 10, tzinfo=UTC), title="Last")
    page = page_of(admin_client, entry)
    assert "Sunday, 3 May 2020" in page
    assert "Last" in page
    assert "?day=2020-05-02" in page
    assert "no programmes for this day" in page_of(admin_client, entry, day="2020-05-02")
    for senseless in ("", "x", "2020-99-99", "0001-01-01", "9999-12-31"):
        page_of(admin_client, entry, day=senseless)


def test_what_a_programme_says_is_escaped(admin_client: Client, entry: GuideEntry) -> None:
    make_programme(
        entry,
        timezone.now() - timedelta(minutes=1),
        title="<script>t</script>",
        sub_title="<script>s</script>",
        description="<script>d</script>",
        categories=["<script>c</script>"],
        season=2,
        episode=5,
        extra={"flags": ["new", "last_chance"]},
    )
    page = page_of(admin_client, entry)
    for letter in "tsdc":
        assert f"&lt;script&gt;{letter}&lt;/script&gt;" in page
        assert f"<script>{letter}</script>" not in page
    for words in ("S2 E5", "new", "last chance", "is-now"):
        assert words in page


def test_a_day_without_end_is_cut(admin_client: Client, entry: GuideEntry) -> None:
    begin = datetime(2030, 5, 1, tzinfo=UTC)
    Programme.objects.bulk_create(
        Programme(entry=entry, start=begin + timedelta(minutes=index), stop=begin + timedelta(minutes=index + 1), title="T")
        for index in range(600)
    )
    page = page_of(admin_client, entry, day="2030-05-01")
    assert page.count("<time") == 1000
    assert "Only the first 500 programmes" in page


# --- admin --------------------------------------------------------------------------------------------------------------


def test_the_admin_shows_rows_but_no_secret(admin_client: Client, entry: GuideEntry) -> None:
    source = entry.source
    source.username, source.password = "alice", "s3cret-pass"
    source.save()
    airing = make_programme(entry, timezone.now())
    for model, pk in (("guidesource", source.pk), ("guideentry", entry.pk), ("programme", airing.pk)):
        for url in (
            reverse(f"admin:epg_app_{model}_changelist"),
            reverse(f"admin:epg_app_{model}_change", args=[pk]),
        ):
            assert not any(secret in text_of(admin_client, url) for secret in SECRETS)
        assert admin_client.get(reverse(f"admin:epg_app_{model}_add")).status_code == 403


def test_the_admin_searches_by_id_and_by_name(admin_client: Client, entry: GuideEntry) -> None:
    make_programme(entry, timezone.now(), title="Wanted")
    (other,) = make_entries(entry.source, "two.ie", name="Two")
    make_programme(other, timezone.now(), title="Unwanted")
    programmes = reverse("admin:epg_app_programme_changelist")
    for words in (str(entry.pk), "one.ie"):
        page = text_of(admin_client, programmes, {"q": words})
        assert "Wanted" in page
        assert "Unwanted" not in page
    entries = text_of(admin_client, reverse("admin:epg_app_guideentry_changelist"), {"q": "two", "source": "9" * 30})
    assert "two.ie" in entries
    assert "one.ie" not in entries


def test_the_admin_never_counts_all_programmes(admin_client: Client, entry: GuideEntry) -> None:
    make_programme(entry, timezone.now())
    with CaptureQueriesContext(connection) as asked:
        text_of(admin_client, reverse("admin:epg_app_programme_changelist"))
    counts = [query["sql"] for query in asked if "COUNT(" in query["sql"] and "programme" in query["sql"]]
    assert all("LIMIT" in sql for sql in counts)
