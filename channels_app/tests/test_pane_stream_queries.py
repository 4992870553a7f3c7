"""The right pane: providers, groups, streams, with counts that follow the filter (10 §2.3, §3)."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from channels_app import stream_queries
from channels_app.pane_filters import StreamFilter
from channels_app.stream_queries import (
    any_mapped,
    group_options,
    mapped_marks,
    provider_groups,
    selected_stream_ids,
    stream_rows,
    stream_tree,
)
from channels_app.tests.lineup_fixtures import make_account, make_channel, make_streams
from ecm_site.conf import save_settings
from m3u_app.models import Stream, StreamGroup

pytestmark = pytest.mark.django_db
EVERYTHING = StreamFilter()


def shape(wanted: StreamFilter, **options: bool) -> dict[str, dict[str, int]]:
    """Provider → group → count, as far as groups have arrived."""
    tree = stream_tree(wanted, **options)
    return {node.name: {group.summary.name: group.summary.count for group in node.groups} for node in tree.providers}


def key_of(group: str, account: str = "Acme") -> tuple[int, int]:
    found = StreamGroup.objects.get(name=group, account__name=account)
    return found.account_id, found.pk


def names(wanted: StreamFilter, group: str, account: str = "Acme") -> list[str]:
    return [row.stream.name for row in stream_rows(wanted, key_of(group, account)).rows]


@pytest.fixture
def two_providers() -> None:
    acme, best = make_account("Acme"), make_account("Best")
    make_streams(["BBC One HD", "BBC Two", "Sky News"], account=acme, group="UK 2")
    make_streams(["CNN", "Fox"], account=acme, group="UK 10")
    make_streams(["BBC One FHD"], account=best, group="England")


@pytest.mark.usefixtures("two_providers")
def test_groups_stand_under_their_provider_in_natural_order_with_stored_counts() -> None:
    tree = stream_tree(EVERYTHING)
    assert [(node.name, node.group_count, node.stream_count) for node in tree.providers] == [("Acme", 2, 5), ("Best", 1, 1)]
    assert list(shape(EVERYTHING)["Acme"]) == ["UK 2", "UK 10"]
    assert shape(EVERYTHING)["Best"] == {}  # only the first provider's groups come with the first view
    best = provider_groups(EVERYTHING, tree.providers[1].pk)
    assert [group.summary.name for group in best.groups] == ["England"]
    assert tree.stream_count == 6


@pytest.mark.usefixtures("two_providers")
def test_a_search_shows_only_groups_with_hits_and_their_streams_at_once() -> None:
    assert shape(StreamFilter(text="bbc one")) == {"Acme": {"UK 2": 1}, "Best": {"England": 1}}
    tree = stream_tree(StreamFilter(text="bbc"))
    assert tree.stream_count == 3
    assert not tree.partial
    page = tree.providers[0].groups[0].page
    assert page is not None
    assert [row.stream.name for row in page.rows] == ["BBC One HD", "BBC Two"]
    assert shape(StreamFilter(text="nothing like it")) == {}


@pytest.mark.usefixtures("two_providers")
def test_a_wide_search_counts_its_first_hits_and_then_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_queries, "QUICK_HITS", 2)
    quick = stream_tree(StreamFilter(text="bbc"))
    assert quick.partial
    assert quick.stream_count == 2
    full = stream_tree(StreamFilter(text="bbc"), full=True)
    assert not full.partial
    assert shape(StreamFilter(text="bbc"), full=True) == {"Acme": {"UK 2": 2}, "Best": {"England": 1}}
    assert full.providers[0].groups[0].page is not None


@pytest.mark.usefixtures("two_providers")
def test_provider_and_group_filters_recount_and_drop_what_is_empty() -> None:
    acme, best = key_of("UK 2")[0], key_of("England", "Best")[0]
    assert [node.name for node in stream_tree(StreamFilter(accounts=(best,))).providers] == ["Best"]
    assert shape(StreamFilter(accounts=(acme, best), text="one")) == {"Acme": {"UK 2": 1}, "Best": {"England": 1}}
    assert shape(StreamFilter(groups=(key_of("UK 10")[1],))) == {"Acme": {"UK 10": 2}}
    assert shape(StreamFilter(groups=(key_of("UK 10")[1],), text="bbc")) == {}


@pytest.mark.usefixtures("two_providers")
def test_hidden_mapped_streams_are_not_counted_either() -> None:
    assert not any_mapped()
    first, second = Stream.objects.get(name="BBC One HD"), Stream.objects.get(name="BBC One FHD")
    make_channel("BBC One", "1", streams=[first, second])
    make_channel("Again", "2", streams=[first])
    assert any_mapped()
    hidden = StreamFilter(hide_mapped=True)
    assert shape(hidden)["Acme"] == {"UK 2": 2, "UK 10": 2}
    assert [(node.name, node.stream_count) for node in stream_tree(hidden).providers] == [("Acme", 4)]
    assert names(hidden, "UK 2") == ["BBC Two", "Sky News"]
    assert shape(StreamFilter(text="bbc", hide_mapped=True)) == {"Acme": {"UK 2": 1}}


@pytest.mark.usefixtures("two_providers")
def test_rows_are_paged_by_name_and_say_which_channels_use_them() -> None:
    stream = Stream.objects.get(name="BBC Two")
    make_channel("Second", "2", streams=[stream])
    make_channel("First", "1", streams=[stream])
    page = stream_rows(EVERYTHING, key_of("UK 2"), limit=2)
    assert [(row.stream.name, row.channels) for row in page.rows] == [("BBC One HD", ()), ("BBC Two", ("First", "Second"))]
    assert page.next_offset == 2
    assert [row.stream.name for row in stream_rows(EVERYTHING, key_of("UK 2"), offset=2).rows] == ["Sky News"]
    assert mapped_marks([stream.pk, 404]) == {stream.pk: ("First", "Second")}


@pytest.mark.usefixtures("two_providers")
def test_streams_without_group_or_provider_are_shown_too() -> None:
    acme = key_of("UK 2")[0]
    Stream.objects.create(account_id=acme, name="Loose", url="http://x.example/1", stream_hash=b"1")
    Stream.objects.create(name="Mine", url="http://x.example/2", is_custom=True, stream_hash=b"2")
    assert "Ungrouped" not in shape(EVERYTHING)["Acme"], "the usual setting leaves it out where there are groups as well"
    assert shape(StreamFilter(text="loose")) == {"Acme": {"Ungrouped": 1}}
    save_settings(hide_ungrouped_streams=False)
    tree = stream_tree(EVERYTHING)
    assert [(node.name, node.stream_count) for node in tree.providers] == [("Acme", 6), ("Best", 1), ("Custom streams", 1)]
    assert list(shape(EVERYTHING)["Acme"])[-1] == "Ungrouped"
    assert [row.stream.name for row in stream_rows(EVERYTHING, (acme, 0)).rows] == ["Loose"]
    assert [row.stream.name for row in stream_rows(EVERYTHING, (0, 0)).rows] == ["Mine"]
    assert shape(StreamFilter(text="mine")) == {"Custom streams": {"Ungrouped": 1}}


@pytest.mark.usefixtures("two_providers")
def test_ticking_a_group_while_searching_selects_what_is_shown() -> None:
    ids, more = selected_stream_ids(StreamFilter(text="bbc"), key_of("UK 2"))
    assert [Stream.objects.get(pk=pk).name for pk in ids] == ["BBC One HD", "BBC Two"]
    assert not more


@pytest.mark.usefixtures("two_providers")
def test_a_selection_that_does_not_fit_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_queries, "MOST_SELECTED", 2)
    ids, more = selected_stream_ids(EVERYTHING, key_of("UK 2"))
    assert (len(ids), more) == (2, True)


@pytest.mark.usefixtures("two_providers")
def test_the_group_filter_lists_chosen_groups_first_and_finds_others() -> None:
    acme, chosen = key_of("UK 10")
    options = group_options(StreamFilter(accounts=(acme,), groups=(chosen,)), "uk")
    assert [group.name for group in options.chosen] == ["UK 10"]
    assert [group.name for group in options.found] == ["UK 2"]
    limited = group_options(EVERYTHING, "", limit=2)
    assert (len(limited.found), limited.more) == (2, 1)


def test_a_provider_with_very_many_groups_is_paged_by_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_queries, "NATURAL_ORDER_UP_TO", 3)
    account = make_account()
    StreamGroup.objects.bulk_create(StreamGroup(account=account, name=f"G{place:02}", stream_count=1) for place in range(7))
    first = provider_groups(EVERYTHING, account.pk, limit=5)
    assert [group.summary.name for group in first.groups] == ["G00", "G01", "G02", "G03", "G04"]
    rest = provider_groups(EVERYTHING, account.pk, offset=5, limit=5)
    assert [group.summary.name for group in rest.groups] == ["G05", "G06"]
    assert (first.next_offset, rest.next_offset) == (5, None)


def test_filters_survive_the_trip_through_an_address() -> None:
    wanted = StreamFilter("hd & more", (1, 2), (7,), True)
    assert StreamFilter.read(QueryDict(wanted.query)) == wanted


def test_queries_do_not_grow_with_the_streams() -> None:
    account = make_account()
    readers: dict[str, Callable[[], object]] = {
        "tree": lambda: stream_tree(EVERYTHING),
        "search": lambda: stream_tree(StreamFilter(text="stream")),
        "unmapped": lambda: stream_tree(StreamFilter(hide_mapped=True)),
        "groups": lambda: provider_groups(EVERYTHING, account.pk),
        "rows": lambda: stream_rows(EVERYTHING, key_of("G0")),
        "options": lambda: group_options(EVERYTHING, "G"),
    }
    counts: list[dict[str, int]] = []
    for size in (3, 40):
        for group in range(size // 3):
            streams = make_streams([f"Stream {size} {place}" for place in range(size)], account=account, group=f"G{group}")
            make_channel(f"C{group}", streams=streams[:2])
        found = {}
        for name, work in readers.items():
            with CaptureQueriesContext(connection) as queries:
                work()
            found[name] = len(queries)
        counts.append(found)
    assert counts[0] == counts[1]
