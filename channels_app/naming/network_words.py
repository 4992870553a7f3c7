"""Sport and network words around names: ``NFL: Cardinals``, ``BBC One (ENGLISH)`` (10 §12.3)."""

import re
from functools import lru_cache

from channels_app.naming.letters import plain_letters

PREFIXES = (
    "CHAMP", "CHAMPIONSHIP", "PPV", "PAY PER VIEW", "PREMIER", "PREMIER LEAGUE", "PL", "PRIME", "NFL", "NBA", "MLB",
    "NHL", "MLS", "NCAA", "UFC", "WWE", "AEW", "BOXING", "GOLF", "TENNIS", "CRICKET", "RUGBY", "RACING", "MOTORSPORT",
    "F1", "NASCAR", "LIVE", "SPORTS", "MATCH", "GAME", "24/7", "LINEAR", "RSN",
)  # fmt: skip
SUFFIXES = (
    "ENGLISH", "ENG", "SPANISH", "ESP", "FRENCH", "FRA", "GERMAN", "DEU", "PORTUGUESE", "POR", "LIVE", "REPLAY", "DELAY",
    "BACKUP", "ALT", "ALTERNATE", "MAIN", "FEED", "MULTI", "CLEAN", "RAW", "PRIMARY", "SECONDARY", "PPV", "EVENT",
    "SPECIAL", "EXCLUSIVE", "MPEG2", "MPEG4", "AVC", "STEREO", "MONO", "5.1", "SURROUND",
)  # fmt: skip
SHORTEST_CONTENT = 3
_SEPARATOR = r"[|:/\-]"


def split_network_prefix(name: str, custom: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return (prefix in capitals or "", name without it). Content shorter than 3 letters keeps its prefix."""
    found = _prefix_pattern(custom).match(name)
    if found is None or len(name) - found.end() < SHORTEST_CONTENT:
        return "", name
    return found[1].upper(), name[found.end() :].strip()


def split_network_suffix(name: str, custom: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return (name without one network word at its end, that word in capitals or "")."""
    found = _suffix_pattern(custom).search(name)
    if found is None:
        return name, ""
    text = name[: found.start()].rstrip(" |:/-")
    if not text or (found["plain"] and len(text) < SHORTEST_CONTENT):
        return name, ""
    return text, (found["boxed"] or found["behind"] or found["plain"]).upper()


def strip_network_prefix(name: str, custom: tuple[str, ...] = ()) -> str:
    """25.3 #37."""
    return split_network_prefix(plain_letters(name), custom)[1]


def strip_network_suffix(name: str, custom: tuple[str, ...] = ()) -> str:
    """25.3 #38."""
    return split_network_suffix(plain_letters(name), custom)[0]


def _longest_first(words: tuple[str, ...]) -> str:
    known = {plain_letters(word).upper() for word in words} - {""}
    return "|".join(re.escape(word) for word in sorted(known, key=lambda word: (-len(word), word)))


@lru_cache(maxsize=16)
def _prefix_pattern(custom: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"[\s|:/\-]*({_longest_first(PREFIXES + custom)})\s*{_SEPARATOR}[\s|:/\-]*", re.IGNORECASE)


@lru_cache(maxsize=16)
def _suffix_pattern(custom: tuple[str, ...]) -> re.Pattern[str]:
    words = _longest_first(SUFFIXES + custom)
    return re.compile(
        rf"(?:[(\[]\s*(?P<boxed>{words})\s*[)\]]|{_SEPARATOR}\s*(?P<behind>{words})|\s(?P<plain>{words}))\s*\Z",
        re.IGNORECASE,
    )
