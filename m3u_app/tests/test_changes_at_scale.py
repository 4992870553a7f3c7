"""What keeps the page of changes quick: one bounded search for all of it, and pages that are not sorted out of everything."""

import random
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from m3u_app.changes import find_text as finding
from m3u_app.changes.filters import ChangeFilter
from m3u_app.changes.find_text import find_text
from m3u_app.changes.models import Change, ChangeBatch, StreamChangeKind
from m3u_app.changes.queries import change_page, summarise
from m3u_app.changes.sorted_page import SORTS, line_ids
from m3u_app.changes.sum_up import Group, Sums, sum_up
from m3u_app.models import Account
from m3u_app.write_turns import WriteTurns

NOW = timezone.now()
KINDS = [StreamChangeKind.ADDED, StreamChangeKind.REMOVED, StreamChangeKind.RENAMED, StreamChangeKind.MOVED]
PLAIN = {
    "time": "at",
    "account": "account__name",
    "type": "change_type",
    "group": "group_name",
    "count": "count",
    "enabled": "enabled",
}


def record(
    account: Account, groups: list[Group], *, at: datetime, counts: dict[tuple[StreamChangeKind, int], int]
) -> ChangeBatch:
    batch = ChangeBatch.objects.create(account=account, at=at, summarised=True)
    sums = Sums()
    sums.streams.update(counts)
    if any(kind == StreamChangeKind.REMOVED for kind, _ in counts):
        sums.in_use[groups[0].id] = 1
    sum_up(batch, groups, sums, WriteTurns())
    return batch


@pytest.fixture
def recorded(db: None) -> list[Account]:
    """Some accounts with many changes, some with one or two, and some in between; names out of the order of ids."""
    pick = random.Random(5)
    groups = [Group(number + 1, f"Group {number % 4}", enabled=number % 3 > 0) for number in range(7)]
    accounts = [Account.objects.create(name=name) for name in ("Mid", "zulu", "Alpha", "one", "two", "Big", "none")]
    for number, account in enumerate(accounts[:-1]):
        for day in range((4, 3, 5, 1, 1, 9)[number]):
            chosen = pick.sample([(kind, group.id) for kind in KINDS for group in groups], (8, 3, 9, 1, 2, 11)[number])
            record(
                account,
                groups,
                at=NOW - timedelta(days=day * 3, minutes=number),
                counts={key: pick.randint(1, 5) for key in chosen},
            )
    return accounts


def expected(wanted: ChangeFilter, sort: str, *, descending: bool) -> list[int]:
    """The whole list as Python sorts it; among equals the newest come first either way."""
    newest = wanted.changes().order_by("-pk" if sort in ("time", "count") else "-at", "-pk")
    lines = list(newest.values_list(PLAIN[sort], "pk"))
    ranks = {value: place for place, value in enumerate(sorted({value for value, _ in lines}, reverse=descending))}
    return [pk for _, pk in sorted(lines, key=lambda line: ranks[line[0]])]


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"since": NOW - timedelta(days=10)},
        {"enabled": True},
        {"enabled": False, "change_type": "streams_added"},
        {"in_use": True},
        {"group": "Group 2"},
        {"text": "Group 2"},
        {"account_id": -1},
    ],
    ids=lambda filters: "-".join(filters) or "all",  # no moments: parallel runs must agree on all names
)
def test_pages_of_every_size_make_up_the_sorted_list(recorded: list[Account], filters: dict[str, Any]) -> None:
    wanted = ChangeFilter(**{**filters, "account_id": recorded[0].pk if "account_id" in filters else 0})
    for sort, descending in product(SORTS, (True, False)):
        whole = expected(wanted, sort, descending=descending)
        assert whole, "a list without lines would prove nothing"
        for size in (3, 25, 1000):
            found: list[int] = []
            for start in range(0, len(whole), size):
                found += line_ids(wanted, sort, descending=descending, start=start, size=size)
            assert found == whole, (sort, descending, size)
        assert line_ids(wanted, sort, descending=descending, start=len(whole), size=25) == []


@pytest.mark.parametrize("sort", ["account", "type", "enabled"])
def test_a_page_asks_the_same_few_questions_however_many_accounts_are_on_it(recorded: list[Account], sort: str) -> None:
    for number in range(30):
        account = Account.objects.create(name=f"Small {number:02}")
        record(account, [Group(1, "G")], at=NOW, counts={(KINDS[0], 1): 1})
    with CaptureQueriesContext(connection) as captured:
        assert len(line_ids(ChangeFilter(), sort, descending=False, start=20, size=100)) == 100
    assert len(captured) <= 5


