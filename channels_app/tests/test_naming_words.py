"""Countries, network words and regions in names (10 §12.2–12.4; 25.3 #36–39, 25.4 #44, #45)."""

import pytest

from channels_app.naming import (
    TimezoneChoice,
    country_hint,
    detect_country,
    has_variants,
    kept_by_timezone,
    plain_letters,
    region_of,
    regional_variant,
    strip_network_prefix,
    strip_network_suffix,
)


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("| UK | BBC One", "UK"),  # 36
        ("US: CNN", "US"),
        ("Italia 1", ""),
        ("us: cnn", "US"),
        ("USA | CNN", "US"),
        ("US CNN", "US"),
        ("[DE] RTL", "DE"),
        ("(FR) TF1", "FR"),
        ("┃UK┃ BBC", "UK"),
        ("ＵＳ｜ CNN", "US"),
        ("IN Touch", ""),
        ("NO Limits", ""),
        ("IT: Rai 1", "IT"),
        ("NO - NRK1", "NO"),
        ("De Luxe Music", ""),
        ("Latin Hits", ""),
        ("LATAM | Novelas", "LATAM"),
        ("USSR | Kino", ""),
        ("", ""),
    ],
)
def test_country_in_front(name: str, country: str) -> None:
    assert detect_country(name) == country


@pytest.mark.parametrize(
    ("name", "tvg_id", "group", "hint"),
    [
        ("UK: Discovery", "discovery.de", "US", "UK"),
        ("Discovery", "Discovery.de", "US | Sports", "DE"),
        ("Discovery", "Discovery.es@SD", "", "ES"),
        ("Discovery", "ESPN.HD", "UK | Sports", "UK"),
        ("Discovery", "", "US", "US"),
        ("Discovery", "", "Germany | Doku", "DE"),
        ("Discovery", "", "Deutschland", "DE"),
        ("Discovery", "", "Documentary", ""),
        ("Discovery", "", "Indian Movies", ""),
        ("Discovery", "", "Sports (UK)", "UK"),
        ("Discovery", "", "Sport USA", "US"),
        ("Discovery", "", "Movies us", ""),
        ("Discovery", "", "", ""),
    ],
)
def test_country_hints(name: str, tvg_id: str, group: str, hint: str) -> None:
    assert country_hint(name, tvg_id, group) == hint


@pytest.mark.parametrize(
    ("name", "stripped"),
    [
        ("NFL: Arizona Cardinals", "Arizona Cardinals"),  # 37
        ("PPV | AB", "PPV | AB"),
        ("24/7: Friends", "Friends"),
        ("PREMIER LEAGUE - Arsenal", "Arsenal"),
        ("NFL Network", "NFL Network"),
        ("PLUS | Movies", "PLUS | Movies"),
    ],
)
def test_network_prefix(name: str, stripped: str) -> None:
    assert strip_network_prefix(name) == stripped


@pytest.mark.parametrize(
    ("name", "stripped"),
    [
        ("BBC One (ENGLISH)", "BBC One"),  # 38
        ("ESPN [LIVE]", "ESPN"),
        ("CNN - BACKUP", "CNN"),
        ("Fox News BACKUP", "Fox News"),
        ("AB LIVE", "AB LIVE"),
        ("LIVE", "LIVE"),
        ("(LIVE)", "(LIVE)"),
        ("Cinema 5.1", "Cinema"),
        ("ALIVE", "ALIVE"),
    ],
)
def test_network_suffix(name: str, stripped: str) -> None:
    assert strip_network_suffix(name) == stripped


def test_custom_words_count_too_and_are_no_patterns() -> None:
    assert strip_network_prefix("My (Net): Channel", ("my (net)",)) == "Channel"
    assert strip_network_prefix("MyXNet: Channel", ("My.Net",)) == "MyXNet: Channel"
    assert strip_network_suffix("Channel ARCHIV", ("archiv", "")) == "Channel"


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("Fox News HD WEST", "west"),  # 39
        ("HBO West HD", "west"),
        ("HBO (East)", "east"),
        ("Northwest", ""),
        ("WEST", ""),
        ("HBO", ""),
    ],
)
def test_region(name: str, region: str) -> None:
    assert regional_variant(name) == region


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        (TimezoneChoice.EAST, ["HBO", "HBO East", "CNN"]),
        (TimezoneChoice.WEST, ["HBO West"]),
        (TimezoneChoice.PREFER_WEST, ["HBO West", "CNN"]),
        (TimezoneChoice.BOTH, ["HBO", "HBO West", "HBO East", "CNN"]),
    ],
)
def test_timezone_choice(choice: TimezoneChoice, kept: list[str]) -> None:  # 44
    names = ["HBO", "HBO West", "HBO East", "CNN"]
    stays = kept_by_timezone([region_of(name) for name in names], choice)
    assert [name for name, stay in zip(names, stays, strict=True) if stay] == kept


def test_a_set_without_variants_stays_whole() -> None:  # 45
    split = [region_of("HBO"), region_of("CNN")]
    assert not has_variants(split)
    assert kept_by_timezone(split, TimezoneChoice.WEST) == [True, True]
    assert not has_variants([region_of("Key West")])
    assert has_variants([region_of("HBO FHD"), region_of("hbo West HD")])


def test_invisible_letters_and_text_direction_tricks_disappear() -> None:
    assert plain_letters("\u202eESPN\u200b\x00 \t HD\ufeff") == "ESPN HD"
    assert plain_letters("قناة الجزيرة") == "قناة الجزيرة"
    assert plain_letters("Canal⁺ ²") == "Canal+ 2"
