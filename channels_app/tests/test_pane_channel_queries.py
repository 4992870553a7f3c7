"""The left pane: which groups and rows are shown, in which order, with which counts (10 §2.2, §3, §4)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_app.channel_queries import (
    channel_ids,
    channel_rows,
    open_pages,
    rows_by_id,
    search_channels,
)
from channels_app.channel_tree import channel_tree, refreshed_tree
from channels_app.finding.group_picker import group_choices
from channels_app.group_summaries import LineupTotals, found_groups, lineup_summary, lineup_totals
from channels_app.models import Channel, ChannelGroup
from channels_app.pane_filters import ChannelFilter
from channels_app.tests.lineup_fixtures import (
    make_channel,
    make_channels,
    make_entry,
    make_group,
    make_streams,
)

pytestmark = pytest.mark.django_db
EVERYTHING = ChannelFilter()


def names(wanted: ChannelFilter) -> list[str]:
    return sorted(Channel.objects.filter(pk__in=channel_ids(wanted)).values_list("name", flat=True))


def queries_of(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        work()
    return len(queries)


def age(group: ChannelGroup) -> None:
    ChannelGroup.objects.filter(pk=group.pk).update(created_at=timezone.now() - timedelta(days=2))


def test_uncategorized_stands_first_even_when_empty_then_groups_by_place() -> None:
    high, low, pinned = make_group("High"), make_group("Low"), make_group("Pinned", position=1)
    make_channels(high, A="500")
    make_channels(low, B="4.5", C="600", D=None)
    make_channels(pinned, E="900")
    summary = lineup_summary(EVERYTHING)
    assert [group.name for group in summary.groups] == ["Uncategorized", "Pinned", "Low", "High"]
    by_name = {group.name: group for group in summary.groups}
    assert (by_name["Low"].count, by_name["Low"].range) == (3, "#4.5–600")
    assert by_name["High"].range == "#500"
    assert by_name["Uncategorized"].range == ""
    assert lineup_totals().channels == summary.shown == 5


def test_empty_groups_show_while_they_are_new_or_asked_for() -> None:
    old, _ = make_group("Old"), make_group("New")
    age(old)
    summary = lineup_summary(EVERYTHING)
    assert [group.name for group in summary.groups] == ["Uncategorized", "New"]
    assert summary.hidden_empty_groups == 1
    assert summary.groups[1].is_empty
    assert [group.name for group in lineup_summary(ChannelFilter(show_empty=True)).groups] == ["Uncategorized", "New", "Old"]
    assert [group.name for group in lineup_summary(ChannelFilter(groups=(old.pk,))).groups] == ["Uncategorized", "Old"]


def test_channels_without_streams_are_counted_by_group_and_in_all() -> None:
    group = make_group("News")
    make_channel("Full", "1", group=group, streams=make_streams(["a"]))
    make_channel("Bare", "2", group=group)
    make_channel("Loose")
    summary = lineup_summary(EVERYTHING)
    assert summary.totals == lineup_totals() == LineupTotals(channels=3, without_streams=2, shared_numbers=0)
    assert {item.name: item.without_streams for item in summary.groups} == {"Uncategorized": 1, "News": 1}


def test_rows_stand_by_number_with_unnumbered_ones_last() -> None:
    group = make_group()
    make_channels(group, Ten="10", Two="2", Decimal="2.5", None_b=None, Huge="12345", None_a=None)
    page = channel_rows(EVERYTHING, group.pk)
    assert [row.channel.name for row in page.rows] == ["Two", "Decimal", "Ten", "Huge", "None_a", "None_b"]
    assert page.next_offset is None


def test_long_groups_come_in_pages() -> None:
    group = make_group()
    for number in range(5):
        make_channel(f"C{number}", str(number + 1), group=group)
    first = channel_rows(EVERYTHING, group.pk, limit=2)
    assert (first.next_offset, first.total) == (2, 5)
    last = channel_rows(EVERYTHING, group.pk, offset=4, limit=2)
    assert [row.channel.name for row in last.rows] == ["C4"]
    assert last.next_offset is None


def test_rows_say_how_their_streams_are_and_which_numbers_are_shared() -> None:
    fresh, stale = make_streams(["fresh"]) + make_streams(["stale"], is_stale=True)
    make_channel("None", "1")
    make_channel("Ok", "2", streams=[stale, fresh])
    make_channel("Stale", "3", streams=[stale])
    make_channel("Twin", "3", group=make_group())
    rows = {row.channel.name: row for row in channel_rows(EVERYTHING, 0).rows}
    assert {name: (row.streams.count, row.streams.kind) for name, row in rows.items()} == {
        "None": (0, "none"),
        "Ok": (2, "ok"),
        "Stale": (1, "stale"),
    }
    assert {name: row.shares_number for name, row in rows.items()} == {"None": False, "Ok": False, "Stale": True}
    assert lineup_totals().shared_numbers == 1


def test_search_looks_into_names_and_numbers_of_the_whole_lineup() -> None:
    group = make_group()
    make_channels(group, BBC_One="101", Sky_News="4.1", Fox="1012")
    make_channel("Österreich 1", "7")
    make_channel("100 % real_thing", "8")
    assert names(ChannelFilter(text="bbc")) == ["BBC_One"]
    assert names(ChannelFilter(text="101")) == ["BBC_One", "Fox"]
    assert names(ChannelFilter(text="4.1")) == ["Sky_News"]
    assert names(ChannelFilter(text="ÖSTERREICH")) == ["Österreich 1"]
    assert names(ChannelFilter(text="%")) == ["100 % real_thing"]
    assert names(ChannelFilter(text="_thing")) == ["100 % real_thing"]
    assert names(ChannelFilter(text="' OR 1=1 --")) == []


def test_a_search_shows_groups_with_hits_and_both_counts() -> None:
    news, sports = make_group("News"), make_group("Sports")
    make_channels(news, CNN="1", BBC="2")
    make_channels(sports, ESPN="3")
    summary = lineup_summary(ChannelFilter(text="cnn"))
    assert [(group.name, group.shown, group.count) for group in summary.groups] == [("Uncategorized", 0, 0), ("News", 1, 2)]
    assert (summary.shown, lineup_totals().channels) == (1, 3)


def test_a_search_counts_what_its_own_page_shows_and_no_more() -> None:
    """Typed letters wait for nothing that they do not change: the totals, and what groups out of sight would say."""
    for place in range(3):
        group = make_group(f"G{place}")
        make_channel(f"Full {place}", str(place), group=group, streams=make_streams([f"s{place}"]))
        make_channel(f"Bare {place}", str(place + 10), group=group)
    wanted = ChannelFilter(text="a")
    whole, page = lineup_summary(wanted), found_groups(wanted, first=1, limit=2)
    assert page.totals is None
    assert (page.shown, len(page.groups)) == (whole.shown, 4)
    assert [group.name for group in page.groups] == [group.name for group in whole.groups]
    assert page.groups[1:3] == whole.groups[1:3]
    assert [group.without_streams for group in page.groups] == [0, 1, 1, 0]


def test_missing_things_are_combined_with_or() -> None:
    entry = make_entry("x")
    make_channel("All", logo_url="http://l.example/x", tvg_id="x", gracenote_id="1", guide_entry=entry)
    make_channel("No guide", logo_url="http://l.example/x", tvg_id="x", gracenote_id="1")
    make_channel("No logo", tvg_id="x", gracenote_id="1", guide_entry=entry)
    make_channel("Wants none", logo_url="http://l.example/x", tvg_id="x", gracenote_id="1", no_epg=True)
    assert names(ChannelFilter(missing=("logo",))) == ["No logo"]
    assert names(ChannelFilter(missing=("guide",))) == ["No guide"]
    assert names(ChannelFilter(missing=("logo", "guide"))) == ["No guide", "No logo"]
    assert names(ChannelFilter(missing=("tvg_id", "gracenote"))) == []


def test_stream_and_number_filters() -> None:
    fresh, stale = make_streams(["fresh"]) + make_streams(["stale"], is_stale=True)
    make_channel("None", "1")
    make_channel("Both", "2", streams=[stale, fresh])
    make_channel("Stale", "3", streams=[stale])
    make_channel("Twin", "3")
    assert names(ChannelFilter(without_streams=True)) == ["None", "Twin"]
    assert names(ChannelFilter(only_stale=True)) == ["Stale"]
    assert names(ChannelFilter(duplicates=True)) == ["Stale", "Twin"]
    assert names(ChannelFilter(duplicates=True, without_streams=True)) == ["Twin"]


def test_picked_groups_leave_uncategorized_in_sight() -> None:
    news, sports = make_group("News"), make_group("Sports")
    make_channels(news, CNN="1")
    make_channels(sports, ESPN="3")
    make_channel("Loose")
    assert names(ChannelFilter(groups=(news.pk,))) == ["CNN", "Loose"]
    assert [group.name for group in lineup_summary(ChannelFilter(groups=(news.pk,))).groups] == ["Uncategorized", "News"]
    choices = group_choices(ChannelFilter(groups=(news.pk,)), "SPO")
    assert [(item.name, item.count, item.chosen) for item in choices.options] == [("News", 1, True), ("Sports", 1, False)]


def test_ids_of_ticked_groups_follow_the_filter() -> None:
    news, sports = make_group("News"), make_group("Sports")
    channels = make_channels(news, CNN="1", BBC="2") | make_channels(sports, ESPN="3")
    loose = make_channel("Loose")
    assert channel_ids(EVERYTHING, [news.pk]) == [channels["CNN"].pk, channels["BBC"].pk]
    assert channel_ids(ChannelFilter(text="b"), [news.pk]) == [channels["BBC"].pk]
    assert channel_ids(EVERYTHING, [0]) == [loose.pk]
    assert set(channel_ids(EVERYTHING, [0, sports.pk])) == {loose.pk, channels["ESPN"].pk}


def test_a_picker_finds_channels_by_name_or_number() -> None:
    make_channels(None, CNN="5", BBC="50", ESPN="7")
    assert [channel.name for channel in search_channels("5")] == ["CNN", "BBC"]
    assert [channel.name for channel in search_channels("")] == ["CNN", "ESPN", "BBC"]


def test_open_groups_arrive_together_as_they_would_alone() -> None:
    news, sports = make_group("News"), make_group("Sports")
    make_channels(news, A="3", B="1", C=None, D="2")
    make_channels(sports, E="9", F="8")
    make_channel("Loose", "5")
    pages = open_pages(EVERYTHING, {news.pk: 3, sports.pk: 100, 0: 100}, {news.pk: 4, sports.pk: 2, 0: 1})
    assert [row.channel.name for row in pages[news.pk].rows] == ["B", "D", "A"]
    assert pages[news.pk].next_offset == 3
    assert pages[sports.pk].next_offset is None
    for group_id in (sports.pk, 0):
        alone = channel_rows(EVERYTHING, group_id)
        assert [row.channel.pk for row in pages[group_id].rows] == [row.channel.pk for row in alone.rows]


def test_a_first_view_opens_what_was_left_open_and_a_search_opens_every_hit() -> None:
    news, sports = make_group("News"), make_group("Sports")
    make_channels(news, CNN="1")
    make_channels(sports, ESPN="2")
    tree = channel_tree(EVERYTHING, open_groups=[sports.pk])
    assert {node.summary.name: node.is_open for node in tree.nodes} == {"Uncategorized": False, "News": False, "Sports": True}
    found = channel_tree(ChannelFilter(text="N"))
    assert [node.page is not None for node in found.nodes if node.summary.shown] == [True, True]


def test_a_refresh_sends_only_what_changed_while_the_order_of_groups_holds() -> None:
    news, sports = make_group("News"), make_group("Sports")
    cnn = make_channels(news, CNN="1")["CNN"]
    make_channels(sports, ESPN="2")
    order = channel_tree(EVERYTHING).order
    tree, is_part = refreshed_tree(EVERYTHING, open_rows={news.pk: 1}, only=[news.pk], known_order=order, expanded=[cnn.pk])
    assert is_part
    assert [node.summary.name for node in tree.nodes] == ["News"]
    page = tree.nodes[0].page
    assert page is not None
    assert page.rows[0].links == []
    Channel.objects.filter(pk=cnn.pk).update(number=Decimal(3))  # News now stands behind Sports
    tree, is_part = refreshed_tree(EVERYTHING, open_rows={}, only=[news.pk], known_order=order)
    assert not is_part
    assert [node.summary.name for node in tree.nodes] == ["Uncategorized", "Sports", "News"]


def test_filters_survive_the_trip_through_an_address() -> None:
    wanted = ChannelFilter("a&b=c", (3, 5), True, ("logo", "guide"), True, False, True)
    assert ChannelFilter.read(QueryDict(wanted.query)) == wanted
    assert ChannelFilter.read(QueryDict("q=%00x&group=abc&group=-1&group=7&missing=nonsense&without=yes")) == ChannelFilter(
        text="x", groups=(7,)
    )


def test_queries_do_not_grow_with_the_lineup() -> None:
    """Every reader of the pane, with a filter and without, over a small and a grown lineup."""
    streams = make_streams([f"s{place}" for place in range(20)])
    readers: dict[str, Callable[[], object]] = {
        "summary": lambda: lineup_summary(EVERYTHING),
        "search": lambda: lineup_summary(ChannelFilter(text="c", missing=("logo",), duplicates=True)),
        "tree": lambda: channel_tree(EVERYTHING, open_groups=list(ChannelGroup.objects.values_list("pk", flat=True))),
        "found": lambda: channel_tree(ChannelFilter(text="C")),
        "found while typing": lambda: channel_tree(ChannelFilter(text="C"), totals=False),
        "totals": lineup_totals,
        "rows": lambda: channel_rows(EVERYTHING, ChannelGroup.objects.latest("pk").pk),
        "by id": lambda: rows_by_id(channel_ids(EVERYTHING)[:200]),
        "refresh": lambda: refreshed_tree(
            EVERYTHING,
            open_rows=dict.fromkeys(ChannelGroup.objects.values_list("pk", flat=True), 100),
            expanded=list(Channel.objects.values_list("pk", flat=True)[:50]),
        ),
    }
    counts: list[dict[str, int]] = []
    for groups in (2, 12):
        for place in range(groups):
            group = make_group(f"G{groups}-{place}")
            for number in range(groups):
                make_channel(f"C{number}", str(number + 1), group=group, streams=streams[: number % 5 + 1])
        counts.append({name: queries_of(work) for name, work in readers.items()})
    assert counts[0] == counts[1]
