"""Quality words in names: stripping, priority, tier, order of streams (10 §12.1, §10.3 step 4)."""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from channels_app.naming.letters import plain_letters

T = TypeVar("T")

PRIORITY_UNKNOWN = 30
BEST, WORST = 5, 60

_WORD = r"FHD|UHD|4K|HD|SD|HEVC|H\.?26[45]|[0-9]{2,5}[PI]"
_REMARK = r"NOT 24/7|GEO-?BLOCKED"  # what public lists add behind the quality; no part of a name either
_SUFFIX = re.compile(
    rf"(?:[\s\-_|:]+(?:{_WORD})|[\s\-_|:]*(?:\((?:{_WORD})\)|\[(?:{_WORD}|{_REMARK})\]))[\s\-_|:]*\Z", re.IGNORECASE
)
_TAIL = 40  # letters in which the last word must lie; longer runs of separators go in several rounds
_LAST_LETTERS = frozenset("dDkKcCpPiI45)] -_|:")
_SAYS = re.compile(
    r"(?<![^\W_])(?:(?P<best>UHD|4K)|(?P<full>FHD)|(?P<high>HD)|(?P<low>SD)|(?P<lines>[0-9]{2,5})[PI])(?![^\W_])", re.IGNORECASE
)
_NAMED_PRIORITY = {"best": 10, "full": 20, "high": 30, "low": 40}
_TIERS = ((10, "4K"), (21, "FHD"), (30, "HD"), (42, "SD"))  # 480p computes to 42 and is SD


def split_quality(name: str) -> tuple[str, str]:
    """Return (name without one quality word at its end, what was cut off). ``ESPN | HD`` → (``ESPN``, `` | HD``).

    Expects :func:`plain_letters` text. A name that is nothing but a quality word stays.
    """
    if not name or name[-1] not in _LAST_LETTERS:  # nine of ten names end here, at a tenth of the cost
        return name, ""
    found = _SUFFIX.search(name, max(0, len(name) - _TAIL))
    if found is None or found.start() == 0:
        return name, ""
    return name[: found.start()], name[found.start() :]


def strip_quality(name: str) -> str:
    """The name without quality words at its end, however many there are (25.3 #35)."""
    text = plain_letters(name)
    while (shorter := split_quality(text)[0]) != text:
        text = shorter
    return text


def quality_priority(name: str) -> int:
    """How good a stream calls itself: lower is better, 5–60, 30 when it says nothing (25.3 #33, #34)."""
    return priority_of(plain_letters(name))


def priority_of(plain: str) -> int:
    """:func:`quality_priority` of a text that is in plain letters already. Named words beat numbers."""
    named, height = WORST + 1, None
    for found in _SAYS.finditer(plain):
        if found.lastgroup != "lines":
            named = min(named, _NAMED_PRIORITY[str(found.lastgroup)])
        elif height is None:
            height = int(found["lines"])
    if named <= WORST:
        return named
    if height is None:
        return PRIORITY_UNKNOWN
    return min(WORST, max(BEST, int(20000 / height + 0.5))) if height else WORST


def quality_tier(priority: int) -> str:
    """``4K``, ``FHD``, ``HD``, ``SD`` or ``Unknown``."""
    return next((tier for limit, tier in _TIERS if priority <= limit), "Unknown")


def best_first(streams: Iterable[T], *, priority: Callable[[T], int], provider: Callable[[T], int | None]) -> list[T]:
    """Streams in failover order: by priority; inside a priority the providers take turns, by id, none last (25.3 #41).

    The order inside a provider stays, so that equal streams never flip.
    """
    turns: dict[tuple[int, int | None], int] = {}
    ranked: list[tuple[int, int, bool, int, int, T]] = []
    for place, stream in enumerate(streams):
        tier, owner = priority(stream), provider(stream)
        turn = turns.get((tier, owner), 0)
        turns[tier, owner] = turn + 1
        ranked.append((tier, turn, owner is None, owner or 0, place, stream))  # the place decides before streams compare
    ranked.sort()
    return [item[-1] for item in ranked]
