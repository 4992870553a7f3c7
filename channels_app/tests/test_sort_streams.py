"""Sorting the streams of channels (10 §9.4; examples 101–106 of §25.7)."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_app.sort_streams import plan_sorting, rules_from, sort_streams
from channels_app.tests.lineup_fixtures import lineup_state, make_account, make_channel, make_group, make_streams
from channels_app.write_streams import streams_of
from ecm_site.conf import EcmSettings, save_settings
from m3u_app.stream_facts import StreamFacts, facts_of, register_facts, unregister_facts
from m3u_app.stream_order import (
    Category,
    Criterion,
    SortableStream,
    SortRules,
    UnknownMode,
    categories_from,
    complete_order,
    criteria_from,
    sorted_streams,
)
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch

HD = StreamFacts("success", resolution="1280x720", fps="30", video_bitrate=8_000_000)
FULL_HD = StreamFacts("success", resolution="1920x1080", fps="30", video_bitrate=3_000_000)
EVERYTHING = SortRules(criteria=tuple(Criterion))


def order(mode: Any = "smart", rules: Any = EVERYTHING, **streams: Any) -> list[int]:
    """``order(s1=…, s2=…)``: ids as they are sorted, given in the order of the arguments."""
    return sorted_streams([SortableStream(int(name[1:]), None, facts) for name, facts in streams.items()], rules, mode)


def test_101_the_sharper_picture_first() -> None:
    assert order(s1=HD, s2=FULL_HD) == [2, 1]


def test_102_without_facts_by_id() -> None:
    assert order(s999=None, s998=None) == [998, 999]


def test_103_a_failed_stream_stands_behind_a_worse_one_that_works() -> None:
    failed = StreamFacts("failed", resolution="1920x1080")
    assert order(s2=failed, s1=HD) == [1, 2]


def test_104_by_bitrate_alone() -> None:
    assert order("bitrate", s1=FULL_HD, s2=HD) == [2, 1]


def test_105_by_provider_even_when_nothing_was_probed() -> None:
    rules = SortRules(weights={1: 100, 2: 50})
    streams = [SortableStream(1, 2), SortableStream(2, 1)]
    assert sorted_streams(streams, rules, "m3u_priority") == [2, 1]
    failed = [SortableStream(1, 2, HD), SortableStream(2, 1, StreamFacts("failed"))]
    assert sorted_streams(failed, rules, "m3u_priority") == [2, 1]


def test_105_unprobed_streams_keep_the_weight_of_their_provider_in_smart_mode() -> None:
    rules = SortRules(criteria=tuple(Criterion), weights={1: 100, 2: 50})
    assert sorted_streams([SortableStream(1, 2), SortableStream(2, 1)], rules) == [2, 1]


def test_106_by_audio_channels() -> None:
    facts = {name: StreamFacts("success", audio_channels=count) for name, count in (("s1", 2), ("s2", 6), ("s3", 1))}
    assert order("audio_channels", **facts) == [2, 1, 3]


def test_black_screen_and_low_frame_rate_are_pushed_down_in_the_chosen_order_and_sorted_inside() -> None:
    black = StreamFacts("success", resolution="1920x1080", is_black_screen=True)
    slow = StreamFacts("success", resolution="1920x1080", is_low_fps=True)
    slow_4k = StreamFacts("success", resolution="3840x2160", is_low_fps=True)
    given_streams = {"s1": slow, "s2": black, "s3": slow_4k, "s4": None, "s5": HD}
    assert order(**given_streams) == [5, 4, 2, 3, 1]
    rules = SortRules(criteria=tuple(Criterion), categories=categories_from(("low_fps", "black_screen")))
    assert order(rules=rules, **given_streams) == [5, 3, 1, 2, 4]


def test_the_switches_exempt_categories_and_the_master_switch_all_of_them() -> None:
    black = StreamFacts("success", resolution="1920x1080", is_black_screen=True)
    exempt = SortRules(criteria=tuple(Criterion), push_down_black_screen=False)
    assert order(rules=exempt, s1=HD, s2=black) == [2, 1]
    off = SortRules(criteria=tuple(Criterion), push_down=False)
    assert order(rules=off, s1=HD, s2=StreamFacts("failed", resolution="1920x1080")) == [2, 1]


@pytest.mark.parametrize(
    ("codec", "better"), [("hevc", "h264"), ("AV1", "hevc"), ("h265", "vp9"), ("avc1", "vp8"), ("vp8", "mpeg2video")]
)
def test_codecs(codec: str, better: str) -> None:
    assert order(
        "video_codec", s1=StreamFacts("success", video_codec=better), s2=StreamFacts("success", video_codec=codec)
    ) == [2, 1]


@pytest.mark.parametrize("bad", ["", "abc", "1920", "x1080", "-5", "nan", "1/0", "inf"])
def test_what_cannot_be_read_counts_as_nothing(bad: str) -> None:
    broken = StreamFacts(
        "success", resolution=bad, fps=bad, video_codec=bad, audio_channels=bad, bitrate=bad, video_bitrate=bad
    )
    assert order(s1=broken, s2=HD) == [2, 1]
    assert order("framerate", s1=StreamFacts("success", fps="25"), s2=StreamFacts("success", fps="30000/1001")) == [2, 1]


def test_saved_lists_gain_newer_criteria_at_their_end_switched_off() -> None:
    assert complete_order(["bitrate", "nonsense", "bitrate"])[:2] == (Criterion.BITRATE, Criterion.RESOLUTION)
    assert criteria_from(["bitrate"], ["bitrate"]) == (Criterion.BITRATE,)
    assert categories_from(["low_fps"]) == (Category.LOW_FPS, Category.FAILED, Category.BLACK_SCREEN)
    assert rules_from(EcmSettings(), {}).criteria == (Criterion.RESOLUTION, Criterion.BITRATE, Criterion.FRAMERATE)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(UnknownMode):
        order("loudness", s1=HD)


FACTS = st.none() | st.builds(
    StreamFacts,
    status=st.sampled_from(("success", "failed", "timeout", "pending", "")),
    resolution=st.sampled_from(("", "1920x1080", "1280x720", "bad")),
    video_bitrate=st.none() | st.integers(0, 9),
    is_black_screen=st.booleans(),
    is_low_fps=st.booleans(),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(FACTS, max_size=8), st.sampled_from(("smart", *Criterion)), st.randoms())
def test_the_order_depends_on_nothing_but_the_streams_and_loses_none(facts: list[Any], mode: str, random: Any) -> None:
    streams = [SortableStream(pk, None, item) for pk, item in enumerate(facts)]
    first = sorted_streams(streams, EVERYTHING, mode)
    random.shuffle(streams)
    assert sorted_streams(streams, EVERYTHING, mode) == first
    assert sorted(first) == list(range(len(facts)))


# --- on the lineup ----------------------------------------------------------------------------------------------------


@pytest.fixture
def facts() -> Iterator[dict[int, StreamFacts]]:
    known: dict[int, StreamFacts] = {}

    def read(stream_ids: Collection[int]) -> Mapping[int, StreamFacts]:
        return {pk: known[pk] for pk in stream_ids if pk in known}

    register_facts(read)
    yield known
    unregister_facts(read)


@pytest.mark.django_db
def test_sorting_channels_is_one_step_that_says_how_many_changed(facts: dict[int, StreamFacts]) -> None:
    a, b, c = make_streams(["a", "b", "c"])
    facts.update({a.pk: HD, b.pk: FULL_HD})
    wrong, right = make_channel("W", "1", streams=[a, b, c]), make_channel("R", "2", streams=[b, a])
    alone = make_channel("A", "3", streams=[a])
    before = lineup_state()
    outcome = sort_streams([wrong.pk, right.pk, alone.pk, 999_999])
    assert outcome.message == "Sorted the streams of 1 of 2 channels."
    assert streams_of([wrong.pk])[wrong.pk] == [b.pk, a.pk, c.pk]
    assert JournalEntry.objects.get(entity_id=wrong.pk).action_type == "stream_reorder"
    assert undo_batch(outcome.batch_id).conflicts == []
    assert lineup_state() == before


@pytest.mark.django_db
def test_nothing_to_sort_is_said_with_a_hint() -> None:
    a, b = make_streams(["a", "b"])
    channel = make_channel("A", "1", streams=[a, b])
    outcome = sort_streams([channel.pk])
    assert not outcome.changed
    assert "probe" in outcome.message
    assert "more than one stream" in sort_streams([make_channel("B").pk]).message
    assert JournalEntry.objects.count() == 0


@pytest.mark.django_db
def test_priorities_of_providers_and_the_settings_count() -> None:
    low, high = make_account("Low"), make_account("High")
    (a,), (b,) = make_streams(["a"], account=low), make_streams(["b"], account=high)
    type(high).objects.filter(pk=high.pk).update(priority=10)
    channel = make_channel("A", "1", streams=[a, b])
    assert plan_sorting([channel.pk]).changes == []
    assert len(plan_sorting([channel.pk], "m3u_priority").changes) == 1
    save_settings(stream_sort_enabled=("m3u_priority",))
    assert len(plan_sorting([channel.pk]).changes) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["smart", "m3u_priority"])
def test_only_the_channels_asked_for_are_considered_however_many(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    channels = [make_channel(name, streams=make_streams([f"{name}1", f"{name}2"])[::-1]) for name in "ABC"]
    alone = make_channel("D", streams=make_streams(["d"]))
    asked = [channels[2].pk, alone.pk, channels[0].pk, channels[2].pk, 10**9]
    by_id = plan_sorting(asked, mode)
    monkeypatch.setattr("channels_app.sort_streams._ASKED_BY_ID", 0)
    assert plan_sorting(asked, mode) == by_id
    assert {change.channel_id for change in by_id.changes} == {channels[0].pk, channels[2].pk}
    assert (by_id.considered, by_id.skipped) == (2, 2)


@pytest.mark.django_db
def test_queries_of_planning_do_not_grow_with_the_channels() -> None:
    counts = []
    for size in (2, 60):
        ids = []
        for number in range(size):
            streams = make_streams([f"{size}-{number}-{place}" for place in range(3)])
            ids.append(make_channel("C", streams=streams[::-1]).pk)
        with CaptureQueriesContext(connection) as queries:
            assert len(plan_sorting(ids).changes) == size
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 3
    assert facts_of([1]) == {}


@pytest.mark.django_db
def test_the_dialog_for_each_scope(signed_in: Client) -> None:
    a, b = make_streams(["a", "b"])
    group = make_group("<Sports>")
    channel = make_channel("ESPN", "1", group=group, streams=[b, a])
    page = "/channels/sort-streams/"
    for query in (f"channel={channel.pk}", f"of_group={group.pk}", "scope=all", "all=1&confirmed_count=1"):
        assert "<b>1</b> of 1 channel" in signed_in.get(f"{page}?{query}").content.decode()
    assert "&lt;Sports&gt;" in signed_in.get(f"{page}?of_group={group.pk}").content.decode()
    assert signed_in.get(page).status_code == 422
    assert signed_in.get(f"{page}?of_group=999999").status_code == 422
    assert signed_in.post(page, {"scope": "all", "mode": "loudness", "confirmed": "1"}).status_code == 422
    assert streams_of([channel.pk])[channel.pk] == [b.pk, a.pk]
    assert signed_in.post(page, {"of_group": group.pk, "mode": "smart", "confirmed": "1"}).status_code == 302
    assert streams_of([channel.pk])[channel.pk] == [a.pk, b.pk]


@pytest.mark.django_db
def test_orders_are_computed_over_http_and_not_stored(signed_in: Client, facts: dict[int, StreamFacts]) -> None:
    a, b = make_streams(["a", "b"])
    facts.update({a.pk: HD, b.pk: FULL_HD})
    channel = make_channel("A", streams=[a, b])

    def asked(**body: Any) -> Any:
        return signed_in.post("/api/stream-stats/compute-sort", json.dumps(body), content_type="application/json")

    rows = [{"channel_id": channel.pk, "stream_ids": [a.pk, b.pk]}]
    assert asked(channels=rows).json()["results"] == [
        {"channel_id": channel.pk, "sorted_stream_ids": [b.pk, a.pk], "changed": True}
    ]
    assert asked(channels=rows, mode="bitrate").json()["results"][0]["changed"] is False
    assert asked(channels=rows, mode="x").status_code == 400
    assert asked(channels="x").status_code == 422
    assert streams_of([channel.pk])[channel.pk] == [a.pk, b.pk]