def test_without_a_text_the_filter_stays_as_it_is(recorded: list[Account]) -> None:
    wanted = ChangeFilter(text=" ", enabled=True)
    assert find_text(wanted) == (wanted, False)


@pytest.mark.parametrize(
    "filters", [{}, {"since": NOW - timedelta(days=8)}, {"enabled": False}, {"in_use": True}, {"change_type": "streams_moved"}]
)
def test_what_was_found_beforehand_is_what_the_filter_finds(recorded: list[Account], filters: dict[str, Any]) -> None:
    for text in ("Group 2", "p 3", "2", "nothing", "%", "x' OR 1=1"):
        wanted = ChangeFilter(text=text, **filters)
        found, is_cut = find_text(wanted)
        assert not is_cut
        assert set(found.changes().values_list("pk", flat=True)) == set(wanted.changes().values_list("pk", flat=True)), text
        assert summarise(found) == summarise(wanted)


def test_of_very_many_only_the_newest_are_counted_and_listed(recorded: list[Account], monkeypatch: pytest.MonkeyPatch) -> None:
    everything = list(ChangeFilter(text="Group").changes().order_by("-pk").values_list("pk", flat=True))
    monkeypatch.setattr(finding, "MOST_FOUND", len(everything))
    assert find_text(ChangeFilter(text="Group"))[1] is False
    monkeypatch.setattr(finding, "MOST_FOUND", 30)
    wanted, is_cut = find_text(ChangeFilter(text="Group"))
    assert is_cut
    summary = summarise(wanted)
    assert summary.rows == 30
    page = change_page(wanted, summary.rows, sort="count", descending=True, size=100)
    assert sorted((change.pk for change in page.changes), reverse=True) == everything[:30]


def test_a_line_written_late_is_found_though_its_refresh_began_first(db: None) -> None:
    """Two refreshes overlap: the one that began first writes its lines last, so their ids are the higher ones."""
    slow, quick = (Account.objects.create(name=name) for name in ("Slow", "Quick"))
    groups = [Group(1, "Zebra")]
    counts = {(KINDS[0], 1): 1}
    old = record(quick, groups, at=NOW - timedelta(days=9), counts=counts)
    began_first = ChangeBatch.objects.create(account=slow, at=NOW - timedelta(days=2), summarised=True)
    between = record(quick, groups, at=NOW - timedelta(days=1), counts=counts)
    sums = Sums()
    sums.streams.update(counts)
    sum_up(began_first, groups, sums, WriteTurns())
    for since, batches in ((3, {began_first.pk, between.pk}), (30, {old.pk, began_first.pk, between.pk}), (1.5, {between.pk})):
        found, _ = find_text(ChangeFilter(text="zebra", since=NOW - timedelta(days=since)))
        assert set(found.changes().values_list("batch_id", flat=True)) == batches
    assert find_text(ChangeFilter(text="zebra", since=NOW))[0].only == ()


def test_the_page_says_when_it_shows_the_newest_only(recorded: list[Account], monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    url = f"{reverse('m3u_changes:list')}?range=all&q=group"
    whole = client.get(url)
    assert whole.context["page"].total == Change.objects.count()
    assert "newest" not in whole.content.decode()
    monkeypatch.setattr(finding, "MOST_FOUND", 30)
    monkeypatch.setattr("m3u_app.views.changes.MOST_FOUND", 30)
    cut = client.get(url)
    assert "This text is in more than 30 changes." in cut.content.decode()
    assert "30+ changes" in cut.content.decode()
    assert cut.context["page"].total == 30


def test_sorting_by_account_or_state_reads_no_more_than_the_page(recorded: list[Account]) -> None:
    """Each question is answered in the order of an index: nothing is put into a list to be sorted."""
    with CaptureQueriesContext(connection) as captured:
        for sort in ("account", "type", "enabled"):
            line_ids(ChangeFilter(since=NOW - timedelta(days=30)), sort, descending=True, start=3, size=10)
    asked = [query["sql"] for query in captured if 'FROM "m3u_app_change"' in query["sql"] and " IN (" not in query["sql"]]
    assert len(asked) >= 3
    for sql in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            assert not any("TEMP B-TREE" in str(row) for row in cursor.fetchall()), sql
