"""Writes the playlists of two demo providers, as uneven as real ones are: same stations, other spellings, odd lines."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from ecm_site.demo.stations import Station, guide_key, stations

SEED = 6100
COUNTRY_WORDS = {"US": "USA", "UK": "United Kingdom", "DE": "Germany", "FR": "France", "ES": "Spain"}


@dataclass(frozen=True)
class Line:
    """One entry of a playlist before it is spelt out."""

    name: str
    group: str
    url: str
    attributes: dict[str, str]
    extra_lines: tuple[str, ...] = ()

    def render(self) -> str:
        attributes = "".join(f' {key}="{value}"' for key, value in self.attributes.items() if value)
        extras = "".join(f"{line}\n" for line in self.extra_lines)
        return f'#EXTINF:-1{attributes} group-title="{self.group}",{self.name}\n{extras}{self.url}\n'


def northlight_playlist() -> str:
    """The tidy provider: every station in every quality, guide ids, catch-up, numbers."""
    entries = [line.render() for line in _northlight()]
    return '#EXTM3U x-tvg-url="http://guide.northlight.invalid/xmltv.xml.gz"\n' + "".join(entries) + _NORTHLIGHT_QUIRKS


def harbour_playlist() -> str:
    """The untidy provider: most of the stations, shouted, decorated, often without a guide id."""
    entries = [line.render() for line in _harbour()]
    entries.insert(len(entries) // 2, _HARBOUR_QUIRKS)
    return "#EXTM3U\n" + "".join(entries)


def _northlight() -> Iterator[Line]:
    number = 1000
    for station in stations():
        for region in station.regions or ("",):
            for quality in station.qualities:
                number += 1
                label = " ".join(part for part in (station.name, region, quality) if part)
                yield Line(
                    name=label if station.is_radio else f"{station.country}: {label}",
                    group="Radio" if station.is_radio else f"{station.country} | {station.genre.title()}",
                    url=f"http://tv.northlight.invalid/stream/{number}.ts",
                    attributes=_northlight_attributes(station, region, number),
                    extra_lines=("#EXTVLCOPT:http-user-agent=Northlight/2.0",) if station.name == "Fairway" else (),
                )


def _northlight_attributes(station: Station, region: str, number: int) -> dict[str, str]:
    attributes = {"tvg-id": "" if station.is_radio else guide_key(station, region), "tvg-chno": str(number)}
    if station.catchup_days:
        attributes["catchup"] = "default"
        attributes["catchup-days"] = str(station.catchup_days)
        attributes["catchup-source"] = f"http://tv.northlight.invalid/replay/{number}.ts?utc={{utc}}&lutc={{lutc}}"
    if station.is_radio:
        attributes["radio"] = "true"
    return attributes


def _harbour() -> Iterator[Line]:
    dice = random.Random(SEED)  # noqa: S311 - the same "chance" on every machine
    number = 50
    for country, country_word in COUNTRY_WORDS.items():
        yield _heading(country)
        for station in stations():
            if station.country != country or station.is_radio or dice.random() < 0.25:
                continue
            for region in station.regions[:2] or ("",):
                for quality in station.qualities:
                    number += 1
                    yield Line(
                        name=_harbour_name(station, region, quality, dice),
                        group=f"{country_word} {station.genre.upper()}",
                        url=f"http://cdn.harbour.invalid:8080/{number}/index.m3u8",
                        attributes={
                            "tvg-id": guide_key(station, region) if dice.random() < 0.5 else "",
                            "tvg-name": station.name,
                        },
                    )
    for event in range(1, 9):
        yield Line(
            f"EVENT {event:02} | no event today", "PPV Events", f"http://cdn.harbour.invalid:8080/ppv{event}/index.m3u8", {}
        )


def _harbour_name(station: Station, region: str, quality: str, dice: random.Random) -> str:
    name = " ".join(part for part in (station.name, region) if part)
    mark = {"HD": "ᴴᴰ", "FHD": "1080p", "4K": "4K UHD", "HEVC": "HEVC", "SD": "SD"}[quality]
    form = dice.randrange(4)
    if form == 0:
        return f"{station.country} | {name.upper()} {mark}"
    if form == 1:
        return f"[{station.country}] {name} {mark}"
    if form == 2:
        return f"{name} ({station.country}) {quality}"
    return f"{station.country} - {name}  {mark}"


def _heading(country: str) -> Line:
    return Line(
        f"##### {COUNTRY_WORDS[country].upper()} #####",
        f"{COUNTRY_WORDS[country]} ENTERTAINMENT",
        f"http://cdn.harbour.invalid:8080/heading-{country.lower()}",
        {},
    )


# Lines as they are met in the wild: no group attribute but a group line, a quote inside a name, a name only in an
# attribute, and an entry whose address is missing.
_NORTHLIGHT_QUIRKS = """\
#EXTINF:-1 tvg-id="backroads.us",US: Backroads "Live" HD
#EXTGRP:US | Documentary
http://tv.northlight.invalid/stream/1900.ts
#EXTINF:-1 tvg-id="" group-title="US | Sports",US: Summit Sports Backup (no address)
#EXTINF:-1 tvg-id="quietharbor.us" tvg-name="Quiet Harbor" group-title="US | Music",
http://tv.northlight.invalid/stream/1901.ts
"""
_HARBOUR_QUIRKS = """\
#extinf:-1 group-title=USA_NEWS,US | HEADLINES NON STOP
#KODIPROP:inputstream=inputstream.adaptive
http://cdn.harbour.invalid:8080/900/index.m3u8|User-Agent=HarbourBox&Referer=http://harbour.invalid/
"""
