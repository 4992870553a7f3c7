"""What is on air now, on rows whose channel has a guide: one query for all rows, asked again when a programme ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_app.channel_queries import channel_rows
from channels_app.finding.now_airing import now_airing
from channels_app.pane_filters import ChannelFilter
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_group
from epg_app.models import GuideEntry, Programme
from tests.browser.fixtures import Site

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
browser = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def airs(entry: GuideEntry, title: str, start: datetime, minutes: int) -> None:
    Programme.objects.create(entry=entry, title=title, start=start, stop=start + timedelta(minutes=minutes))


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("programmes", "expected"),
    [
        ([("News", -30, 60)], ("News", 30)),
        ([("News", 0, 60)], ("News", 60)),  # begins at this moment
        ([("Past", -60, 60)], None),  # ends at this moment: over
        ([("Past", -60, 60), ("Next", 20, 30)], ("", 20)),  # a gap: when it ends is known
        ([("Long", -60, 180), ("Inside", -10, 20)], ("Inside", 10)),  # of overlapping ones the later
        ([("News", -30, 60), ("Early", 10, 30)], ("News", 10)),  # the next one begins before this one is said to end
        ([("For ever", -60 * 30, 60 * 90)], None),  # began yesterday: a mistake of the guide
        ([("Tomorrow", 60 * 20, 60)], None),
        ([], None),
    ],
)
def test_the_programme_that_runs_at_a_moment(programmes: list[tuple[str, int, int]], expected: tuple[str, int] | None) -> None:
    entry, other = make_entry("cnn.us"), make_entry("bbc.uk")
    airs(other, "Elsewhere", at(-5), 10)
    for title, start, minutes in programmes:
        airs(entry, title, at(start), minutes)
    found = now_airing([entry.pk], at=NOON).get(entry.pk)
    assert (found and (found.title, found.until)) == (expected and (expected[0], at(expected[1])))


@pytest.mark.django_db
def test_rows_of_channels_with_a_guide_say_what_is_on_unless_that_is_switched_off(admin_client: Client) -> None:
    group = make_group("News")
    entry = make_entry("cnn.us")
    airs(entry, "Late <News>", timezone.now() - timedelta(minutes=5), 30)
    make_channel("CNN", "1", group=group, guide_entry=entry)
    make_channel("BBC", "2", group=group)
    rows = channel_rows(ChannelFilter(), group.pk).rows
    assert [row.now.title if row.now else None for row in rows] == ["Late <News>", None]
    assert ">Late &lt;News&gt;<" in admin_client.get(f"/channels/groups/{group.pk}/rows/").content.decode()
    assert "cm-now" not in admin_client.get(f"/channels/groups/{group.pk}/rows/?off=now").content.decode()


@pytest.mark.django_db
def test_all_rows_take_one_query_and_none_when_switched_off() -> None:
    group = make_group("News")

    def queries_of(wanted: ChannelFilter) -> int:
        with CaptureQueriesContext(connection) as queries:
            channel_rows(wanted, group.pk)
        return len(queries)

    counts = []
    for size in (1, 12):
        for place in range(size):
            entry = make_entry(f"{size}-{place}.uk")
            airs(entry, "Show", timezone.now() - timedelta(minutes=5), 30)
            make_channel(f"C{place}", str(place + 1), group=group, guide_entry=entry)
        counts.append((queries_of(ChannelFilter()), queries_of(ChannelFilter(columns_off=("now",)))))
    assert counts[0] == counts[1]
    assert counts[0][0] == counts[0][1] + 1


@pytest.mark.django_db
def test_the_page_asks_for_rows_whose_programme_ended(admin_client: Client) -> None:
    entry = make_entry("cnn.us")
    airs(entry, "Now", timezone.now() - timedelta(minutes=5), 30)
    cnn, bbc = make_channel("CNN", "1", guide_entry=entry), make_channel("BBC", "2")
    answer = admin_client.get(f"/channels/now/?ids={cnn.pk},{bbc.pk},77,nonsense")
    rows = answer.json()["rows"]
    assert list(rows) == [str(cnn.pk)]
    title, until, hint = rows[str(cnn.pk)]
    assert title == "Now"
    assert until > timezone.now().timestamp()
    assert hint.endswith(": Now")
    assert "no-store" in answer.headers["Cache-Control"]


class TestInABrowser:
    pytestmark = browser

    def test_a_title_changes_when_its_programme_ends_and_nothing_is_asked_before(self, at_work: Any, site: Site) -> None:
        group = make_group("News")
        entry = make_entry("cnn.us")
        now = timezone.now()
        airs(entry, "First show", now - timedelta(minutes=30), 60)
        airs(entry, "Second show", now + timedelta(minutes=30), 60)
        make_channel("CNN", "1", group=group, guide_entry=entry)
        asked: list[str] = []
        at_work.on("request", lambda request: asked.append(request.url) if "/channels/now/" in request.url else None)
        at_work.clock.install(time=now)
        at_work.goto(site.url(f"/channels/?open={group.pk}"))
        title = at_work.locator(".cm-now")
        title.wait_for()
        at_work.clock.run_for(29 * 60 * 1000)
        assert title.inner_text() == "First show"
        assert asked == []
        Programme.objects.filter(title="First show").update(stop=now - timedelta(seconds=1))
        Programme.objects.filter(title="Second show").update(
            start=now - timedelta(seconds=1)
        )  # the server's clock stands still
        at_work.clock.run_for(90 * 1000)
        at_work.locator(".cm-now", has_text="Second show").wait_for()
        assert len(asked) == 1
