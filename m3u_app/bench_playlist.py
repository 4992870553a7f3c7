"""Writes a playlist of any size that looks like a provider's, for benchmarks. The same arguments give the same bytes."""

import random
import re
from pathlib import Path

COUNTRIES = re.findall(r"\w+", "US UK CA DE FR ES IT NL SE PL PT TR BR IN AR RO GR AL BE CH")
CATEGORIES = re.findall(r"\S+", "SPORTS NEWS MOVIES KIDS MUSIC GENERAL DOCUMENTARY LOCALS RELIGION 24/7 4K/UHD EVENTS")
FIRST = re.findall(
    r"\w+", "Sky Fox Canal Arena Star Nova Prime Super Mega Euro Royal Gold City Metro Vista Polar Delta Alpha Orion"
)
SECOND = re.findall(
    r"\w+", "Sport News Cinema Action Comedy Family Drama Kids Music Nature History Travel Food Racing Golf Soap"
)
QUALITIES = ["", " HD", " FHD", " SD", " 4K", " ᴴᴰ", " RAW", " HEVC", " ᵁᴴᴰ ³⁸⁴⁰ᴾ"]
TAILS = [""] * 20 + [" [VIP]", " (BK 2)", " ◉", " [Multi-Sub]", " "]


def write_playlist(path: Path, entries: int, *, seed: int = 1) -> int:
    """Write ``entries`` entries to ``path`` and return the size in bytes. About one in a thousand is malformed."""
    pick = random.Random(seed)  # noqa: S311 - test data
    base = "http://line4.provider.example:8080/live/u8f3k2m9qz/p4x7c1v6bn"
    number = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('#EXTM3U url-tvg="http://guide.example/epg.xml.gz"\n')
        while number < entries:
            country = COUNTRIES[number * 20 // max(entries, 1) % len(COUNTRIES)]
            channel = f"{pick.choice(FIRST)} {pick.choice(SECOND)} {pick.randint(1, 40)}"
            group = f"{country}| {pick.choice(CATEGORIES)}"
            guide_id = f"{channel.replace(' ', '.')}.{country.lower()}" if pick.random() < 0.6 else ""
            logo = f"http://logos.example/{country.lower()}/{channel.replace(' ', '-').lower()}.png"
            for quality in pick.sample(QUALITIES, 4):
                number += 1
                name = f"{country}: {channel.upper()}{quality}{pick.choice(TAILS)}"
                file.write(f'#EXTINF:-1 tvg-id="{guide_id}" tvg-name="{name}" tvg-logo="{logo}" group-title="{group}",{name}\n')
                oddity = pick.random()
                if oddity < 0.0002:
                    continue  # no address
                if oddity < 0.0005:
                    file.write("#EXTVLCOPT:http-user-agent=VLC/3.0.20 LibVLC/3.0.20\n")
                elif oddity < 0.001:
                    file.write("\n")
                file.write(f"{base}/{100_000 + number}.ts\n")
    return path.stat().st_size


_GROUP = re.compile(r'group-title="[^"]*"')
_NUMBER = re.compile(r"(\d+)(?=\.\w+$|$)")
DAY_RATE = 0.03


def write_next_day(today: Path, tomorrow: Path, *, rate: float = DAY_RATE, seed: int = 1) -> int:
    """Write the playlist of the day after: ``rate`` of the entries are renamed, gone, moved or renumbered, or are new.

    The shares are 35 % renamed, 30 % added, 25 % removed, 5 % moved, 5 % with another number. Returns how many changed.
    """
    pick = random.Random(seed)  # noqa: S311 - test data
    changed, number = 0, 90_000_000
    with today.open(encoding="utf-8", errors="replace") as old, tomorrow.open("w", encoding="utf-8", newline="\n") as new:
        info = ""
        for raw in old:
            line = raw.rstrip("\r\n")
            if not line or line.startswith("#"):
                if info:
                    new.write(f"{info}\n")
                info = line
                continue
            chance = pick.random() / rate
            changed += chance < 1
            if chance < 0.35:
                info += " (NEW)"
            elif 0.35 <= chance < 0.60:
                info = ""
                continue
            elif 0.60 <= chance < 0.65:
                info = _GROUP.sub('group-title="US| SPORTS"', info, count=1)
            elif 0.65 <= chance < 0.70:
                number += 1
                line = _NUMBER.sub(str(number), line)
            elif 0.70 <= chance < 1:
                number += 1
                new.write(f"{info} (BK {number})\n{_NUMBER.sub(str(number), line)}\n")
            new.write(f"{info}\n{line}\n" if info else f"{line}\n")
            info = ""
        if info:
            new.write(f"{info}\n")
    return changed
