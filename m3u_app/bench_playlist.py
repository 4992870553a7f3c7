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
