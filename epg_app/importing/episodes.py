"""Reads season and episode from the many ways guides write them (30 §4.4). Unknown numbers are None."""

import re
from typing import NamedTuple

ONSCREEN_SYSTEMS = frozenset({"onscreen", "sxxexx"})

_PART = r"\s*([0-9]{0,6})\s*(?:/\s*[0-9]*\s*)?"
_XMLTV_NS = re.compile(rf"{_PART}\.{_PART}(?:\..*)?", re.DOTALL)
_ONSCREEN = re.compile(r"(?i)\s*s(?:eason)?\s*([0-9]{1,6})[\s,.:\-]*e(?:p(?:isode)?)?\.?\s*([0-9]{1,6})")
_ONSCREEN_EPISODE = re.compile(r"(?i)\s*e(?:p(?:isode)?)?\.?\s*([0-9]{1,6})")
_ONSCREEN_CROSS = re.compile(r"(?i)\s*([0-9]{1,4})x([0-9]{2,6})(?![0-9])")
_DESCRIPTION = re.compile(
    r"(?i)[\s\-–—:]*(?:s([0-9]{1,4})\s?e([0-9]{1,5})|season\s([0-9]{1,4}),?\s+episode\s([0-9]{1,5})|([0-9]{1,3})x([0-9]{2,5}))"
    r"(?![0-9a-z])[\s\-–—:.,]*"
)


class EpisodeNumber(NamedTuple):
    season: int | None
    episode: int | None


UNKNOWN = EpisodeNumber(None, None)


def from_xmltv_ns(text: str) -> EpisodeNumber:
    """``season.episode.part``, counted from zero: ``1.4.`` → S2 E5, ``.4.`` → E5, ``4.9/22.`` → S5 E10."""
    match = _XMLTV_NS.fullmatch(text)
    if match is None:
        return UNKNOWN
    season, episode = (int(part) + 1 if part else None for part in match.group(1, 2))
    return EpisodeNumber(season, episode)


def from_onscreen(text: str) -> EpisodeNumber:
    """``S12 E6``, ``S9E3/10``, ``E119``, ``3x05``: what stands at the beginning; the rest is ignored."""
    match = _ONSCREEN.match(text) or _ONSCREEN_CROSS.match(text)
    if match is not None:
        return EpisodeNumber(int(match.group(1)), int(match.group(2)))
    match = _ONSCREEN_EPISODE.match(text)
    return EpisodeNumber(None, int(match.group(1))) if match else UNKNOWN


def from_description(text: str) -> tuple[EpisodeNumber, str]:
    """Numbers at the very beginning of a description, and the description without them.

    Both numbers or none: ``S02 E07 - The storm.`` → (2, 7), ``The storm.``; ``2x4 Timber`` stays as it is.
    """
    match = _DESCRIPTION.match(text)
    if match is None:
        return UNKNOWN, text
    season, episode = (int(group) for group in match.groups() if group is not None)
    return EpisodeNumber(season, episode), text[match.end() :]
