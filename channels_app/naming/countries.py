"""Country codes in front of names (10 §12.2), and what else hints at a country."""

import re
from functools import lru_cache

from channels_app.naming.letters import plain_letters

_CODES = (
    "US USA UK CA AU NZ IE IN PH MX BR DE FR ES IT NL BE CH AT PL SE NO DK FI PT GR TR RU JP KR CN TW HK SG MY TH ID VN "
    "PK BD LK ZA EG NG KE GH AR CL CO PE VE EC PR DO CU JM TT BB CR PA HN SV GT NI BZ IL AE SA QA KW BH OM JO LB IR IQ "
    "AF LATAM LATINO LATIN"
)
COUNTRY_CODES = frozenset(_CODES.split())
# Words of everyday language: "IN Touch", "NO Limits", "LATIN HITS" name channels, not countries.
WORDS_TOO = frozenset(("IN", "IT", "NO", "AT", "BE", "DO", "ID", "MY", "CO", "ME", "PA", "TT", "LATIN", "LATINO", "LATAM"))
SPACE_SEPARATED_CODES = COUNTRY_CODES - WORDS_TOO
_SAME = {"USA": "US", "LATINO": "LATAM", "LATIN": "LATAM"}

SEPARATORS = r"\s|:/\-"
_any_code = "|".join(sorted(COUNTRY_CODES, key=len, reverse=True))
_clear_code = "|".join(sorted(SPACE_SEPARATED_CODES, key=len, reverse=True))
_PREFIX = re.compile(
    rf"[{SEPARATORS}]*(?:"
    rf"(?P<visible>(?i:{_any_code}))\s*[|:/\-][{SEPARATORS}]*"  # "US: CNN", "| UK | BBC"
    rf"|[\[(]\s*(?P<bracket>(?i:{_any_code}))\s*[\])][{SEPARATORS}]*"  # "[US] CNN"
    rf"|(?P<spaced>{_clear_code})\s+"  # "US CNN": capitals only, or "De Luxe" would lose its first word
    rf")"
)
_CODE_AT_END = re.compile(rf"[{SEPARATORS}(\[]({_clear_code})[)\]]?\Z")  # groups: "Sports (UK)", "Movies | US"
_TVG_SUFFIX = re.compile(r"\.([a-z]{2})(?:@[^@]*)?\Z", re.IGNORECASE)
_NAMES = {
    "united states": "US", "america": "US", "united kingdom": "UK", "england": "UK", "great britain": "UK",
    "canada": "CA", "australia": "AU", "new zealand": "NZ", "ireland": "IE", "india": "IN", "philippines": "PH",
    "mexico": "MX", "brazil": "BR", "brasil": "BR", "germany": "DE", "deutschland": "DE", "france": "FR", "spain": "ES",
    "españa": "ES", "italy": "IT", "italia": "IT", "netherlands": "NL", "nederland": "NL", "belgium": "BE",
    "switzerland": "CH", "schweiz": "CH", "austria": "AT", "österreich": "AT", "poland": "PL", "polska": "PL",
    "sweden": "SE", "sverige": "SE", "norway": "NO", "norge": "NO", "denmark": "DK", "danmark": "DK", "finland": "FI",
    "suomi": "FI", "portugal": "PT", "greece": "GR", "turkey": "TR", "türkiye": "TR", "turkiye": "TR", "russia": "RU",
    "japan": "JP", "korea": "KR", "south korea": "KR", "china": "CN", "taiwan": "TW", "hong kong": "HK",
    "singapore": "SG", "malaysia": "MY", "thailand": "TH", "indonesia": "ID", "vietnam": "VN", "pakistan": "PK",
    "bangladesh": "BD", "sri lanka": "LK", "south africa": "ZA", "egypt": "EG", "nigeria": "NG", "kenya": "KE",
    "ghana": "GH", "argentina": "AR", "chile": "CL", "colombia": "CO", "peru": "PE", "venezuela": "VE",
    "ecuador": "EC", "puerto rico": "PR", "dominican republic": "DO", "cuba": "CU", "jamaica": "JM",
    "costa rica": "CR", "panama": "PA", "honduras": "HN", "el salvador": "SV", "guatemala": "GT", "nicaragua": "NI",
    "israel": "IL", "saudi arabia": "SA", "qatar": "QA", "kuwait": "KW", "bahrain": "BH", "oman": "OM", "jordan": "JO",
    "lebanon": "LB", "iran": "IR", "iraq": "IQ", "afghanistan": "AF",
}  # fmt: skip
_COUNTRY_NAME = re.compile(rf"\W*({'|'.join(sorted(_NAMES, key=len, reverse=True))})(?![^\W_])", re.IGNORECASE)


def split_country(name: str) -> tuple[str, str]:
    """Return (country code or "", the name without it). ``| UK | BBC One`` → (``UK``, ``BBC One``).

    USA counts as US. The rest may be empty when nothing follows the code. Expects :func:`plain_letters` text.
    """
    found = _PREFIX.match(name)
    if found is None:
        return "", name
    code = (found["visible"] or found["bracket"] or found["spaced"]).upper()
    return _SAME.get(code, code), name[found.end() :].strip()


def detect_country(name: str) -> str:
    """The country code in front of a name, or "" (25.3 #36)."""
    return split_country(plain_letters(name))[0]


def country_hint(name: str, tvg_id: str = "", group_name: str = "") -> str:
    """Best guess where a stream belongs: its name, else its tvg-id (``Discovery.de``), else its group (``UK | Sports``).

    Used to keep channels of the same name from different countries apart; "" when nothing tells.
    """
    code = detect_country(name)
    if code:
        return code
    suffix = _TVG_SUFFIX.search(tvg_id.strip())
    if suffix and (code := suffix[1].upper()) in COUNTRY_CODES:
        return code
    return _country_of_group(group_name)


@lru_cache(maxsize=8192)
def _country_of_group(group_name: str) -> str:
    text = plain_letters(group_name).strip()
    if not text:
        return ""
    if text.upper() in COUNTRY_CODES:
        return _SAME.get(text.upper(), text.upper())
    code = split_country(text)[0]
    if code:
        return code
    named = _COUNTRY_NAME.match(text)
    if named:
        return _NAMES[named[1].lower()]
    behind = _CODE_AT_END.search(text)
    return _SAME.get(behind[1], behind[1]) if behind else ""
