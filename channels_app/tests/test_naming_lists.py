"""The lists of 10 §12, word by word."""

import pytest

from channels_app.naming import detect_country, strip_network_prefix, strip_network_suffix, strip_quality


def _words(text: str) -> list[str]:
    """Words between commas or line ends."""
    return [word.strip() for word in text.replace("\n", ",").split(",") if word.strip()]


QUALITY = _words(
    """
    FHD, UHD, 4K, HD, SD, 1080P, 1080I, 720P, 480P, 2160P, HEVC, H264, H265, 476p, 999i
    """
)
COUNTRIES = _words(
    """
    US, USA, UK, CA, AU, NZ, IE, IN, PH, MX, BR, DE, FR, ES, IT, NL, BE, CH, AT, PL, SE, NO, DK, FI, PT, GR, TR, RU,
    JP, KR, CN, TW, HK, SG, MY, TH, ID, VN, PK, BD, LK, ZA, EG, NG, KE, GH, AR, CL, CO, PE, VE, EC, PR, DO, CU, JM,
    TT, BB, CR, PA, HN, SV, GT, NI, BZ, IL, AE, SA, QA, KW, BH, OM, JO, LB, IR, IQ, AF, LATAM, LATINO, LATIN
    """
)
ALSO_WORDS = _words(
    """
    IN, IT, NO, AT, BE, DO, ID, MY, CO, PA, TT
    """
)
PREFIXES = _words(
    """
    CHAMP, CHAMPIONSHIP, PPV, PAY PER VIEW, PREMIER, PREMIER LEAGUE, PL, PRIME, NFL, NBA, MLB, NHL, MLS, NCAA, UFC,
    WWE, AEW, BOXING, GOLF, TENNIS, CRICKET, RUGBY, RACING, MOTORSPORT, F1, NASCAR, LIVE, SPORTS, MATCH, GAME, 24/7,
    LINEAR, RSN
    """
)
SUFFIXES = _words(
    """
    ENGLISH, ENG, SPANISH, ESP, FRENCH, FRA, GERMAN, DEU, PORTUGUESE, POR, LIVE, REPLAY, DELAY, BACKUP, ALT,
    ALTERNATE, MAIN, FEED, MULTI, CLEAN, RAW, PRIMARY, SECONDARY, PPV, EVENT, SPECIAL, EXCLUSIVE, MPEG2, MPEG4, AVC,
    STEREO, MONO, 5.1, SURROUND
    """
)


@pytest.mark.parametrize("word", QUALITY)
@pytest.mark.parametrize("separator", [" ", " - ", "_", " | ", ":"])
def test_quality_words_go(word: str, separator: str) -> None:
    assert strip_quality(f"News{separator}{word}") == strip_quality(f"News{separator}{word.lower()}") == "News"


@pytest.mark.parametrize("code", COUNTRIES)
def test_countries_are_known_in_any_case_and_behind_signs(code: str) -> None:
    known = {"USA": "US", "LATINO": "LATAM", "LATIN": "LATAM"}.get(code, code)
    for name in (f"{code}: News", f"{code.lower()} | News", f"| {code} | News", f"{code}-News", f"{code} / News"):
        assert detect_country(name) == known, name


@pytest.mark.parametrize("code", ALSO_WORDS)
def test_codes_that_are_words_need_a_sign(code: str) -> None:
    assert detect_country(f"{code} Limits") == ""
    assert detect_country(f"{code.title()} Limits") == ""


@pytest.mark.parametrize("word", PREFIXES)
@pytest.mark.parametrize("sign", ["|", ":", "-", "/"])
def test_words_in_front_go_with_their_sign_only(word: str, sign: str) -> None:
    assert strip_network_prefix(f"{word.lower()} {sign} Arsenal") == "Arsenal"
    assert strip_network_prefix(f"{word}{sign} AB") == f"{word}{sign} AB"
    assert strip_network_prefix(f"{word} Arsenal") == f"{word} Arsenal"


@pytest.mark.parametrize("word", SUFFIXES)
def test_words_behind_go(word: str) -> None:
    for name in (
        f"News ({word})",
        f"News [{word.lower()}]",
        f"News - {word}",
        f"News | {word}",
        f"News: {word}",
        f"News {word}",
    ):
        assert strip_network_suffix(name) == "News", name
    assert strip_network_suffix(f"AB {word}") == f"AB {word}"
