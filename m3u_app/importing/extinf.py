"""The ``#EXTINF`` line (20 §3.3): attributes and title, exactly by the rules, whatever the line looks like.

:func:`parse_extinf` is the reference and takes quirky lines. :data:`PLAIN_ENTRY` recognises the well-formed bulk with
one match; on lines that it matches both give the same result.
"""

import re
from functools import lru_cache

KEYWORD = "#EXTINF:"

MAX_ATTRIBUTES = 200
"""What follows the 200th attribute is title. No provider comes near; a crafted line must not cost seconds."""
MAX_QUOTES = 100
"""So many quotes of a value are looked at in search of the closing one, for the same reason."""

# Possessive quantifiers (*+, ++): these patterns never gain from going back, and a long line must not make them try.
_DURATION = re.compile(r"\s*+(?:[+-]?\d++(?:\.\d*+)?|[+-]?\.\d++)?")
_KEY = re.compile(r"([\w.-]++)\s*+=")
_SPACE = re.compile(r"\s*+")
_CLOSES = re.compile(r"\s*+(?:\Z|,)|\s++[\w.-]++\s*+=")
_UNQUOTED = re.compile(r"[^\s,]*+")
_EMPTY_VALUE = re.compile(r"\s++[\w.-]++\s*+=")

PLAIN_ENTRY = re.compile(
    r"#EXTINF:-?\d+"
    r'((?: +[A-Za-z0-9_.-]+="[^"\n]*")*)'  # every closing quote is followed by " key=" or by the comma
    r" *,([^\n]*)\n"
    r"(https?://[^\s/?#|][^\n|]*)\n?"
)
USUAL_KEYS = ("tvg-id", "tvg-name", "tvg-logo", "group-title")
USUAL_GROUPS = ("title", "url", "id", "name", "logo", "group")
PLAIN_ATTRIBUTES = re.compile(r' ([A-Za-z0-9_.-]+)="([^"]*)"').findall


def parse_extinf(line: str) -> tuple[dict[str, str], str]:
    """Split an ``#EXTINF:`` line (trimmed, keyword included) into attributes and title.

    Keys are lower-case, values trimmed; a key without any non-empty value is left out, for absent and empty mean the
    same everywhere (20 §3.6). Of equal keys the last non-empty value wins.
    """
    attributes: dict[str, str] = {}
    at = _end(_DURATION, line, len(KEYWORD))
    for _ in range(MAX_ATTRIBUTES):
        at = _end(_SPACE, line, at)
        if line.startswith(",", at):
            return attributes, line[at + 1 :].strip()
        key = _KEY.match(line, at)
        if key is None:
            break
        value, at = _value(line, key.end())
        if value:
            attributes[key[1].lower()] = value
    return attributes, line[at:].strip()


def parse_header(line: str) -> dict[str, str]:
    """Return the attributes of an ``#EXTM3U`` line; what is no ``key=value`` is skipped word by word."""
    attributes: dict[str, str] = {}
    at = len("#EXTM3U")
    for _ in range(2 * MAX_ATTRIBUTES):  # words between them included
        if at >= len(line):
            break
        at = _end(_SPACE, line, at)
        key = _KEY.match(line, at)
        if key is None:
            at = max(_end(_UNQUOTED, line, at), at + 1)
            continue
        value, at = _value(line, key.end())
        if value:
            attributes[key[1].lower()] = value
    return attributes


def _value(line: str, at: int) -> tuple[str, int]:
    """Read the value that starts at ``at``, right after the equals sign; return it and where it ends."""
    if _EMPTY_VALUE.match(line, at):  # key= other="x": nothing, then the next attribute
        return "", at
    at = _end(_SPACE, line, at)
    quote = line[at : at + 1]
    if quote not in ('"', "'"):
        end = _end(_UNQUOTED, line, at)
        return line[at:end].strip(), end
    first = close = line.find(quote, at + 1)
    if first < 0:  # never closed: up to the comma
        comma = line.find(",", at)
        end = comma if comma >= 0 else len(line)
        return line[at + 1 : end].strip(), end
    for _ in range(MAX_QUOTES):
        if close < 0 or _CLOSES.match(line, close + 1):
            break
        close = line.find(quote, close + 1)
    else:
        close = -1
    if close < 0:
        close = first
    return line[at + 1 : close].strip(), close + 1


def _end(pattern: re.Pattern[str], line: str, at: int) -> int:
    """Where a pattern that can match nothing stops matching."""
    match = pattern.match(line, at)
    return match.end() if match else at


@lru_cache(maxsize=64)
def usual_shape(keys: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return a pattern for plain entries with exactly these attributes in this order, or None for unusual ones.

    A provider writes nearly all its entries in one shape; one match then gives everything, in the groups USUAL_GROUPS.
    The result is that of :data:`PLAIN_ENTRY`.
    """
    if len(set(keys)) != len(keys) or not set(keys) <= set(USUAL_KEYS):
        return None
    names = dict(zip(USUAL_KEYS, USUAL_GROUPS[2:], strict=True))
    attributes = "".join(f' +{key}="(?P<{names[key]}>[^"\\n]*)"' for key in keys)
    absent = "".join(f"(?P<{name}>)" for key, name in names.items() if key not in keys)
    return re.compile(rf"#EXTINF:-?\d+{attributes} *,(?P<title>[^\n]*)\n(?P<url>https?://[^\s/?#|][^\n|]*)\n?{absent}")
