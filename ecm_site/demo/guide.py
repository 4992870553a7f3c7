"""Writes the XMLTV guide of the demo: three days around today, the same for everybody on the same day."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from xml.sax.saxutils import escape, quoteattr

from ecm_site.demo.programme_words import EPISODE_TITLES, SHOWS, Show, film_title, match_title
from ecm_site.demo.stations import Station, guide_key, stations

DAYS_AFTER = 3
HOURS_BEFORE = 6  # what is on now has begun, and the past is worth a look too
PLUS_ONE = timedelta(hours=1)


def guide_xml(today: date) -> Iterator[str]:
    """Yield the lines of the guide for ``today``, from six hours before it begins until three days later."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<tv generator-info-name="ECM demo">\n'
    editions = [(station, region) for station in stations() if station.has_guide for region in station.regions or ("",)]
    for station, region in editions:
        name = " ".join(part for part in (station.name, region) if part)
        yield f"  <channel id={quoteattr(guide_key(station, region))}><display-name>{escape(name)}</display-name></channel>\n"
    for station, region in editions:
        yield from _programmes(station, region, today)
    yield "</tv>\n"


def _programmes(station: Station, region: str, today: date) -> Iterator[str]:
    begin = datetime.combine(today, time(), UTC) - timedelta(hours=HOURS_BEFORE)
    end = begin + timedelta(hours=HOURS_BEFORE, days=DAYS_AFTER)
    shift = PLUS_ONE if region == "+1" else timedelta()
    # A "+1" edition shows what the station itself shows, an hour later; regional editions have news of their own.
    dice = random.Random(f"{today.isoformat()} {station.key if shift else guide_key(station, region)}")  # noqa: S311
    channel = guide_key(station, region)
    start = begin
    previous: Show | None = None
    while start < end:
        show = dice.choice([candidate for candidate in SHOWS[station.genre] if candidate != previous])
        previous = show
        stop = start + timedelta(minutes=show.minutes)
        yield _programme(channel, start + shift, stop + shift, show, dice)
        start = stop


def _programme(channel: str, start: datetime, stop: datetime, show: Show, dice: random.Random) -> str:
    title, sub_title, season, episode = show.title, "", 0, 0
    if show.kind == "film":
        title = film_title(dice)
    elif show.kind == "match":
        sub_title = match_title(dice)
    elif show.kind == "series":
        sub_title, season, episode = dice.choice(EPISODE_TITLES), dice.randint(1, 6), dice.randint(1, 12)
    parts = [f"<title>{escape(title)}</title>"]
    if sub_title:
        parts.append(f"<sub-title>{escape(sub_title)}</sub-title>")
    parts.append(f"<desc>{escape(show.description)}</desc>")
    if show.kind == "film":
        parts.append(f"<date>{dice.randint(1948, 2025)}</date>")
    parts += [f"<category>{escape(category)}</category>" for category in show.categories]
    if episode:
        parts.append(f'<episode-num system="xmltv_ns">{season - 1}.{episode - 1}.</episode-num>')
        parts.append(f'<episode-num system="onscreen">S{season:02}E{episode:02}</episode-num>')
        parts.append("<new/>" if dice.random() < 0.2 else "<previously-shown/>")
    times = f"start={quoteattr(_xmltv_time(start))} stop={quoteattr(_xmltv_time(stop))}"
    return f"  <programme {times} channel={quoteattr(channel)}>{''.join(parts)}</programme>\n"


def _xmltv_time(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S +0000")
