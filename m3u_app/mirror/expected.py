"""Values of the server's rows as they were promised; :class:`NotAsPromised` names the one that is not, and the row is left out.

What is bent to fit instead would count as changed on the server, and overwrite what is here.
"""

from collections.abc import Mapping
from typing import Any

from m3u_app.providers.loose_values import number_of, text_of

NUMBER_MAX = 2_000_000_000


class NotAsPromised(ValueError):
    """``str()`` completes the sentence "It was left out: …"."""


def text(row: Mapping[str, Any], name: str, *, longest: int = 0) -> str:
    """ "" for null; without what no database takes. Not longer than ``longest``, if given."""
    found = row[name]
    if found is None:
        return ""
    if not isinstance(found, str):
        raise NotAsPromised(f"its {_words(name)} is no text")
    return text_of(found)[: longest or None]


def number(row: Mapping[str, Any], name: str, *, least: int = 0) -> int:
    """Null is 0, and so is what is less than ``least``: the server takes negative intervals."""
    found = row[name]
    value = 0 if found is None else number_of(found)
    if value is None or isinstance(found, bool) or value > NUMBER_MAX or value < -NUMBER_MAX:
        raise NotAsPromised(f"its {_words(name)} is no number")
    return max(least, value)


def flag(row: Mapping[str, Any], name: str) -> bool:
    found = row[name]
    if not isinstance(found, bool):
        raise NotAsPromised(f"its {_words(name)} is neither yes nor no")
    return found


def properties(row: Mapping[str, Any], name: str = "custom_properties") -> Mapping[str, Any]:
    """{} for null."""
    found = row[name]
    if found is not None and not isinstance(found, Mapping):
        raise NotAsPromised(f"its {_words(name)} are none")
    return found or {}


def decimal(row: Mapping[str, Any], name: str) -> float | None:
    """A number with at most four places, as small as the columns here."""
    found = row[name]
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or abs(found) >= 10**8:
        raise NotAsPromised(f"its {_words(name)} is no number that fits")
    return round(float(found), 4)


def _words(name: str) -> str:
    return name.replace("_", " ")
