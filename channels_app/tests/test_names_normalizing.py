"""What names become by today's knowledge, and which of them mean the same station (10 §11, §12, §15.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.models import Channel
from channels_app.naming.cleaning import CountryChoice
from channels_app.naming.normalizing import NormalizeRules, match_keys, normalize, split_number, transformations
from channels_app.normalize_rules import current_rules
from channels_app.normalizing.proposals import hinted_name, preview_channels, proposals_for
from channels_app.normalizing.rename_channels import rename_channels
from channels_app.tests.lineup_fixtures import lineup_state, make_channel
from ecm_site.conf import save_settings
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch

RULES = NormalizeRules()


def match_key(name: str, rules: NormalizeRules, number: str = "") -> str:
    return match_keys(rules)(name, number)


ALL = NormalizeRules(network_prefix=True, country=CountryChoice.STRIP)
KEEP = NormalizeRules(country=CountryChoice.KEEP)


@pytest.mark.parametrize(
    ("name", "rules", "proposed"),
    [
        ("ESPN HD", RULES, "ESPN"),  # 96
        ("107 | RTL RAW", RULES, "107 | RTL"),  # 93
        ("4.1 | RTL HD", RULES, "4.1 | RTL"),
        ("US | ESPN HD", RULES, "US | ESPN"),
        ("US: ESPN HD", KEEP, "US | ESPN"),
        ("107 | US - ESPN HD", KEEP, "107 | US | ESPN"),
        ("UK: BBC One FHD (ENGLISH)", ALL, "BBC One"),
        ("NFL: Arizona Cardinals", ALL, "Arizona Cardinals"),
        ("NFL: Arizona Cardinals", RULES, "NFL: Arizona Cardinals"),
        ("BBC One ᵁᴴᴰ", RULES, "BBC One"),
        ("ʙʙᴄ  One", RULES, "BBC One"),
        ("ESPN HD", NormalizeRules(quality=False), "ESPN HD"),
        ("News ARCHIV", NormalizeRules(custom_suffixes=("archiv",)), "News"),
        ("CNN", RULES, "CNN"),
    ],
)
def test_normalized_names(name: str, rules: NormalizeRules, proposed: str) -> None:
    assert normalize(name, rules) == proposed


@pytest.mark.parametrize("name", ["HD", "US |", "107 | HD", "", "| - :", "UK: US:", "A" * 511 + "é", "24/7"])
def test_a_name_of_which_nothing_would_be_left_stays(name: str) -> None:
    """10 §24: never accept an empty name."""
    assert normalize(name, ALL) == name or normalize(name, ALL).strip()
    assert bool(normalize(name, ALL).strip()) == bool(name.strip())


def test_a_name_that_would_become_too_long_stays() -> None:
    name = "US:" + "x" * 509
    assert normalize(name, KEEP) == name


@given(st.text(max_size=60), st.sampled_from([RULES, ALL, KEEP]))
def test_normalizing_never_empties_a_name_and_explains_every_change(name: str, rules: NormalizeRules) -> None:
    proposed = normalize(name, rules)
    steps = transformations(name, rules)
    assert bool(proposed.strip()) or not name.strip()
    assert (proposed != name) == bool(steps)
    if steps:
        assert steps[-1].after == proposed
        assert [step.before for step in steps[1:]] == [step.after for step in steps[:-1]]


def test_steps_name_their_rule() -> None:
    steps = transformations("107 | US: ESPN ᴴᴰ RAW", NormalizeRules(country=CountryChoice.STRIP))
    assert [step.rule_id for step in steps] == ["builtin:letters", "builtin:network_suffix", "builtin:country"]
    assert steps[-1].after == "107 | ESPN"


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("RTL", "rtl HD", True),  # 88
        ("107 | RTL", "RTL", True),
        ("101 - RTL", "RTL", True),  # its own number, below
        ("101espn", "ESPN", True),
        ("US | ESPN", "USA: ESPN FHD", True),
        ("US | ESPN", "UK | ESPN", False),
        ("HBO", "HBO West", False),
        ("PPV | Event 1", "UFC | Event 1", False),
        ("CNN (ENGLISH)", "cnn", True),
        ("24 - News", "News", False),
    ],
)
def test_names_of_the_same_station(left: str, right: str, *, same: bool) -> None:
    assert (match_key(left, RULES, "101") == match_key(right, RULES)) is same


def test_short_numbers_that_are_part_of_the_name_stay() -> None:
    assert match_key("4Music", RULES, "4") != match_key("Music", RULES)
    assert match_key("3sat", RULES, "3") == "3sat"


def test_names_without_anything_match_nothing() -> None:
    assert match_key("US |", RULES) == ""
    assert match_key("", RULES) == ""


def test_without_quality_rules_the_quality_tells_channels_apart() -> None:
    rules = NormalizeRules(quality=False)
    assert match_key("RTL HD", rules) != match_key("RTL", rules)
    assert match_key("US: RTL HD", rules) == match_key("US | rtl hd", rules)


def test_numbers_in_front() -> None:
    assert split_number("107 | RTL") == ("107 | ", "RTL")
    assert split_number("RTL 107") == ("", "RTL 107")
    assert split_number("107 |") == ("", "107 |")


def test_the_fingerprint_follows_the_rules() -> None:
    assert len(RULES.fingerprint) == 12
    assert RULES.fingerprint == NormalizeRules().fingerprint
    assert RULES.fingerprint != KEEP.fingerprint


def test_rules_come_from_the_settings() -> None:
    save_settings(
        normalize_quality=False,
        normalize_network_prefix=True,
        normalize_network_suffix=False,
        normalize_country="keep",
        country_separator="-",
        custom_network_prefixes=("VIP",),
    )
    assert current_rules() == NormalizeRules(
        quality=False,
        network_prefix=True,
        network_suffix=False,
        country=CountryChoice.KEEP,
        country_separator="-",
        custom_prefixes=("VIP",),
    )
    assert hinted_name("VIP: US: News HD") == "US - News HD"


# --- channels -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_only_channels_whose_name_changes_are_proposed_in_natural_order() -> None:
    ids = [make_channel(name).pk for name in ("ESPN 10 HD", "ESPN 2 HD", "CNN", "ABC RAW")]
    assert [(item.current, item.proposed) for item in proposals_for([*ids, 999])] == [
        ("ABC RAW", "ABC"),
        ("ESPN 2 HD", "ESPN 2"),
        ("ESPN 10 HD", "ESPN 10"),
    ]


@pytest.mark.django_db
def test_previews_keep_the_order_asked_for_and_skip_what_is_gone() -> None:
    first, second = make_channel("CNN"), make_channel("ESPN HD")
    found = preview_channels([second.pk, 999, first.pk, second.pk])
    assert [(item.channel_id, item.proposed, item.would_change) for item in found] == [
        (second.pk, "ESPN", True),
        (first.pk, "CNN", False),
    ]


@pytest.mark.django_db
def test_renaming_is_one_step_and_can_be_taken_back() -> None:
    channels = [make_channel(name, str(place)) for place, name in enumerate(("A HD", "B HD", "C"), 1)]
    before = lineup_state()
    outcome = rename_channels({channels[0].pk: "A", channels[1].pk: " B ", channels[2].pk: "C", 999: "X"})
    assert list(Channel.objects.order_by("number").values_list("name", flat=True)) == ["A", "B", "C"]
    assert outcome.channel_ids == [channels[0].pk, channels[1].pk]
    entries = JournalEntry.objects.filter(batch_id=outcome.batch_id, undoable=True)
    assert {entry.action_type for entry in entries} == {"rename"}
    assert entries.count() == 2
    assert undo_batch(outcome.batch_id).conflict_count == 0
    assert lineup_state() == before
