"""The examples of 25.4, and every option of 10 §10.2, on plans without a database."""

from decimal import Decimal

import pytest

from channels_app.bulk_options import ConflictChoice, SectionChoice, StreamOrder
from channels_app.bulk_plan import LeftOut
from channels_app.naming import CountryChoice, TimezoneChoice
from channels_app.numbering import format_number
from channels_app.tests.bulk_fixtures import lineup, names_on, plan_for, selected, shown, stream, streams


def test_the_same_channel_of_two_providers_is_merged_best_quality_first() -> None:  # 42
    chosen = selected(Sports=[stream("ESPN HD", 1), stream("ESPN FHD", 2), stream("ESPN 4K", 1), stream("CNN", 1)])
    plan = plan_for(chosen)
    assert shown(plan) == ["100 CNN", "101 ESPN"]
    assert names_on(plan, chosen, 1) == ["ESPN 4K", "ESPN FHD", "ESPN HD"]
    assert plan.merged == 2


def test_channels_stand_in_natural_order() -> None:  # 43
    plan = plan_for(streams("C-SPAN 3", "C-SPAN", "C-SPAN 2"), start="350")
    assert shown(plan) == ["350 C-SPAN", "351 C-SPAN 2", "352 C-SPAN 3"]


@pytest.mark.parametrize(
    ("choice", "kept", "excluded"),
    [
        (TimezoneChoice.EAST, ["100 HBO"], 1),
        (TimezoneChoice.WEST, ["100 HBO West"], 1),
        (TimezoneChoice.BOTH, ["100 HBO", "101 HBO West"], 0),
    ],
)
def test_timezone_preference(choice: TimezoneChoice, kept: list[str], excluded: int) -> None:  # 44
    plan = plan_for(streams("HBO", "HBO West"), timezone=choice)
    assert plan.has_variants
    assert shown(plan) == kept
    assert len(plan.left_out.get(LeftOut.TIMEZONE, [])) == excluded


def test_without_variants_the_timezone_is_not_asked_for() -> None:  # 45
    plan = plan_for(streams("HBO", "CNN"), timezone=TimezoneChoice.WEST)
    assert not plan.has_variants
    assert shown(plan) == ["100 CNN", "101 HBO"]


def test_a_number_in_the_name_replaces_the_one_that_is_there() -> None:  # 46
    assert shown(plan_for(streams("123 | ESPN"), start="500", number_in_name=True)) == ["500 500 - ESPN"]


@pytest.mark.parametrize(("country_first", "name"), [(False, "101 | US - ESPN"), (True, "US - 101 | ESPN")])
def test_number_and_country_in_the_name(country_first: bool, name: str) -> None:  # 47
    plan = plan_for(
        streams("US | ESPN"),
        start="101",
        number_in_name=True,
        number_separator="|",
        country=CountryChoice.KEEP,
        country_separator="-",
        country_first=country_first,
    )
    assert plan.channels[0].name == name


def test_decimal_starts_count_in_tenths() -> None:  # 48
    assert shown(plan_for(streams("A", "B", "C"), start="38.1")) == ["38.1 A", "38.2 B", "38.3 C"]


def test_the_next_group_continues_behind_the_channels_not_the_streams() -> None:  # 49
    chosen = selected(
        A=[stream(name) for name in ("X HD", "X FHD", "Y", "Y HD", "Z")],
        B=[stream("Q")],
        C=[stream("R")],
    )
    plan = plan_for(chosen, separate=True, sections={3: SectionChoice("C", Decimal(200))})
    assert [section.range for section in plan.sections] == ["100–102", "103", "200"]


def test_a_decimal_run_keeps_its_step_into_the_next_group() -> None:
    plan = plan_for(selected(A=[stream("X"), stream("Y")], B=[stream("Z"), stream("W")]), start="38.8", separate=True)
    assert [section.range for section in plan.sections] == ["38.8–38.9", "39–39.1"]


def test_an_existing_group_is_used_whatever_its_case() -> None:  # 50
    plan = plan_for(streams("ESPN"), lineup(groups={7: "SPORTS"}), group_name="sports")
    assert plan.sections[0].group_id == 7
    assert plan.new_groups == []


def test_a_new_group_is_made_once_and_only_when_it_gets_a_channel() -> None:
    sections = {1: SectionChoice("Mine"), 2: SectionChoice("mine"), 3: SectionChoice("Other")}
    chosen = selected(A=[stream("X")], B=[stream("Y")], C=[])
    assert plan_for(chosen, separate=True, sections=sections).new_groups == ["mine"]


def test_insert_at_the_end() -> None:  # 51
    standing = lineup(*((f"L{number}", str(number), 1) for number in (101, 104, 106, 109, 812)), groups={1: "Local"})
    chosen = streams(*(f"N{place}" for place in range(10)))
    asked = plan_for(chosen, standing)
    assert len(asked.conflicts) == 4
    assert set(asked.problems) == {"conflict"}
    plan = plan_for(chosen, standing, conflict=ConflictChoice.END)
    assert plan.sections[0].range == "813–822"
    assert plan.problems == {}


def test_metadata_comes_from_the_first_stream_that_has_it() -> None:  # 52
    first = stream("ESPN HD", logo_url="http://logo/1.png")
    second = stream("ESPN SD", tvg_id=" espn.us ", station_id="1234")
    channel = plan_for(selected(Sports=[first, second])).channels[0]
    assert (channel.logo_url, channel.tvg_id, channel.gracenote_id) == ("http://logo/1.png", "espn.us", "1234")


