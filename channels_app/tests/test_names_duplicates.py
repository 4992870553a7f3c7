"""Finding duplicates (10 §15.1; 25.7 #88)."""

from typing import Any

import pytest

from channels_app.merging.find_duplicates import DuplicateGroup, MatchBy, Scope, find_duplicates
from channels_app.models import Channel
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams

pytestmark = pytest.mark.django_db


def names(groups: list[DuplicateGroup]) -> list[list[str]]:
    return [[channel.name for channel in group.channels] for group in groups]


def test_the_channel_with_most_streams_is_kept() -> None:  # 88
    streams = make_streams([str(number) for number in range(7)])
    group = make_group("DE")
    few, many = make_channel("RTL", "5", streams=streams[:2]), make_channel("rtl HD", "6", group=group, streams=streams[2:])
    make_channel("CNN")
    found = find_duplicates()
    assert names(found) == [["rtl HD", "RTL"]]
    assert found[0].proposed_keep == many.pk
    assert found[0].group_key == few.pk
    first = found[0].channels[0]
    assert (first.number, first.group, first.streams) == ("6", "DE", 5)


def test_largest_groups_come_first_then_natural_order() -> None:
    for name in ("B", "B HD", "A 10", "A 10 HD", "A 2", "A 2 HD", "C", "C HD", "C SD"):
        make_channel(name)
    assert names(find_duplicates()) == [["C", "C HD", "C SD"], ["A 2", "A 2 HD"], ["A 10", "A 10 HD"], ["B", "B HD"]]


def test_numbers_in_front_are_not_compared_and_empty_names_match_nothing() -> None:
    for name, number in (("107 | RTL", "107"), ("RTL HD", "8"), ("US |", None), ("UK |", None), ("CA |", None)):
        make_channel(name, number)
    assert names(find_duplicates()) == [["RTL HD", "107 | RTL"]]


@pytest.mark.parametrize(
    ("match_by", "found"),
    [
        (MatchBy.TVG_ID, [["A", "B"]]),
        (MatchBy.GRACENOTE, [["B", "C"]]),
        (MatchBy.STREAMS, [["C", "D", "E"]]),
        (MatchBy.NAME, []),
    ],
)
def test_other_keys(match_by: MatchBy, found: list[list[str]]) -> None:
    one, two, three = make_streams(["1", "2", "3"])
    make_channel("A", "1", tvg_id="x.us")
    make_channel("B", "2", tvg_id=" X.us ", gracenote_id="111")
    make_channel("C", "3", gracenote_id="111", streams=[one])
    make_channel("D", "4", streams=[one, two])  # hangs together with C and E
    make_channel("E", "5", streams=[two])
    make_channel("F", "6", streams=[three])
    groups = find_duplicates(match_by)
    assert [sorted(group) for group in names(groups)] == found


def test_scopes() -> None:
    sports = make_group("Sports")
    inside = [make_channel(name, group=sports) for name in ("RTL", "RTL HD")]
    outside = [make_channel(name) for name in ("rtl", "CNN", "CNN HD")]
    assert names(find_duplicates(scope=Scope(group_id=sports.pk))) == [["RTL", "RTL HD"]]
    assert names(find_duplicates(scope=Scope(group_id=0))) == [["CNN", "CNN HD"]]
    chosen = [inside[0].pk, outside[0].pk, outside[1].pk]
    assert names(find_duplicates(scope=Scope(channel_ids=chosen))) == [["RTL", "rtl"]]
    assert find_duplicates(scope=Scope(channel_ids=[])) == []
    by_streams = Scope(group_id=sports.pk)
    shared = make_streams(["s"])
    inside[0].channel_streams.create(stream=shared[0], position=1)
    outside[0].channel_streams.create(stream=shared[0], position=1)
    assert find_duplicates(MatchBy.STREAMS, by_streams) == []


@pytest.mark.parametrize("match_by", list(MatchBy))
@pytest.mark.parametrize("count", [4, 1200])
def test_queries_do_not_grow_with_the_lineup(match_by: MatchBy, count: int, django_assert_max_num_queries: Any) -> None:
    Channel.objects.bulk_create(Channel(name=f"C{number // 2}", tvg_id=f"t{number // 2}") for number in range(count))
    with django_assert_max_num_queries(4):
        find_duplicates(match_by)


def test_own_numbers_in_front_are_read_at_once_when_they_are_many(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    for name, number in (("535espn", "535"), ("ESPN", "12"), ("101 - RTL", "101"), ("RTL", None), ("3sat", "3"), ("sat", "9")):
        make_channel(name, number)
    found = find_duplicates()
    assert names(found) == [["101 - RTL", "RTL"], ["ESPN", "535espn"]]  # numbers decide: 12 before 535
    monkeypatch.setattr("channels_app.merging.find_duplicates._ASKED_BY_ID", 0)
    with django_assert_max_num_queries(5):
        assert find_duplicates() == found
