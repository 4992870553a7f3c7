"""East and west feeds of the same channel (10 §12.4)."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from channels_app.naming.quality import strip_quality

_REGION = re.compile(r"(?:[\s\-_|:]+(EAST|WEST)|[\s\-_|:]*[(\[](EAST|WEST)[)\]])\Z", re.IGNORECASE)

_LAST_LETTERS = ("t", "T", ")", "]")

NameAndRegion = tuple[str, str]
"""A name without quality and region, in small letters; and "east", "west" or ""."""


class TimezoneChoice(StrEnum):
    """Which feeds to keep. ``PREFER_WEST`` keeps a channel that has no west feed, ``WEST`` drops it."""

    BOTH = "both"
    EAST = "east"
    WEST = "west"
    PREFER_WEST = "prefer_west"


def split_region(name: str) -> NameAndRegion:
    """Split a name that carries no quality word any more: ``HBO West`` → (``hbo``, ``west``)."""
    if not name.endswith(_LAST_LETTERS):
        return name.casefold(), ""
    found = _REGION.search(name)
    if found is None or found.start() == 0:
        return name.casefold(), ""
    return name[: found.start()].casefold(), (found[1] or found[2]).lower()


def region_of(name: str) -> NameAndRegion:
    """Split a name as it came, quality words and all: ``Fox News HD WEST`` → (``fox news``, ``west``)."""
    base, region = split_region(strip_quality(name))
    return (strip_quality(base), region) if region else (base, "")


def regional_variant(name: str) -> str:
    """ "east", "west" or "" (25.3 #39)."""
    return region_of(name)[1]


def has_variants(split: Iterable[NameAndRegion]) -> bool:
    """True when some name occurs with WEST and also with EAST or without a suffix (25.4 #45)."""
    regions: dict[str, set[str]] = {}
    for base, region in split:
        regions.setdefault(base, set()).add(region)
    return any("west" in found and found & {"east", ""} for found in regions.values())


def kept_by_timezone(split: Sequence[NameAndRegion], choice: TimezoneChoice) -> list[bool]:
    """For every name whether it stays (25.4 #44). A set without variants stays whole."""
    if choice is TimezoneChoice.BOTH or not has_variants(split):
        return [True] * len(split)
    if choice is TimezoneChoice.EAST:
        return [region != "west" for _, region in split]
    if choice is TimezoneChoice.WEST:
        return [region == "west" for _, region in split]
    with_west = {base for base, region in split if region == "west"}
    return [region == "west" or base not in with_west for base, region in split]
