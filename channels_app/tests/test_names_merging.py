"""Merging loses no stream and can be taken back exactly (10 §15.2, §15.3; 25.7 #89–92)."""

from typing import Any

import pytest
from django.db import DatabaseError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from channels_app.arrange_streams import MOST_STREAMS, stream_ids_of
from channels_app.errors import EditRefused
from channels_app.merging import merge_into
from channels_app.merging.merge_into import MergeGroup, merge_groups
from channels_app.merging.merge_new import MergeChannels, StaleSources, TooFew, merge_into_new, proposed_fields, sources_of
from channels_app.models import Channel, ChannelProfile, ChannelStream, ProfileMembership, StreamProfile
from channels_app.tests.lineup_fixtures import lineup_state, make_channel, make_entry, make_group, make_streams
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db


def whole_state() -> dict[str, Any]:
    """The lineup with profile memberships."""
    memberships = sorted(ProfileMembership.objects.values_list("profile_id", "channel_id"))
    return {**lineup_state(), "memberships": memberships}


def profile(name: str, *channels: Channel) -> ChannelProfile:
    made = ChannelProfile.objects.create(name=name)
    ProfileMembership.objects.bulk_create(ProfileMembership(profile=made, channel=channel) for channel in channels)
    return made


# --- into an existing channel ---------------------------------------------------------------------------------------------


def test_streams_follow_each_other_without_repeats() -> None:  # 89
    one, two, three, four = make_streams(["1", "2", "3", "4"])
    target = make_channel("RTL", "7", streams=[one, two])
    sources = [make_channel("rtl HD", "8", streams=[two, three]), make_channel("RTL 4K", streams=[four])]
    before = whole_state()
    outcome = merge_groups([MergeGroup(target.pk, tuple(source.pk for source in sources))])
    assert stream_ids_of(target.pk) == [one.pk, two.pk, three.pk, four.pk]
    assert list(Channel.objects.values_list("pk", flat=True)) == [target.pk]
    assert [(item.sources_deleted, item.total_streams, item.error) for item in outcome.results] == [(2, 4, "")]
    summary = JournalEntry.objects.get(action_type="bulk_merge")
    assert summary.after_value["sources"] == ["rtl HD", "RTL 4K"]
    assert undo_batch(outcome.batch_id).conflict_count == 0
    assert whole_state() == before


def test_the_target_keeps_its_values_and_gains_the_profiles_of_its_sources() -> None:
    target = make_channel("RTL", "7", tvg_id="rtl", logo_url="http://logos.example/a.png")
    source = make_channel("rtl HD", "8", tvg_id="other", gracenote_id="111")
    kids, news = profile("Kids", source), profile("News", target, source)
    before = whole_state()
    outcome = merge_groups([MergeGroup(target.pk, (source.pk,))])
    kept = Channel.objects.get()
    assert (kept.name, str(kept.number), kept.tvg_id, kept.gracenote_id) == ("RTL", "7.0000", "rtl", "")
    assert set(kept.memberships.values_list("profile_id", flat=True)) == {kids.pk, news.pk}
    assert undo_batch(outcome.batch_id).conflict_count == 0
    assert whole_state() == before


def test_a_stream_behind_a_gap_in_the_positions_still_comes_last() -> None:
    one, two, three = make_streams(["1", "2", "3"])
    target = make_channel("A", streams=[one])
    ChannelStream.objects.filter(channel=target).update(position=9)
    source = make_channel("B", streams=[three, two])
    merge_groups([MergeGroup(target.pk, (source.pk,))])
    assert stream_ids_of(target.pk) == [one.pk, three.pk, two.pk]
    assert len(set(ChannelStream.objects.values_list("position", flat=True))) == 3


def test_one_group_that_cannot_be_merged_stops_no_other() -> None:  # 92
    one, two = make_streams(["1", "2"])
    good, other = make_channel("A", streams=[one]), make_channel("a HD", streams=[two])
    lonely, alone = make_channel("B"), make_channel("C")
    outcome = merge_groups([MergeGroup(999, (lonely.pk,)), MergeGroup(good.pk, (other.pk,)), MergeGroup(alone.pk, (998,))])
    assert (len(outcome.merged), len(outcome.failed)) == (1, 2)
    assert stream_ids_of(good.pk) == [one.pk, two.pk]
    assert Channel.objects.filter(pk__in=[lonely.pk, alone.pk]).count() == 2
    assert len(outcome.warnings) == 1


