"""Which streams are one channel, inside a selection and with the lineup that stands already (10 §10.3)."""

from typing import Any

import pytest

from channels_app.bulk_options import ExistingChoice
from channels_app.bulk_plan import LeftOut, Plan
from channels_app.naming import CountryChoice
from channels_app.tests.bulk_fixtures import lineup, plan_for, selected, shown, stream


def separate(*, standing: Any = None, across: bool = True, **groups: list[Any]) -> Plan:
    return plan_for(selected(**groups), standing, separate=True, across_groups=across)


def test_groups_of_two_providers_share_their_channels() -> None:
    plan = separate(US_Sports=[stream("ESPN HD", 1)], Sport_USA=[stream("ESPN FHD", 2)])
    assert shown(plan) == ["100 ESPN"]
    assert len(plan.channels[0].stream_ids) == 2


def test_sharing_across_groups_can_be_switched_off() -> None:
    plan = separate(across=False, US_Sports=[stream("ESPN HD", 1)], Sport_USA=[stream("ESPN FHD", 2)])
    assert shown(plan) == ["100 ESPN", "101 ESPN"]


def test_the_same_name_in_two_groups_of_one_provider_is_two_channels() -> None:
    assert len(separate(NFL=[stream("Game 1")], NBA=[stream("Game 1")]).channels) == 2


def test_unless_they_share_a_guide_id() -> None:
    plan = separate(News=[stream("CNN", tvg_id="cnn.us")], Favourites=[stream("CNN HD", tvg_id="CNN.us")])
    assert shown(plan) == ["100 CNN"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"UK": [stream("Discovery", 1)]}, {"Germany": [stream("Discovery", 2)]}),
        ({"A": [stream("Discovery", 1, tvg_id="Discovery.uk")]}, {"B": [stream("Discovery", 2, tvg_id="Discovery.de")]}),
        ({"A": [stream("UK | Discovery", 1)]}, {"B": [stream("DE | Discovery", 2)]}),
        ({"A": [stream("UK | Discovery", 1)]}, {"B": [stream("Discovery", 2)]}),
    ],
)
def test_different_countries_are_different_channels(one: Any, other: Any) -> None:
    assert len(separate(**one, **other).channels) == 2


def test_in_one_group_equal_names_are_one_channel_whatever_the_hints() -> None:
    chosen = selected(All=[stream("Discovery", 1, tvg_id="d.uk"), stream("Discovery HD", 2, tvg_id="d.de")])
    assert shown(plan_for(chosen)) == ["100 Discovery"]


def test_a_name_without_country_joins_the_one_its_group_hints_at() -> None:
    chosen = selected(Sports=[stream("US | ESPN HD", 1), stream("UK | ESPN", 1)], US_Sports=[stream("ESPN 4K", 2)])
    plan = plan_for(chosen)
    assert shown(plan) == ["100 ESPN", "101 UK | ESPN"]
    assert len(plan.channels[0].stream_ids) == 2


def test_stripping_countries_merges_them_inside_a_group() -> None:
    chosen = selected(Sports=[stream("US | ESPN HD"), stream("UK | ESPN"), stream("ESPN SD")])
    plan = plan_for(chosen, country=CountryChoice.STRIP)
    assert shown(plan) == ["100 ESPN"]


def test_variants_of_a_region_stay_apart() -> None:
    assert shown(plan_for(selected(A=[stream("HBO HD"), stream("HBO West"), stream("HBO 4K")]))) == ["100 HBO", "101 HBO West"]


def test_a_second_provider_joins_the_lineup() -> None:
    standing = lineup(("US | ESPN", "101", 5), groups={5: "US | Sports"}, accounts={1: {1}})
    plan = separate(standing=standing, Sport_USA=[stream("US: ESPN FHD", 2), stream("US: New One", 2)])
    assert [(item.channel_id, len(item.stream_ids)) for item in plan.additions] == [(1, 1)]
    assert shown(plan) == ["100 US: New One"]


def test_a_channel_with_its_number_in_the_name_is_recognised() -> None:
    standing = lineup(("101 | US - ESPN", "101", 5), ("UK - 102 | ESPN", "102", 5), groups={5: "Sports"})
    chosen = selected(Sports=[stream("US | ESPN", 2), stream("UK | ESPN", 2)])
    plan = plan_for(chosen, standing, group_name="Sports", country=CountryChoice.KEEP)
    assert [item.channel_id for item in plan.additions] == [1, 2]
    assert plan.channels == []


def test_the_target_group_goes_before_other_groups() -> None:
    standing = lineup(("ESPN", "1", 5), ("ESPN", "2", 6), groups={5: "Sports", 6: "Favourites"}, accounts={1: {9}, 2: {9}})
    plan = plan_for(selected(X=[stream("ESPN HD", 2)]), standing, group_name="favourites")
    assert [item.channel_id for item in plan.additions] == [2]


def test_two_equal_candidates_elsewhere_are_not_guessed_between() -> None:
    standing = lineup(("ESPN", "1", 5), ("ESPN", "2", 6), groups={5: "Sports", 6: "Favourites"}, accounts={1: {9}, 2: {9}})
    assert plan_for(selected(X=[stream("ESPN HD", 2)]), standing, group_name="New").additions == []


def test_a_guide_id_decides_between_them() -> None:
    standing = lineup(
        ("ESPN", "1", 5), ("ESPN", "2", 6), groups={5: "A", 6: "B"}, accounts={1: {9}, 2: {9}}, tvg_ids={2: "espn.us"}
    )
    plan = plan_for(selected(X=[stream("ESPN HD", 2, tvg_id="ESPN.us")]), standing, group_name="New")
    assert [item.channel_id for item in plan.additions] == [2]


def test_streams_in_the_lineup_are_left_where_they_are() -> None:
    known, new = stream("Sky One HD"), stream("Sky One FHD")
    standing = lineup(("My own name", "7", None), assigned={known.id: [1]}, accounts={1: {1}})
    plan = plan_for(selected(X=[known, new]), standing)
    assert plan.left_out[LeftOut.ALREADY] == [known.id]
    assert [(item.channel_id, item.stream_ids) for item in plan.additions] == [(1, (new.id,))]
    assert plan.channels == []


def test_existing_channels_can_be_skipped_or_made_again() -> None:
    chosen = selected(Sports=[stream("ESPN", 2), stream("CNN", 2)])
    standing = lineup(("ESPN", "7", 5), groups={5: "Sports"})
    skipped = plan_for(chosen, standing, group_name="Sports", existing=ExistingChoice.SKIP)
    assert shown(skipped) == ["100 CNN"]
    assert len(skipped.left_out[LeftOut.SKIPPED]) == 1
    again = plan_for(chosen, standing, group_name="Sports", existing=ExistingChoice.CREATE)
    assert shown(again) == ["100 CNN", "101 ESPN"]


def test_when_everything_is_there_it_says_so() -> None:
    known = stream("ESPN")
    standing = lineup(("ESPN", "7", None), assigned={known.id: [1]})
    plan = plan_for(selected(X=[known]), standing)
    assert plan.is_empty
    assert "in the lineup already" in plan.problems[""]
