"""Natural order of names, optionally without the numbers and country codes in them (10 §8.7)."""

import re
import unicodedata

from channels_app.naming.countries import SPACE_SEPARATED_CODES

_DIGITS = r"[0-9]+(?:\.[0-9]+)?"
_MIDDLE_NUMBER = re.compile(rf"^([^\W\d_][^|]*)\|\s*{_DIGITS}\s*[-:]\s*(?=\S)")
_LEADING_NUMBER = re.compile(rf"^\s*{_DIGITS}(?:\s*[|:.-]\s*|\s+)(?=\S)")
_TRAILING_NUMBER = re.compile(rf"(?<=\S)\s*\|\s*{_DIGITS}\s*\Z")
_COUNTRY = re.compile(
    rf"^\s*(?:[A-Z]{{2,3}}\s*[|:-]|(?:{'|'.join(sorted(SPACE_SEPARATED_CODES, key=len, reverse=True))})\s)\s*(?=\S)"
)
_RUNS = re.compile(r"([0-9]+)")

NaturalKey = tuple[tuple[int, int, str], ...]


def natural_key(name: str) -> NaturalKey:
    """Sort key: digits compare as numbers, letters without case or accents. ``ESPN`` < ``ESPN2`` < ``ESPN10``."""
    text = name.casefold()
    if not text.isascii():
        text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    key: list[tuple[int, int, str]] = []
    for place, part in enumerate(_RUNS.split(text.strip())):
        if place % 2:  # a run of digits; compared by length first: never converted, however long it is
            digits = part.lstrip("0")
            key.append((0, len(digits), digits))
        elif part:
            key.append((1, 0, part))
    return tuple(key)


def sort_names_key(compared: str, name: str) -> tuple[NaturalKey, NaturalKey, str]:
    """Key for ``compared``, with the full name as tie-break, so that equal names always fall the same way."""
    return natural_key(compared), natural_key(name), name


def sort_name(name: str, *, ignore_numbers: bool = True, ignore_country: bool = False) -> str:
    """The part of a name that counts for sorting (10 §8.7). Never empty: a name made only of numbers stays as it is."""
    compared = name
    if ignore_numbers:
        compared = _MIDDLE_NUMBER.sub(r"\1| ", compared, count=1)
        compared = _LEADING_NUMBER.sub("", compared, count=1)
    if ignore_country:
        compared = _COUNTRY.sub("", compared, count=1)
        if ignore_numbers:  # "US | 101 X": the number stood behind the country
            compared = _LEADING_NUMBER.sub("", compared, count=1)
    if ignore_numbers:
        compared = _TRAILING_NUMBER.sub("", compared, count=1)
    return compared.strip() or name


def sorted_naturally(names: list[str], *, ignore_numbers: bool = False, ignore_country: bool = False) -> list[str]:
    """Names in natural order (25.2 #30–32)."""
    return sorted(
        names,
        key=lambda name: sort_names_key(sort_name(name, ignore_numbers=ignore_numbers, ignore_country=ignore_country), name),
    )
