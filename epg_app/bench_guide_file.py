"""Writes guides of any size for benchmarks and tests, in the ways broadcasters' guides look. The same arguments always give
the same bytes."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

_NOUNS = [
    "Kingdom",
    "Detective",
    "Doctor",
    "Garden",
    "Storm",
    "Promise",
    "Family",
    "Horizon",
    "Legacy",
    "Island",
    "Station",
    "Empire",
    "Témoin",
    "Straße",
]
_ADJECTIVES = [
    "Dark",
    "Silent",
    "Last",
    "Broken",
    "Golden",
    "Winter",
    "Iron",
    "Hidden",
    "Frozen",
    "Distant",
    "Strange",
    "Electric",
    "Été",
    "Grüne",
]
_SENTENCES = (
    "A body found by the harbour leads to a case that was closed years ago.",
    "The team travels north, where the weather turns against them & time runs out.",
    "Old secrets come to light during the family's “perfect” weekend away.",
    "Highlights, interviews and analysis from around the grounds.",
    "Après des années d'absence, le père revient.",
)
_CATEGORIES = ("News", "Series", "Drama", "Comedy", "Sport", "Documentary", "Kids", "Movie", "Music")
_PEOPLE = ("Anna Novak", "José Marín", "Zoë Lindqvist", "Peter O'Brien", "Björn Keller")
_LENGTHS = (15, 25, 30, 30, 30, 45, 60, 60, 90, 120)  # minutes
_OFFSETS = ("+0000", "+0100", "-0500", "+0530")


def write_guide(path: Path, *, channels: int, days: int, start: datetime, seed: int = 1) -> int:
    """Write a guide to ``path`` and return the number of programmes. ``start`` is the first moment of all channels.

    Guides of overlapping windows agree where they overlap: a day of a channel depends on seed, channel and date only.
    """
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tv SYSTEM "xmltv.dtd">\n<tv generator-info-name="bench">\n'
        )
        for number in range(channels):
            name = f"{_ADJECTIVES[number % len(_ADJECTIVES)]} {_NOUNS[number % len(_NOUNS)]} {number}"
            icon = f'<icon src="http://logos.example/{number}.png"/>'
            file.write(
                f"  <channel id={quoteattr(_tvg_id(number))}><display-name>{escape(name)}</display-name>{icon}</channel>\n"
            )
        for number in range(channels):
            for day in range(days):
                lines = list(_day(number, start + timedelta(days=day), seed))
                count += len(lines)
                file.writelines(lines)
        file.write("</tv>\n")
    return count


def _tvg_id(number: int) -> str:
    return f"{_NOUNS[number % len(_NOUNS)]}.&.{number}.example"


def _day(number: int, midnight: datetime, seed: int) -> Iterator[str]:
    chance = random.Random(f"{seed}/{number}/{midnight:%Y%m%d}")  # noqa: S311 - made-up programmes
    offset = _OFFSETS[number % len(_OFFSETS)]
    is_rich = number % 3 == 0
    channel = quoteattr(_tvg_id(number))
    minute = 0
    while minute < 1440:
        stop = min(1440, minute + chance.choice(_LENGTHS))
        begins, ends = (f"{midnight + timedelta(minutes=at):%Y%m%d%H%M%S} {offset}" for at in (minute, stop))
        yield f'  <programme start="{begins}" stop="{ends}" channel={channel}>{_children(chance, is_rich)}</programme>\n'
        minute = stop


def _children(chance: random.Random, is_rich: bool) -> str:
    title = f"{chance.choice(_ADJECTIVES)} {chance.choice(_NOUNS)}"
    text = escape(" ".join(chance.choices(_SENTENCES, k=chance.choice((1, 1, 2, 3)))))
    parts = [f'<title lang="en">{title}</title>', f'<desc lang="en">{text}</desc>']
    if chance.random() < 0.6:
        parts.append(f'<sub-title lang="en">Episode {chance.randrange(400)}</sub-title>')
    parts += [f'<category lang="en">{name}</category>' for name in chance.sample(_CATEGORIES, chance.choice((1, 1, 2)))]
    if chance.random() < 0.5:
        parts.append(f'<icon src="http://images.example/p/{chance.randrange(90_000_000)}.jpg"/>')
    if chance.random() < 0.6:
        season, episode = chance.randrange(12), chance.randrange(24)
        parts.append(f'<episode-num system="xmltv_ns">{season}.{episode}.</episode-num>')
        if is_rich:
            parts.append(f'<episode-num system="onscreen">S{season + 1:02}E{episode + 1:02}</episode-num>')
    if is_rich:
        people = chance.sample(_PEOPLE, 3)
        cast = "".join(f"<actor>{name}</actor>" for name in people[1:])
        parts.append(f"<credits><director>{people[0]}</director>{cast}</credits><date>{chance.randrange(1960, 2026)}</date>")
        parts.append('<rating system="VCHIP"><value>TV-PG</value></rating><video><quality>HDTV</quality></video>')
    if chance.random() < 0.2:
        parts.append(chance.choice(("<new/>", "<live/>", '<previously-shown start="20170101"/>')))
    return "".join(parts)