def test_a_gracenote_id_is_found_in_the_same_playlist_by_guide_id() -> None:
    other = stream("Elsewhere", tvg_id="ESPN.us", station_id="99")
    plan = plan_for(selected(Sports=[stream("ESPN", tvg_id="espn.US"), other, stream("FOX", 2, tvg_id="espn.us")]))
    assert {channel.name: channel.gracenote_id for channel in plan.channels} == {"ESPN": "99", "Elsewhere": "99", "FOX": ""}


def test_names_are_left_alone_where_nothing_was_asked_for() -> None:  # 53
    assert shown(plan_for(streams("NFL: Cards (LIVE)"))) == ["100 NFL: Cards (LIVE)"]


def test_network_words_and_quality() -> None:
    assert shown(plan_for(streams("NFL: Cards (LIVE) HD"), network_prefix=True, network_suffix=True)) == ["100 Cards"]
    assert shown(plan_for(streams("ESPN 4K", "ESPN HD"), keep_quality=True)) == ["100 ESPN 4K"]


def test_countries_are_told_and_can_be_removed_or_kept() -> None:
    chosen = streams("US | ESPN", "USA: CNN", "BBC One")
    plan = plan_for(chosen)
    assert plan.countries == ("US",)
    assert shown(plan) == ["100 BBC One", "101 US | ESPN", "102 USA: CNN"]
    assert shown(plan_for(chosen, country=CountryChoice.STRIP)) == ["100 BBC One", "101 CNN", "102 ESPN"]
    assert shown(plan_for(chosen, country=CountryChoice.KEEP)) == ["100 BBC One", "101 US | CNN", "102 US | ESPN"]


def test_streams_can_stay_as_listed() -> None:
    chosen = streams("ESPN SD", "ESPN 4K", "ESPN HD")
    plan = plan_for(chosen, stream_order=StreamOrder.LISTED)
    assert names_on(plan, chosen, 0) == ["ESPN SD", "ESPN 4K", "ESPN HD"]


def test_push_down_makes_room_and_says_for_whom() -> None:
    standing = lineup(("A", "100", 1), ("B", "101", 1), ("C", "150", None), groups={1: "Local"})
    plan = plan_for(streams("X", "Y"), standing, conflict=ConflictChoice.PUSH)
    assert {pk: format_number(number) for pk, number in plan.pushed.items()} == {1: "102", 2: "103"}
    assert plan.problems == {}


def test_allowing_duplicates_moves_nobody() -> None:
    plan = plan_for(streams("X"), lineup(("A", "100", None)), conflict=ConflictChoice.ALLOW)
    assert (plan.pushed, plan.problems, shown(plan)) == ({}, {}, ["100 X"])


def test_overlapping_starts_are_named_at_their_field() -> None:
    chosen = selected(A=[stream("X"), stream("Y")], B=[stream("Z")])
    plan = plan_for(chosen, separate=True, sections={2: SectionChoice("B", Decimal(101))})
    assert set(plan.problems) == {"start_2"}
    assert "overlaps with 100–101" in plan.problems["start_2"]


def test_a_missing_or_endless_start_is_a_problem_not_a_crash() -> None:
    assert set(plan_for(streams("X"), start=None).problems) == {"start"}
    assert shown(plan_for(streams("X"), start=None)) == [" X"]
    assert set(plan_for(streams("X", "Y"), start="99999999").problems) == {"start"}
    full = lineup(("A", "99999999", None))
    assert set(plan_for(streams("X"), full, start="99999999", conflict=ConflictChoice.PUSH).problems) == {"conflict"}


def test_a_long_group_name_is_refused_at_its_field() -> None:
    assert set(plan_for(streams("X"), group_name="G" * 256).problems) == {"group_name"}


def test_nothing_selected_is_said() -> None:
    assert "no streams" in plan_for(selected()).problems[""]


def test_long_and_emptied_names_are_noted() -> None:
    plan = plan_for(streams("x" * 600, "US | ", "US | CNN"), country=CountryChoice.STRIP)
    by_note = {channel.note: channel.name for channel in plan.channels}
    assert len(by_note["too_long"]) == 512
    assert by_note["fell_back"] == "US |"
    assert by_note[""] == "CNN"


def test_names_without_a_letter_do_not_merge() -> None:
    assert len(plan_for(streams("", "\x00", "   ")).channels) == 3


def test_more_than_a_thousand_streams_on_a_channel_are_reported() -> None:
    plan = plan_for(streams(*["ESPN"] * 1005))
    assert len(plan.channels[0].stream_ids) == 1000
    assert len(plan.left_out[LeftOut.TOO_MANY]) == 5


def test_the_fingerprint_follows_what_will_be_written() -> None:
    chosen = streams("ESPN HD", "CNN")
    assert plan_for(chosen).fingerprint == plan_for(chosen).fingerprint
    others = [
        plan_for(chosen, start="101"),
        plan_for(chosen, group_name="News"),
        plan_for(chosen, keep_quality=True),
        plan_for(selected(Sports=chosen.sections[0].streams[:1])),
    ]
    assert plan_for(chosen).fingerprint not in {plan.fingerprint for plan in others}
