"""Writes the playlists of one provider day after day, with what changed between them: truth to measure change tracking by.

The same arguments give the same days. A stream is known by its number in the address, as with every reseller.
"""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from m3u_app.bench_playlist import CATEGORIES, COUNTRIES, FIRST, QUALITIES, SECOND

DEFAULT_RATE = 0.03
"""Share of the streams that something happens to in a day; what it is, see SHARES."""
SHARES = (
    ("renamed", 0.35),
    ("added", 0.30),
    ("removed", 0.25),
    ("attributes", 0.10),
    ("moved", 0.05),
    ("new_id", 0.05),
)  # more than 1 together, as new streams take nothing away from those that are there
DECORATIONS = ("{} (NEW)", "{} ◉", "{} [VIP]", "{} *", "{}  2", "NEW | {}", "{} (Down)", "{} ⁶⁰ᶠᵖˢ")
GROUP_NAMES = ("{} ᴴᴰ", "{} [VIP]", "NEW {}", "{} 2")
FIRST_NUMBER = 100_000
NEW_GROUP_SIZE = 20


class Listed(NamedTuple):
    """One entry of a day's playlist."""

    number: int
    name: str
    group: str
    guide_id: str


@dataclass
class Truth:
    """What changed from one day to the next: stream numbers, names of groups, (old, new) pairs."""

    added: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    renamed: set[int] = field(default_factory=set)
    moved: set[int] = field(default_factory=set)
    new_id: set[tuple[int, int]] = field(default_factory=set)
    groups_added: set[str] = field(default_factory=set)
    groups_removed: set[str] = field(default_factory=set)
    groups_renamed: set[tuple[str, str]] = field(default_factory=set)


class Provider:
    """One provider's list, which :meth:`next_day` changes."""

    def __init__(self, entries: int, *, seed: int = 1, rate: float = DEFAULT_RATE) -> None:
        self._pick = random.Random(seed)  # noqa: S311 - test data
        self._rate = rate
        self._next = FIRST_NUMBER
        self.day = 0
        self.listed = self._first_day(entries)

    def next_day(self) -> Truth:
        """Change the list as a day does and say how."""
        self.day += 1
        pick, truth = self._pick, Truth()
        groups = sorted({entry.group for entry in self.listed})
        gone, renamed = self._regroup(groups, truth)
        staying = [group for group in groups if group not in gone and group not in dict(truth.groups_renamed)]
        odds = {what: share * self._rate for what, share in SHARES}
        kept: list[Listed] = []
        for listed in self.listed:
            if listed.group in gone:
                truth.removed.add(listed.number)
                continue
            entry = listed._replace(group=renamed.get(listed.group, listed.group))
            chance = pick.random()
            for what in ("removed", "renamed", "moved", "new_id", "attributes"):
                if chance < odds[what]:
                    changed = self._change(what, entry, staying, truth)
                    if changed is not None:
                        kept.append(changed)
                    break
                chance -= odds[what]
            else:
                kept.append(entry)
        fresh = [self._newcomer(kept, truth) for _ in range(int(len(self.listed) * odds["added"]))]
        fresh += self._new_group(truth)
        self.listed = _in_groups(kept + fresh)
        return truth

    def write(self, path: Path, *, host: str = "line4.provider.example:8080", login: str = "u8f3k2m9qz/p4x7c1v6bn") -> int:
        """Write today's playlist and return its size in bytes."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write("#EXTM3U\n")
            for entry in self.listed:
                logo = f"http://logos.example/{entry.guide_id or 'none'}.png"
                file.write(
                    f'#EXTINF:-1 tvg-id="{entry.guide_id}" tvg-name="{entry.name}" tvg-logo="{logo}"'
                    f' group-title="{entry.group}",{entry.name}\nhttp://{host}/live/{login}/{entry.number}.ts\n'
                )
        return path.stat().st_size

    def _first_day(self, entries: int) -> list[Listed]:
        pick = self._pick
        listed: list[Listed] = []
        while len(listed) < entries:
            country = COUNTRIES[len(listed) * len(COUNTRIES) // max(entries, 1) % len(COUNTRIES)]
            listed += self._channel(country, f"{country}| {pick.choice(CATEGORIES)}", pick.randint(2, 5))
        return _in_groups(listed[:entries])

    def _channel(self, country: str, group: str, variants: int) -> list[Listed]:
        pick = self._pick
        name = f"{pick.choice(FIRST)} {pick.choice(SECOND)} {pick.randint(1, 400)}"
        guide_id = f"{name.replace(' ', '.')}.{country.lower()}" if pick.random() < 0.6 else ""
        qualities = pick.sample(QUALITIES, variants)
        return [Listed(self._number(), f"{country}: {name.upper()}{quality}", group, guide_id) for quality in qualities]

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _regroup(self, groups: list[str], truth: Truth) -> tuple[set[str], dict[str, str]]:
        """Choose a group that goes and one that gets another name; small lists keep theirs."""
        if len(groups) < 10:
            return set(), {}
        leaving, old = self._pick.sample(groups, 2)
        new = self._pick.choice(GROUP_NAMES).format(old)
        truth.groups_removed.add(leaving)
        if new not in groups:
            truth.groups_renamed.add((old, new))
        return {leaving}, dict(truth.groups_renamed)

    def _change(self, what: str, entry: Listed, groups: list[str], truth: Truth) -> Listed | None:
        pick = self._pick
        if what == "removed":
            truth.removed.add(entry.number)
            return None
        if what == "renamed":
            truth.renamed.add(entry.number)
            return entry._replace(name=pick.choice(DECORATIONS).format(entry.name))
        if what == "moved":
            others = [group for group in (pick.choice(groups), pick.choice(groups)) if group != entry.group]
            if others:
                truth.moved.add(entry.number)
                return entry._replace(group=others[0])
        elif what == "new_id":
            number = self._number()
            truth.new_id.add((entry.number, number))
            return entry._replace(number=number)
        else:
            return entry._replace(guide_id=f"{entry.guide_id or entry.number}x")
        return entry

    def _newcomer(self, kept: list[Listed], truth: Truth) -> Listed:
        """A stream that was not there: half of them one more variant of a channel, as resellers add them."""
        beside = self._pick.choice(kept)
        if self._pick.random() < 0.5:
            number = self._number()
            found = beside._replace(number=number, name=f"{beside.name} (BK {self._pick.randint(2, 9)})")
        else:
            (found,) = self._channel(beside.name[:2], beside.group, 1)
        truth.added.add(found.number)
        return found

    def _new_group(self, truth: Truth) -> list[Listed]:
        country = self._pick.choice(COUNTRIES)
        group = f"{country}| SPECIAL EVENTS {self.day}"
        truth.groups_added.add(group)
        found: list[Listed] = []
        while len(found) < NEW_GROUP_SIZE:
            found += self._channel(country, group, 2)
        truth.added.update(entry.number for entry in found)
        return found


def _in_groups(entries: Iterable[Listed]) -> list[Listed]:
    """Streams stand with their group, newcomers at its end, new groups last."""
    by_group: dict[str, list[Listed]] = defaultdict(list)
    for entry in entries:
        by_group[entry.group].append(entry)
    return [entry for group in by_group.values() for entry in group]
