"""Long lists of ids as short texts, for forms and for the parameters of a run."""

import re
from collections.abc import Iterable

_MOST_IDS = 1_000_000  # a range typed into an address must not fill the memory
_ID_PART = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?")


def read_ids(texts: Iterable[str]) -> tuple[int, ...]:
    """``["1,2", "7-9"]`` → (1, 2, 7, 8, 9), each once and in order; anything malformed counts as not given."""
    found: dict[int, None] = {}
    for part in (part.strip() for text in texts for part in text.split(",")):
        match = _ID_PART.fullmatch(part)
        if match is None:
            continue
        first = int(match[1])
        last = int(match[2]) if match[2] else first
        if last - first + len(found) < _MOST_IDS:
            found.update(dict.fromkeys(range(first, last + 1)))
    return tuple(found)


def write_ids(ids: Iterable[int]) -> str:
    """The opposite of :func:`read_ids`: neighbours become ranges, so that 100,000 selected streams stay a short text."""
    parts: list[list[int]] = []
    for number in ids:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)
