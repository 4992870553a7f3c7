"""Cleaning whole names (10 §10.3, §12; 25.3 #40, 25.4 #46, #47)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.naming import CleanOptions, CountryChoice, clean, clean_name, compose_name, enrich, without_leading_number

STRIP = CleanOptions(country=CountryChoice.STRIP)
KEEP = CleanOptions(country=CountryChoice.KEEP)
LEAVE = CleanOptions()
EVERYTHING = CleanOptions(country=CountryChoice.STRIP, network_prefix=True, network_suffix=True, numbers=True)


def test_enriching_tells_everything() -> None:  # 40
    found = enrich("US | ESPN HD")
    assert (found.normalized_name, found.quality_tier, found.quality_priority, found.detected_country) == (
        "ESPN",
        "HD",
        30,
        "US",
    )
    other = enrich("UK | NFL: Cardinals WEST FHD")
    assert (other.detected_network_prefix, other.regional_variant) == ("NFL", "west")


@pytest.mark.parametrize(
    ("name", "options", "cleaned"),
    [
        ("US | ESPN HD", STRIP, "ESPN"),
        ("US | ESPN HD", KEEP, "ESPN"),
        ("US | ESPN HD", LEAVE, "US | ESPN"),
        ("US | ESPN | HD", CleanOptions(quality=False), "US | ESPN | HD"),
        ("UK: BBC One FHD (ENGLISH)", EVERYTHING, "BBC One"),
        ("US | NFL: Cardinals HD LIVE", EVERYTHING, "Cardinals"),
        ("123 | ESPN", EVERYTHING, "ESPN"),
        ("US | 45.1 - ESPN", EVERYTHING, "ESPN"),
        ("123 | ESPN", STRIP, "123 | ESPN"),
        ("UK | US | Drama", STRIP, "US | Drama"),
        ("US | US: Drama", STRIP, "Drama"),
        ("BBC ᵁᴴᴰ", LEAVE, "BBC"),
        ("=HYPERLINK(1)", EVERYTHING, "=HYPERLINK(1)"),
        ("<script>alert(1)</script>", EVERYTHING, "<script>alert(1)</script>"),
    ],
)
def test_cleaning(name: str, options: CleanOptions, cleaned: str) -> None:
    assert clean_name(name, options) == cleaned


@pytest.mark.parametrize("name", ["US |", " | : - ", "", "\x00\x01", "- - HD", "US: UK:"])
def test_an_emptied_name_stays_as_it_came(name: str) -> None:
    found = clean(name, EVERYTHING)
    assert found.name
    if not found.fell_back:
        assert found.name in ("HD", "UK")


def test_the_same_channel_has_the_same_key() -> None:
    assert clean("ESPN HD", LEAVE).key == clean("espn ᶠᴴᴰ", LEAVE).key == clean("ESPN  (1080p)", LEAVE).key
    assert clean("USA | ESPN", LEAVE).key == clean("US: ESPN 4K", LEAVE).key
    assert clean("US | ESPN", LEAVE).key != clean("UK | ESPN", LEAVE).key
    assert clean("US | ESPN", STRIP).key == clean("ESPN", STRIP).key
    assert clean("HBO", LEAVE).key != clean("HBO West", LEAVE).key


def test_composed_names() -> None:
    assert compose_name("ESPN", number="500", number_separator="-") == "500 - ESPN"  # 46
    parts = {"country": "US", "country_separator": "-", "number": "101", "number_separator": "|"}
    assert compose_name("ESPN", **parts) == "101 | US - ESPN"  # 47
    assert compose_name("ESPN", **parts, country_first=True) == "US - 101 | ESPN"
    assert compose_name("ESPN", country="US", country_separator=":") == "US : ESPN"
    assert compose_name("ESPN") == "ESPN"


@pytest.mark.parametrize(
    ("name", "number", "rest"),
    [
        ("123 | X", "", "X"),
        ("45.1 - X", "", "X"),
        ("7: X", "", "X"),
        ("5 USA", "", "5 USA"),
        ("24/7 Friends", "", "24/7 Friends"),
        ("24 - News", "101", "24 - News"),
        ("101 | News", "101", "News"),
        ("7 |", "", "7 |"),
    ],
)
def test_a_leading_number_goes(name: str, number: str, rest: str) -> None:
    assert without_leading_number(name, number) == rest


@given(st.text(max_size=80), st.sampled_from([STRIP, KEEP, LEAVE, EVERYTHING]))
def test_cleaning_is_stable_and_never_empty(name: str, options: CleanOptions) -> None:
    found = clean(name, options)
    assert found.name
    assert found.name == " ".join(found.name.split())
    if options is EVERYTHING and not found.fell_back and not found.country:
        assert clean(found.name, options).key == found.key


@pytest.mark.parametrize(
    "name", ["-" * 5000, " " * 5000, "(HD)" * 2000, "- HD" * 1500, "US | " * 900, "1 - " * 900, "x" * 5000, "(LIVE" * 1000]
)
def test_hostile_names_stay_short(name: str) -> None:
    assert len(clean(name, EVERYTHING).name) <= 1024
    assert len(enrich(name).normalized_name) <= 1024