def test_a_source_whose_streams_cannot_be_read_stays_and_others_are_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, three = make_streams(["1", "2", "3"])
    bad, bad_source = make_channel("A", streams=[one]), make_channel("a HD", streams=[two])
    good, good_source = make_channel("B", streams=[one]), make_channel("b HD", streams=[three])
    real = merge_into.channel_snapshots

    def failing(ids: list[int]) -> Any:
        if bad_source.pk in ids:
            raise DatabaseError("disk I/O error at http://user:secret@10.0.0.1/internal")
        return real(ids)

    monkeypatch.setattr(merge_into, "channel_snapshots", failing)
    outcome = merge_groups([MergeGroup(bad.pk, (bad_source.pk,)), MergeGroup(good.pk, (good_source.pk,))])
    assert stream_ids_of(bad_source.pk) == [two.pk]
    assert stream_ids_of(good.pk) == [one.pk, three.pk]
    assert [item.target_id for item in outcome.failed] == [bad.pk]
    assert "http" not in outcome.failed[0].error
    assert "10.0.0.1" not in "".join(outcome.warnings)


def test_sources_stay_when_the_target_is_not_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removal comes last and looks first: a write that went missing costs nothing."""
    one, two = make_streams(["1", "2"])
    target, source = make_channel("A", streams=[one]), make_channel("B", streams=[two])
    monkeypatch.setattr(merge_into, "insert_streams", list)
    outcome = merge_groups([MergeGroup(target.pk, (source.pk,))])
    assert outcome.failed
    assert stream_ids_of(source.pk) == [two.pk]
    assert not JournalEntry.objects.exists()


def test_a_channel_named_twice_is_refused_before_anything_happens() -> None:
    channels = [make_channel(name) for name in "ABC"]
    with pytest.raises(EditRefused):
        merge_groups([MergeGroup(channels[0].pk, (channels[1].pk,)), MergeGroup(channels[2].pk, (channels[1].pk,))])
    assert Channel.objects.count() == 3


def test_more_streams_than_a_channel_can_hold_are_refused() -> None:
    streams = make_streams([str(number) for number in range(MOST_STREAMS + 1)])
    target, source = make_channel("A", streams=streams[:2]), make_channel("B", streams=streams[2:])
    outcome = merge_groups([MergeGroup(target.pk, (source.pk,))])
    assert "at most" in outcome.failed[0].error
    assert Channel.objects.count() == 2


@pytest.mark.parametrize("groups", [1, 30])
def test_queries_do_not_grow_with_the_groups_of_a_portion(groups: int, django_assert_max_num_queries: Any) -> None:
    streams = make_streams([str(number) for number in range(groups * 2)])
    wanted = []
    for place in range(groups):
        target = make_channel(f"T{place}", streams=[streams[place * 2]])
        source = make_channel(f"S{place}", streams=[streams[place * 2 + 1]])
        wanted.append(MergeGroup(target.pk, (source.pk,)))
    with django_assert_max_num_queries(32):
        assert len(merge_groups(wanted).merged) == groups


# --- into a new channel ---------------------------------------------------------------------------------------------------


def test_a_new_channel_takes_the_best_of_its_sources() -> None:
    one, two, three = make_streams(["1", "2", "3"])
    group = make_group("Sports")
    entry = make_entry("espn")
    player = StreamProfile.objects.create(name="ffmpeg")
    first = make_channel("ESPN HD", None, group=group, streams=[two, one], tvg_id="espn")
    second = make_channel(
        "ESPN", "101", streams=[one, three], gracenote_id="222", logo_url="http://logos.example/e.png", guide_entry=entry,
        stream_profile=player,
    )  # fmt: skip
    third = make_channel("espn sd", "12.5")
    kids, news = profile("Kids", first, third), profile("News", second)
    before = whole_state()
    outcome = merge_into_new(MergeChannels((first.pk, second.pk, third.pk)))
    made = Channel.objects.get()
    assert made.pk == outcome.channel_id
    assert (made.name, f"{made.number:f}", made.group, made.tvg_id, made.gracenote_id) == (
        "ESPN HD",
        "12.5000",
        group,
        "espn",
        "222",
    )
    assert (made.guide_entry, made.stream_profile, made.logo_url) == (entry, player, "http://logos.example/e.png")
    assert stream_ids_of(made.pk) == [two.pk, one.pk, three.pk]
    assert set(made.memberships.values_list("profile_id", flat=True)) == {kids.pk, news.pk}
    assert JournalEntry.objects.filter(action_type="merge").get().before_value["sources"][0]["name"] == "ESPN HD"
    assert undo_batch(outcome.batch_id).conflict_count == 0
    assert whole_state() == before


def test_what_is_chosen_beats_what_is_proposed() -> None:
    group = make_group("Movies")
    first, second = make_channel("A", "5", tvg_id="a", gracenote_id="1"), make_channel("B", "6", tvg_id="b")
    merge_into_new(
        MergeChannels(
            (first.pk, second.pk),
            {"name": "C", "number": "", "group_id": group.pk, "tvg_id": "b", "gracenote_id": "", "logo_url": ""},
        )
    )
    made = Channel.objects.get()
    assert (made.name, made.number, made.group, made.tvg_id, made.gracenote_id) == ("C", None, group, "b", "")


def test_without_any_number_the_new_channel_has_none() -> None:
    """10 §24: the dialog once computed "Infinity"."""
    ids = tuple(make_channel(name).pk for name in ("A", "B"))
    assert proposed_fields(sources_of(ids))["number"] == ""
    merge_into_new(MergeChannels(ids))
    assert Channel.objects.get().number is None


def test_sources_that_are_gone_are_named_and_nothing_is_made() -> None:  # 90
    channel = make_channel("A")
    before = whole_state()
    with pytest.raises(StaleSources, match="999") as refused:
        merge_into_new(MergeChannels((channel.pk, 999)))
    assert refused.value.missing == [999]
    assert "Refresh" in str(refused.value)
    assert whole_state() == before


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_channels_cannot_be_merged(count: int) -> None:  # 91
    channel = make_channel("A")
    with pytest.raises(TooFew):
        merge_into_new(MergeChannels((channel.pk, channel.pk)[:count]))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"number": "x"}, "number"),
        ({"group_id": "999"}, "group_id"),
        ({"group": 1}, "group"),
        ({"stream_profile_id": 999}, "stream_profile_id"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_has_changed(fields: dict[str, object], field: str) -> None:
    ids = tuple(make_channel(name, streams=make_streams([name])).pk for name in ("A", "B"))
    before = whole_state()
    with pytest.raises(EditRefused) as refused:
        merge_into_new(MergeChannels(ids, fields))
    assert list(refused.value.problems) == [field]
    assert whole_state() == before
    assert not JournalEntry.objects.exists()


def test_an_error_after_the_new_channel_was_made_takes_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = tuple(make_channel(name, streams=make_streams([name])).pk for name in ("A", "B"))
    before = whole_state()

    def failing(channel_ids: list[int]) -> None:
        raise DatabaseError("locked")

    monkeypatch.setattr("channels_app.merging.merge_new.remove_channels", failing)
    with pytest.raises(DatabaseError):
        merge_into_new(MergeChannels(ids))
    assert whole_state() == before


def test_channels_of_auto_sync_stay_channels_of_auto_sync() -> None:
    values = {"auto_created": True, "synced_group": 3}
    ids = tuple(make_channel(name, synced_stream=place, **values).pk for place, name in enumerate("AB", 1))
    outcome = merge_into_new(MergeChannels(ids))
    made = Channel.objects.get()
    assert (made.auto_created, made.synced_stream, made.synced_group) == (True, 1, 3)
    assert "name" in made.pinned_fields
    assert outcome.warnings == []


def test_a_mix_with_auto_sync_is_told() -> None:
    ids = (make_channel("A", auto_created=True).pk, make_channel("B").pk)
    outcome = merge_into_new(MergeChannels(ids))
    assert not Channel.objects.get().auto_created
    assert "auto-sync" in outcome.warnings[0]


# --- properties -----------------------------------------------------------------------------------------------------------


class MergingProperties(TestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.lists(st.integers(0, 9), max_size=5, unique=True), min_size=2, max_size=7),
        st.lists(st.integers(0, 2), min_size=7, max_size=7),
        st.booleans(),
    )
    def test_no_stream_is_lost_and_undo_restores_everything(
        self, lists: list[list[int]], owners: list[int], into_new: bool
    ) -> None:
        streams = make_streams([str(number) for number in range(10)])
        profiles = [ChannelProfile.objects.create(name=name) for name in ("P", "Q", "R")]
        channels = [
            make_channel(f"C{place}", str(place), streams=[streams[number] for number in chosen])
            for place, chosen in enumerate(lists)
        ]
        for channel, owner in zip(channels, owners, strict=False):
            ProfileMembership.objects.create(profile=profiles[owner], channel=channel)
        before = whole_state()
        ids = [channel.pk for channel in channels]
        if into_new:
            outcome: Any = merge_into_new(MergeChannels(tuple(ids)))
            left = [outcome.channel_id]
        else:
            half = len(ids) // 2 or 1
            groups = [MergeGroup(ids[0], tuple(ids[1:half])), MergeGroup(ids[half], tuple(ids[half + 1 :]))]
            outcome = merge_groups([group for group in groups if group.sources])
            left = list(Channel.objects.values_list("pk", flat=True))
        on_them = {pk for channel_id in left for pk in stream_ids_of(channel_id)}
        assert on_them == {streams[number].pk for chosen in lists for number in chosen}
        enabled = {pk for pk, _ in ProfileMembership.objects.values_list("profile_id", "channel_id")}
        assert enabled == {profiles[owner].pk for owner in owners[: len(channels)]}
        if outcome.channel_ids:
            assert undo_batch(outcome.batch_id).conflict_count == 0
        assert whole_state() == before
