"""A second, independent reading of what players get: a few lines that share nothing with the product."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class PlayerEntry:
    name: str
    url: str
    attributes: dict[str, str]
    other_lines: tuple[str, ...]


_ATTRIBUTE = re.compile(r'([A-Za-z0-9-]+)="([^"]*)"')


def entries_of(text: str) -> list[PlayerEntry]:
    """Every entry as a simple player sees it. Raises ``AssertionError`` where such a player would stumble."""
    first, *lines = text.splitlines()
    assert first.startswith("#EXTM3U"), first
    found: list[PlayerEntry] = []
    extinf = ""
    others: list[str] = []
    for line in lines:
        if line.startswith("#EXTINF:"):
            assert not extinf, f"no address after {extinf}"
            extinf, others = line, []
        elif line.startswith("#"):
            others.append(line)
        elif line:
            assert extinf, f"an address without a name: {line}"
            found.append(_entry(extinf, line, others))
            extinf = ""
    assert not extinf, f"no address after {extinf}"
    return found


def _entry(extinf: str, url: str, others: list[str]) -> PlayerEntry:
    attributes = _ATTRIBUTE.findall(extinf)
    behind = _ATTRIBUTE.sub("", extinf)
    duration, comma, name = behind.partition(",")
    assert comma, extinf
    assert duration.strip() == "#EXTINF:-1", extinf
    assert len({key for key, _ in attributes}) == len(attributes), f"an attribute twice: {extinf}"
    return PlayerEntry(name.strip(), url, dict(attributes), tuple(others))
