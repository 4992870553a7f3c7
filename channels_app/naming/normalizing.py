"""What a channel's name would be by today's knowledge, and the key by which two names mean the same station (10 §11, §15.1).

One engine, one result (10 §24): the row hint, the dialogs, the API, finding duplicates and "apply to all channels" all ask
here. Rules that operators write themselves will run in front of :func:`_cleaned`.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, replace
from functools import lru_cache
from typing import Any

from channels_app.naming.cleaning import CleanName, CleanOptions, CountryChoice, clean, compose_name, without_leading_number
from channels_app.naming.letters import plain_letters

KNOWLEDGE_VERSION = 1
"""Raise it whenever the built-in lists of 10 §12 change, so that a hash in the journal names one behaviour."""

LONGEST_NAME = 512
CACHED_NAMES = 60_000
_NUMBER_IN_FRONT = re.compile(r"\s*[0-9]+(?:\.[0-9]+)?\s*\|\s*(?=\S)")
_GLUED_DIGITS = 3  # "535espn" is channel 535; "4Music" and "3sat" are names
_PARTS = {"quality": "quality words", "network_prefix": "words in front", "network_suffix": "words behind"}


@dataclass(frozen=True)
class NormalizeRules:
    """Which parts of the built-in knowledge are used. Hashable: results are kept by (name, rules)."""

    quality: bool = True
    network_prefix: bool = False
    network_suffix: bool = True
    country: CountryChoice = CountryChoice.LEAVE
    country_separator: str = "|"
    custom_prefixes: tuple[str, ...] = ()
    custom_suffixes: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """12 hex characters that change whenever the same name could come out differently (10 §11.3)."""
        text = repr((KNOWLEDGE_VERSION, astuple(self)))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


@dataclass(frozen=True)
class Transformation:
    """One step on the way to the proposed name."""

    rule_id: str
    label: str
    before: str
    after: str


def split_number(name: str) -> tuple[str, str]:
    """``107 | RTL`` → (``107 | ``, ``RTL``); a name without such a number has the prefix ""."""
    found = _NUMBER_IN_FRONT.match(name)
    return (found[0], name[found.end() :]) if found else ("", name)


def normalize(name: str, rules: NormalizeRules) -> str:
    """The name by today's knowledge; ``name`` itself when nothing changes, nothing would be left, or it would be too long.

    A number in front (``107 | ``) is put aside and back again (25.7 #93).
    """
    return _normalized(name, rules)


@lru_cache(maxsize=CACHED_NAMES)
def _normalized(name: str, rules: NormalizeRules) -> str:
    prefix, rest = split_number(name)
    cleaned = _cleaned(rest, rules)
    if cleaned.fell_back or not cleaned.name:
        return name
    proposed = prefix.lstrip() + _composed(cleaned, rules)
    return proposed if len(proposed) <= LONGEST_NAME else name


def match_keys(rules: NormalizeRules) -> Callable[[str, str], str]:
    """A function of a channel's name and number: equal for names of the same station, "" for names of which nothing is left
    (10 §15.1).

    The number, "" for none, is also recognised with other signs behind it (``101 - RTL``), or glued (``535espn``).
    """
    options = _options(rules)
    as_spelt = _options(replace(rules, country=CountryChoice.KEEP))

    def key_of(name: str, number: str) -> str:
        rest = split_number(name)[1]
        if number:
            rest = without_leading_number(rest, number)
            if len(number) >= _GLUED_DIGITS and rest.startswith(number) and rest[len(number) :][:1].isalpha():
                rest = rest[len(number) :]
        cleaned = clean(rest, options)
        if cleaned.fell_back:
            return ""
        if rules.quality:
            return cleaned.key
        spelt_alike = clean(rest, as_spelt)  # quality words count, the country's spelling not
        country = "" if rules.country is CountryChoice.STRIP else spelt_alike.country
        return f"{country}|{spelt_alike.name}".casefold()

    return key_of


def transformations(name: str, rules: NormalizeRules) -> list[Transformation]:
    """How :func:`normalize` gets to its result, step by step; empty when it changes nothing."""
    if normalize(name, rules) == name:
        return []
    prefix, current = split_number(name)
    shown = prefix.lstrip()
    found: list[Transformation] = []
    for rule_id, label, after in _steps(current, rules):
        if after != current:
            found.append(Transformation(f"builtin:{rule_id}", label, shown + current, shown + after))
            current = after
    return found


def _steps(name: str, rules: NormalizeRules) -> Iterator[tuple[str, str, str]]:
    """The name after each part of the knowledge is added to those before it."""
    yield "letters", "plain letters", plain_letters(name)
    used = replace(rules, quality=False, network_prefix=False, network_suffix=False, country=CountryChoice.LEAVE)
    for part, label in _PARTS.items():
        if getattr(rules, part):
            used = _with_part(used, part)
            yield part, label, _cleaned(name, used).name
    yield "country", "country", _composed(_cleaned(name, rules), rules)


def _with_part(rules: NormalizeRules, part: str) -> NormalizeRules:
    parts: dict[str, Any] = {part: True}
    return replace(rules, **parts)


def _cleaned(name: str, rules: NormalizeRules) -> CleanName:
    return clean(name, _options(rules))


@lru_cache(maxsize=64)
def _options(rules: NormalizeRules) -> CleanOptions:
    return CleanOptions(
        country=rules.country,
        network_prefix=rules.network_prefix,
        network_suffix=rules.network_suffix,
        quality=rules.quality,
        custom_prefixes=rules.custom_prefixes,
        custom_suffixes=rules.custom_suffixes,
    )


def _composed(cleaned: CleanName, rules: NormalizeRules) -> str:
    country = cleaned.country if rules.country is CountryChoice.KEEP else ""
    return compose_name(cleaned.name, country=country, country_separator=rules.country_separator)
