"""The page of changes: filters, cards, charts, the streams behind a line, CSV and JSON (20 §10.4)."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from m3u_app.changes.models import Change, ChangeBatch, ChangeTotal, ChangeType, StreamChange
from m3u_app.models import Stream
from m3u_app.tests.refreshing import FileAccount, Users, playlist_of

FileAccounts = Callable[..., FileAccount]
LIST = "m3u_changes:list"


@pytest.fixture
def visitor(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    return client


@pytest.fixture
def changed(acme: FileAccount) -> FileAccount:
    """A first look; then C, D come, B goes, A gets another name; the group Old goes, New comes."""
    acme.refresh(playlist_of("A", "B", "X@Old", "Y@Old"))
    acme.refresh(playlist_of("A", "C", "D", "N@New").replace(",A\n", ",A plus\n"))
    return acme


def text_of(client: Client, query: str = "", **headers: Any) -> str:
    answer = client.get(f"{reverse(LIST)}{query}", **headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_page_says_when_changes_appear(visitor: Client) -> None:
    assert "No changes recorded yet" in text_of(visitor)


def test_the_cards_count_groups_by_lines_and_streams_by_streams(visitor: Client, changed: FileAccount) -> None:
    answer = visitor.get(f"{reverse(LIST)}?first=hide")
    numbers = {card.type: card.number for card in answer.context["cards"]}
    assert numbers == {
        "group_added": 1,
        "group_removed": 1,
        "streams_added": 2,
        "streams_removed": 1,
        "streams_renamed": 1,
        "streams_moved": 0,
    }
    assert answer.context["page"].total == 5


@pytest.mark.parametrize(
    ("query", "groups"),
    [
        ("?first=hide&type=group_removed", {"Old"}),
        ("?first=hide&q=plus", {"G"}),
        ("?first=hide&q=PLUS&type=streams_renamed", {"G"}),
        ("?first=hide&q=new", {"New"}),
        ("?first=hide&q=zz", set()),
        ("?first=hide&group=Old", {"Old"}),
        ("?first=hide&account=999", set()),
        ("?first=hide&enabled=no", set()),
        ("?first=hide&enabled=yes&type=group_added", {"New"}),
        ("?account=x&type=nonsense&range=never&size=7&page=-3&sort=evil&order=up&first=hide", {"G", "Old", "New"}),
    ],
)
def test_list_and_cards_obey_the_same_filters(visitor: Client, changed: FileAccount, query: str, groups: set[str]) -> None:
    answer = visitor.get(f"{reverse(LIST)}{query}")
    found = answer.context["page"].changes
    assert {change.group_name for change in found} == groups
    assert answer.context["summary"].rows == len(found)


def test_the_time_range_moves_list_and_cards(visitor: Client, changed: FileAccount) -> None:
    old = timezone.now() - timedelta(days=8)
    for model in (Change, ChangeTotal, ChangeBatch):
        model.objects.update(at=old)
    assert visitor.get(reverse(LIST)).context["summary"].rows == 0
    assert "No change matches" in text_of(visitor)
    assert visitor.get(f"{reverse(LIST)}?range=30d").context["summary"].rows > 0


def test_a_search_with_a_text_counts_as_the_totals_do(visitor: Client, changed: FileAccount) -> None:
    by_totals = visitor.get(f"{reverse(LIST)}?type=streams_added&first=hide").context["summary"]
    by_rows = visitor.get(f"{reverse(LIST)}?type=streams_added&first=hide&group=G").context["summary"]
    assert by_totals == by_rows


@pytest.mark.parametrize("sort", ["time", "account", "type", "group", "count", "enabled"])
def test_every_column_sorts_both_ways_with_the_newest_first_among_equals(
    visitor: Client, changed: FileAccount, sort: str
) -> None:
    down = [change.pk for change in visitor.get(f"{reverse(LIST)}?sort={sort}").context["page"].changes]
    up = [change.pk for change in visitor.get(f"{reverse(LIST)}?sort={sort}&order=asc").context["page"].changes]
    assert sorted(down) == sorted(up)
    if sort == "enabled":  # all equal
        assert down == up == sorted(down, reverse=True)


def test_pages_are_as_long_as_asked_and_end_where_the_list_ends(visitor: Client, acme: FileAccount) -> None:
    acme.refresh(playlist_of("A"))
    acme.refresh(playlist_of("A", *(f"S{n}@Group {n}" for n in range(60))))
    first = visitor.get(f"{reverse(LIST)}?size=25&first=hide").context["page"]
    last = visitor.get(f"{reverse(LIST)}?size=25&first=hide&page=999").context["page"]
    assert (len(first.changes), first.total, first.has_next) == (25, 60, True)
    assert (last.number, len(last.changes), last.has_next) == (3, 10, False)


def test_the_streams_behind_a_line_show_twenty_then_the_rest(visitor: Client, acme: FileAccount) -> None:
    acme.refresh(playlist_of("A"))
    acme.refresh(playlist_of("A", *(f"S{n:02}" for n in range(30))))
    change = Change.objects.get(change_type=ChangeType.STREAMS_ADDED, baseline=False)
    url = reverse("m3u_changes:streams", args=[change.pk])
    body = visitor.get(url, headers={"HX-Request": "true"}).content.decode()
    assert body.count('change-stream"') == 20
    assert "Show all (30)" in body
    rest = visitor.get(f"{url}?offset=20", headers={"HX-Request": "true"}).content.decode()
    assert rest.count('change-stream"') == 10
    assert "S29" in visitor.get(f"{url}?q=S29").content.decode()


def test_a_removed_stream_shows_the_channels_that_used_it(visitor: Client, acme: FileAccount, users: Users) -> None:
    acme.refresh(playlist_of("A", "B", "C"))
    lost = Stream.objects.get(name="B").pk
    users.ids = {lost}
    acme.refresh(playlist_of("A", "C"))
    change = Change.objects.get(change_type=ChangeType.STREAMS_REMOVED)
    assert change.in_use == 1
    assert [row.used_by for row in StreamChange.objects.filter(kind=2)] == [[[lost, f"Channel {lost}", 1]]]
    assert f"Channel {lost}" in visitor.get(reverse("m3u_changes:streams", args=[change.pk])).content.decode()
    assert visitor.get(f"{reverse(LIST)}?in_use=1").context["summary"].in_use == 1
    acme.refresh(playlist_of("A", "B", "C"))
    assert "is back since" in visitor.get(reverse("m3u_changes:streams", args=[change.pk])).content.decode()


def test_hostile_names_are_text_on_the_page_and_no_formula_in_the_file(visitor: Client, acme: FileAccount) -> None:
    acme.refresh(playlist_of("A"))
    evil = '#EXTINF:-1 group-title="G",=cmd|1+1\nhttp://h/1\n#EXTINF:-1 group-title="<script>alert(1)</script>",<b>x</b>\nhttp://h/2\n'
    acme.refresh(playlist_of("A") + evil)
    page = text_of(visitor)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    answer = visitor.get(f"{reverse('m3u_changes:export')}?first=hide")
    body = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(body)))
    assert {row["stream"] for row in rows} == {"'=cmd|1+1", "<b>x</b>"}
    assert answer["Content-Type"].startswith("text/csv")


def test_the_file_has_a_line_for_every_stream_of_the_filter(visitor: Client, changed: FileAccount) -> None:
    answer = visitor.get(f"{reverse('m3u_changes:export')}?first=hide&type=streams_added")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert [(row["account"], row["change"], row["group"], row["stream"]) for row in rows] == [
        ("Acme", "Streams added", "G", "C"),
        ("Acme", "Streams added", "G", "D"),
    ]


def test_programs_get_the_same_as_json(visitor: Client, changed: FileAccount) -> None:
    found = visitor.get("/api/m3u/changes?change_type=streams_renamed").json()
    assert found["total"] == 1
    assert found["results"][0]["stream_names"] == ["A → A plus"]
    summary = visitor.get("/api/m3u/changes/summary?hours=24").json()
    assert (summary["streams_removed"], summary["groups_removed"]) == (1, 1)
    snapshots = visitor.get(f"/api/m3u/snapshots?account_id={changed.account.pk}").json()["results"]
    assert [item["total_streams"] for item in snapshots] == [4, 4]
    assert {"name": "New", "enabled": True, "stream_count": 1} in snapshots[0]["groups"]
    assert visitor.get(f"/api/m3u/accounts/{changed.account.pk}/changes").json()["total"] == Change.objects.count()
    assert visitor.get("/api/m3u/accounts/999/changes").status_code == 404
    for bad in ("change_type=x", "enabled=maybe", "hours=-1", "page=0", "page_size=9999", "sort_by=x"):
        assert visitor.get(f"/api/m3u/changes?{bad}").status_code == 422


def test_the_number_of_queries_does_not_grow_with_changes(visitor: Client, file_account: FileAccounts) -> None:
    accounts = [file_account(f"A{number}") for number in range(3)]
    needed = []
    for streams in (0, 1, 200):
        for account in accounts:
            account.refresh(playlist_of("A", *(f"S{n}@Group {n % 20}" for n in range(streams))))
        with CaptureQueriesContext(connection) as asked:
            text_of(visitor)
        needed.append(len(asked))
    _nothing_yet, few, many = needed
    assert many <= few


def test_a_chart_shows_each_account_and_leaves_first_looks_out(visitor: Client, changed: FileAccount) -> None:
    (line,) = visitor.get(reverse(LIST)).context["timelines"]
    assert (line.name, line.added, line.removed) == ("Acme", 3, 3)
    assert len(line.bars) == 1
