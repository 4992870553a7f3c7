"""Choices of bulk creation that reach further than the plan: profiles, normalizing, Gracenote ids, places of drops, and that
what is written is what was shown."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from channels_app.bulk_create import bulk_create
from channels_app.bulk_options import BulkOptions, ConflictChoice, ExistingChoice, SectionChoice, Selection, StreamOrder
from channels_app.bulk_preview import make_preview
from channels_app.bulk_task import options_from, options_to
from channels_app.models import Channel, ChannelProfile, ProfileMembership
from channels_app.naming import CountryChoice
from channels_app.naming.normalizing import NormalizeRules, normalize
from channels_app.numbering import format_number
from channels_app.plan_bulk_create import plan_bulk_create
from channels_app.tests.bulk_fixtures import plan_for, selected, shown, stream, streams
from channels_app.tests.lineup_fixtures import lineup_state, make_account, make_channel, make_channels, make_group, make_streams
from ecm_site.conf import save_settings
from m3u_app.models import Stream, StreamGroup
from tasks_app.undo import undo_batch

RULES = NormalizeRules()


def whole_groups() -> Selection:
    return Selection(group_ids=tuple(StreamGroup.objects.order_by("pk").values_list("pk", flat=True)))


def options(start: str = "100", **choices: Any) -> BulkOptions:
    return BulkOptions(start=Decimal(start), **choices)


# --- profiles -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def profiles() -> dict[str, ChannelProfile]:
    return {name: ChannelProfile.objects.create(name=name) for name in "ABC"}


def enabled() -> set[tuple[str, str]]:
    return set(ProfileMembership.objects.values_list("profile__name", "channel__name"))


@pytest.mark.django_db
def test_new_channels_are_enabled_in_the_chosen_profiles_only(profiles: dict[str, ChannelProfile]) -> None:  # 54
    make_streams(["CNN", "Fox"])
    make_channel("Old", "1")
    before = lineup_state()
    outcome = bulk_create(whole_groups(), options(profile_ids=(profiles["A"].pk,)))
    assert enabled() == {("A", "CNN"), ("A", "Fox")}
    undo_batch(outcome.batch_id)
    assert lineup_state() == before
    assert enabled() == set()


@pytest.mark.django_db
def test_without_a_choice_they_join_the_default_profiles_or_none(profiles: dict[str, ChannelProfile]) -> None:
    make_streams(["CNN"])
    bulk_create(whole_groups(), options())
    assert enabled() == set()
    save_settings(default_channel_profile_ids=(str(profiles["B"].pk), str(profiles["C"].pk)))
    try:
        bulk_create(whole_groups(), options("200", existing=ExistingChoice.CREATE))
    finally:
        save_settings(default_channel_profile_ids=())
    assert enabled() == {("B", "CNN"), ("C", "CNN")}


def test_profiles_are_part_of_what_was_agreed_to() -> None:
    chosen = streams("CNN")
    assert plan_for(chosen).fingerprint != plan_for(chosen, profile_ids=(1,)).fingerprint


# --- normalizing --------------------------------------------------------------------------------------------------------


def test_normalizing_off_is_not_applied_and_on_is_one_engine() -> None:  # 53; 10 §24: one engine, one result
    names = ["CNN (ENGLISH)", "Fox HD [LIVE]", "BBC ᵁᴴᴰ", "107 | RTL RAW"]
    off = plan_for(streams(*names))
    assert {channel.name for channel in off.channels} == {"BBC", "CNN (ENGLISH)", "Fox HD [LIVE]", "107 | RTL RAW"}
    assert off.normalized == {}
    on = plan_for(streams(*names), rules=RULES)
    assert {channel.name for channel in on.channels} == {normalize(name, RULES) for name in names}
    assert on.normalized == {"CNN (ENGLISH)": "CNN", "Fox HD [LIVE]": "Fox", "107 | RTL RAW": "107 | RTL"}


def test_names_that_normalizing_makes_the_same_become_one_channel() -> None:
    chosen = streams("RTL RAW", "RTL HD", "RTL")
    assert shown(plan_for(chosen, rules=RULES)) == ["100 RTL"]
    assert len(plan_for(chosen).channels) == 2


def test_what_is_chosen_here_beats_how_names_are_normalized() -> None:
    rules = NormalizeRules(country=CountryChoice.STRIP)
    chosen = streams("US | CNN")
    assert shown(plan_for(chosen, rules=rules)) == ["100 CNN"]
    assert shown(plan_for(chosen, rules=rules, country=CountryChoice.KEEP)) == ["100 US | CNN"]


def test_five_changed_names_are_shown_and_the_rest_counted() -> None:
    plan = plan_for(streams(*(f"Channel {letter} (ENGLISH)" for letter in "ABCDEFG")), rules=RULES)
    assert len(plan.normalized) == 7


@pytest.mark.django_db
def test_the_preview_lists_changed_names() -> None:
    preview = make_preview(plan_for(streams(*(f"Channel {letter} (ENGLISH)" for letter in "ABCDEFG")), rules=RULES))
    assert preview.normalized[0] == ("Channel A (ENGLISH)", "Channel A")
    assert (len(preview.normalized), preview.more_normalized) == (5, 2)


def test_a_run_in_the_background_gets_every_choice() -> None:
    choices = options(
        "38.1",
        rules=NormalizeRules(network_prefix=True, country=CountryChoice.KEEP, custom_prefixes=("X",)),
        profile_ids=(3, 1),
        separate=True,
        sections={7: SectionChoice("Seven", Decimal(9))},
        conflict=ConflictChoice.PUSH,
    )
    assert options_from(json.loads(json.dumps(options_to(choices)))) == choices


# --- Gracenote ids ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_gracenote_id_is_found_in_the_whole_playlist_of_the_provider() -> None:
    """10 §10.3 step 8: "else the provider's M3U by tvg_id", selected or not."""
    acme, other = make_account("Acme"), make_account("Other")
    make_streams(["Elsewhere"], account=acme, group="Far", tvg_id="ESPN.us", station_id="99")
    make_streams(["Wrong provider"], account=other, group="Far", tvg_id="fox.us", station_id="7")
    espn, fox = make_streams(["ESPN"], account=acme, tvg_id="espn.US"), make_streams(["FOX"], account=acme, tvg_id="fox.us")
    bulk_create(Selection(stream_ids=(espn[0].pk, fox[0].pk)), options())
    assert dict(Channel.objects.values_list("name", "gracenote_id")) == {"ESPN": "99", "FOX": ""}


# --- places of drops ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("behind", "start"),
    [("first", "1"), ("0", "901"), ("News", "4"), ("Empty", "901"), ("Sports", "52"), ("404", ""), ("x", "")],
)
def test_whole_groups_between_groups_continue_the_numbers_in_front(client: Client, behind: str, start: str) -> None:
    client.force_login(User.objects.create_user("alice"))
    news, empty, sports = make_group("News", position=1), make_group("Empty", position=2), make_group("Sports", position=3)
    make_channels(None, Loose="900")
    make_channels(news, A="1", B="3")
    make_channels(sports, C="50", D="51")
    group = make_streams(["One", "Two"])[0].group
    assert group is not None
    place = {"News": news.pk, "Empty": empty.pk, "Sports": sports.pk}.get(behind, behind)
    page = client.get(f"/channels/bulk-create/?stream_group={group.pk}&behind={place}").content.decode()
    field = page.split('id="bulk-start"')[1].split(">")[0]
    assert f'value="{start}"' in field


@pytest.mark.django_db
def test_a_drop_between_groups_starts_the_first_of_several(client: Client) -> None:
    client.force_login(User.objects.create_user("alice"))
    make_streams(["A"], group="One")
    make_streams(["B"], group="Two")
    keys = ",".join(map(str, whole_groups().group_ids))
    page = client.get(f"/channels/bulk-create/?stream_group={keys}&behind=first").content.decode()
    first, second = (page.split(f'id="bulk-start-{key}"')[1].split(">")[0] for key in whole_groups().group_ids)
    assert 'value="1"' in first
    assert 'value=""' in second


@pytest.mark.django_db
def test_taken_numbers_are_told_at_each_group(client: Client) -> None:
    client.force_login(User.objects.create_user("alice"))
    make_streams(["A", "B"], group="One")
    make_streams(["C"], group="Two")
    make_channels(None, X="101", Y="500")
    one, two = whole_groups().group_ids
    values = {"stream_group": f"{one},{two}", "step": "preview", "mode": "separate", f"start_{one}": "100"}
    page = " ".join(client.post("/channels/bulk-create/", {**values, f"start_{two}": "500"}).content.decode().split())
    assert "100–101 · 2 channels · 1 taken" in page
    assert "500 · 1 channel · 1 taken" in page


def test_conflicts_are_counted_for_each_section() -> None:
    chosen = selected(A=[stream("X"), stream("Y")], B=[stream("Z")])
    plan = plan_for(chosen, separate=True)
    assert [section.conflicts for section in plan.sections] == [0, 0]


# --- what is shown is what is written -------------------------------------------------------------------------------------

words = st.sampled_from(
    ["ESPN", "ESPN HD", "ESPN 4K", "US | CNN", "UK: CNN", "HBO", "HBO West", "Fox (LIVE)", "=1+1", "x" * 600]
)


class PreviewAndResult(TestCase):
    @given(
        st.lists(st.tuples(words, st.sampled_from(["One", "Two"])), min_size=1, max_size=7),
        st.lists(st.integers(98, 106), max_size=5, unique=True),
        st.builds(
            BulkOptions,
            separate=st.booleans(),
            start=st.sampled_from([Decimal(100), Decimal("99.9")]),
            group_name=st.sampled_from(["", "Kept", "New"]),
            existing=st.sampled_from(ExistingChoice),
            conflict=st.sampled_from([ConflictChoice.PUSH, ConflictChoice.END, ConflictChoice.ALLOW]),
            country=st.sampled_from(CountryChoice),
            number_in_name=st.booleans(),
            keep_quality=st.booleans(),
            stream_order=st.sampled_from(StreamOrder),
            rules=st.sampled_from([None, RULES]),
        ),
        st.booleans(),
    )
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def test_are_the_same(
        self, names: list[tuple[str, str]], standing: list[int], choices: BulkOptions, with_profile: bool
    ) -> None:
        profile = ChannelProfile.objects.create(name="P")
        choices = options_from({**options_to(choices), "profile_ids": [profile.pk] if with_profile else []})
        for name, group in names:
            make_streams([name], group=group)
        kept = make_group("Kept")
        for number in standing:
            make_channel(f"{number} | Old", str(number), group=kept)
        before = lineup_state()
        plan = plan_bulk_create(whole_groups(), choices)
        preview = make_preview(plan)
        if plan.problems:
            assert lineup_state() == before
            return
        old = {channel.pk: channel for channel in Channel.objects.all()}
        outcome = bulk_create(whole_groups(), choices, fingerprint=plan.fingerprint)
        new = Channel.objects.exclude(pk__in=old).select_related("group").order_by("pk")
        written = [(format_number(row.number), row.name, row.group.name if row.group else "") for row in new]
        assert written == [(row.number, row.name, row.group) for row in preview.rows if not row.existing]
        linked = [list(channel.channel_streams.order_by("position").values_list("stream__name", flat=True)) for channel in new]
        assert linked == [[item.name for item in row.streams] for row in preview.rows if not row.existing]
        for pk, pushed_to in plan.pushed.items():
            assert Channel.objects.get(pk=pk).number == pushed_to
        untouched = set(old) - set(plan.pushed)
        assert all(Channel.objects.get(pk=pk).number == old[pk].number for pk in untouched)
        assert ProfileMembership.objects.count() == (len(written) if with_profile else 0)
        undo_batch(outcome.batch_id)
        assert lineup_state() == before
        assert Stream.objects.count() == len(names)
