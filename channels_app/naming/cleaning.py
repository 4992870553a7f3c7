"""Cleans one name as the operator chose, tells what it says, and makes the key by which channels are the same.

Rules repeat until nothing changes, because one word often hides another (``UK: BBC One FHD (ENGLISH)``). Results are
kept, so that a preview that is drawn again costs next to nothing.
"""

import re
from dataclasses import astuple, dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

from channels_app.naming.countries import split_country
from channels_app.naming.letters import plain_letters
from channels_app.naming.network_words import split_network_prefix, split_network_suffix
from channels_app.naming.quality import priority_of, quality_tier, split_quality
from channels_app.naming.regions import regional_variant

CACHED_NAMES = 120_000  # about 50 MB at most; a whole provider stays warm while its preview is adjusted
LONGEST_CLEANED = 1024  # letters; the rest cannot become part of a name (512) and would only cost time
_LEADING_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?\s*[|:\-]\s*(?=\S)")
_EDGES = " |:-_/"
UNNAMED = "Unnamed"


class CountryChoice(StrEnum):
    """What happens to a country code in front: removed, rewritten as ``CC sep Name``, or left as it is."""

    STRIP = "strip"
    KEEP = "keep"
    LEAVE = "leave"


@dataclass(frozen=True)
class CleanOptions:
    """What :func:`clean` takes away. ``numbers``: a number in front (``123 | X``), because another will stand there.

    Results are kept by name and options, so each name asks for their hash: it is worked out once.
    """

    country: CountryChoice = CountryChoice.LEAVE
    network_prefix: bool = False
    network_suffix: bool = False
    numbers: bool = False
    quality: bool = True
    custom_prefixes: tuple[str, ...] = ()
    custom_suffixes: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(astuple(self))


@dataclass(frozen=True, slots=True)
class CleanName:
    """``name`` is what is left (never empty), ``key`` is equal for names of the same channel (10 §10.3 step 3).

    With ``CountryChoice.KEEP`` the country is not in ``name`` but in ``country`` only: :func:`compose_name` writes it.
    ``fell_back`` says that nothing was left and the name stands as it came.
    """

    name: str
    key: str
    country: str
    priority: int
    fell_back: bool

    @property
    def bare_key(self) -> str:
        """The key without the country that :attr:`key` begins with unless countries are stripped."""
        return self.key.removeprefix(f"{self.country}|") if self.country else self.key


@dataclass(frozen=True)
class Enriched:
    """All a name tells (10 §1.1 "stream enrichment")."""

    normalized_name: str
    quality_tier: str
    quality_priority: int
    detected_country: str
    detected_network_prefix: str
    regional_variant: str


@lru_cache(maxsize=CACHED_NAMES)
def clean(name: str, options: CleanOptions) -> CleanName:
    """Clean ``name`` as chosen. A pure function; costs a few µs, next to nothing for a name it has seen."""
    plain = plain_letters(name[:LONGEST_CLEANED])
    parts = _take_apart(plain, options)
    priority = priority_of(plain)
    if not parts.core:
        return CleanName(plain or UNNAMED, plain.casefold(), "", priority, True)
    text = parts.core if options.quality else parts.core + parts.quality
    if options.country is CountryChoice.LEAVE:
        text = parts.country_as_written + text
    key = parts.core.casefold()
    if parts.country and options.country is not CountryChoice.STRIP:
        key = f"{parts.country}|{key}"
    return CleanName(text, key, parts.country, priority, False)


def clean_name(name: str, options: CleanOptions) -> str:
    """The cleaned name alone. The seam for the later rules engine: whatever comes, a name goes in and a name comes out."""
    return clean(name, options).name


def enrich(name: str, custom_prefixes: tuple[str, ...] = (), custom_suffixes: tuple[str, ...] = ()) -> Enriched:
    """25.3 #40: quality → network prefix → network suffix → country, until stable."""
    plain = plain_letters(name[:LONGEST_CLEANED])
    text, prefix, country = plain, "", ""
    while True:
        before = text
        text = split_quality(text)[0].strip(_EDGES)
        found_prefix, text = split_network_prefix(text, custom_prefixes)
        text = split_network_suffix(text, custom_suffixes)[0]
        found_country, text = split_country(text)
        prefix, country = prefix or found_prefix, country or found_country
        if text == before:
            break
    priority = priority_of(plain)
    return Enriched(text or plain, quality_tier(priority), priority, country, prefix, regional_variant(plain))


def compose_name(
    name: str,
    *,
    country: str = "",
    country_separator: str = "|",
    number: str = "",
    number_separator: str = "-",
    country_first: bool = False,
) -> str:
    """Put country and number in front of a cleaned name (25.4 #46, #47): ``101 | US - ESPN`` or ``US - 101 | ESPN``."""
    with_country = f"{country} {country_separator} " if country else ""
    with_number = f"{number} {number_separator} " if number else ""
    return (with_country + with_number if country_first else with_number + with_country) + name


def without_leading_number(name: str, number: str = "") -> str:
    """The name without a number in front (``123 | X``, ``45.1 - X``, ``7: X``); with ``number`` only when it is that one."""
    found = _LEADING_NUMBER.match(name)
    if found is None or (number and found[0].rstrip(_EDGES) != number):
        return name
    return name[found.end() :]


def without_own_number(name: str, number: str) -> str:
    """A channel's name without its own number where :func:`compose_name` may have put it: in front, or behind the country."""
    shorter = without_leading_number(name, number)
    if shorter != name or number not in name:
        return shorter
    country, rest = split_country(plain_letters(name))
    shorter = without_leading_number(rest, number)
    return f"{country} | {shorter}" if country and shorter != rest else name


@dataclass(slots=True)
class _Parts:
    core: str
    country: str = ""
    country_as_written: str = ""
    quality: str = ""


def _take_apart(plain: str, options: CleanOptions) -> _Parts:
    parts = _Parts(plain)
    while True:
        before = parts.core
        _cut_quality(parts)
        _cut_country(parts)
        text = parts.core
        if options.numbers:
            text = without_leading_number(text)
        if options.network_prefix:
            text = split_network_prefix(text, options.custom_prefixes)[1]
        if options.network_suffix:
            text = split_network_suffix(text, options.custom_suffixes)[0]
        parts.core = text.strip(_EDGES)
        if parts.core == before:
            return parts


def _cut_quality(parts: _Parts) -> None:
    parts.core, cut = split_quality(parts.core)
    parts.quality = cut + parts.quality


def _cut_country(parts: _Parts) -> None:
    code, rest = split_country(parts.core)
    if not code or (parts.country and code != parts.country):  # "UK | US | X" keeps its second code, "US | US: X" does not
        return
    if not parts.country:
        parts.country, parts.country_as_written = code, parts.core[: len(parts.core) - len(rest)]
    parts.core = rest
