"""What the providers of the fake server offer: playlists and guides, made on demand so that 100,000 entries cost nothing."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

NETWORKS = ("ESPN", "HBO", "CNBC", "RTL", "Bravo", "DAZN", "Zee", "RAI", "MSNBC", "ARD", "FX", "ITV")
COUNTRIES = ("US", "UK", "DE", "FR", "AU", "IT")
KINDS = ("Sports", "News", "Movies", "Kids", "Music")


@dataclass(frozen=True)
class Entry:
    """One line of a playlist."""

    name: str
    url: str
    group: str = "Default Group"
    tvg_id: str = ""
    logo: str = ""

    @property
    def hash(self) -> str:
        return hashlib.sha256(json.dumps({"url": self.url}, sort_keys=True).encode()).hexdigest()


@dataclass
class Playlist:
    """``count`` entries, either listed or computed from ``tag``. With ``names`` only that many names occur: ties."""

    count: int
    tag: str = "a"
    names: int = 0
    groups: int = 30
    listed: Sequence[Entry] | None = field(default=None)

    @classmethod
    def generated(cls, count: int, *, tag: str = "a", names: int = 0, groups: int = 30) -> "Playlist":
        return cls(count, tag, names, groups)

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "Playlist":
        return cls(len(entries), listed=tuple(entries))

    @classmethod
    def read(cls, text: str) -> "Playlist":
        """The entries of an uploaded file: names, groups and addresses are enough for a test."""
        entries: list[Entry] = []
        head = ""
        for line in text.splitlines():
            if line.startswith("#EXTINF"):
                head = line
            elif head and line.strip() and not line.startswith("#"):
                group = head.partition('group-title="')[2].partition('"')[0] or "Default Group"
                entries.append(Entry(head.rpartition(",")[2].strip(), line.strip(), group))
                head = ""
        return cls.of(entries)

    def group_name(self, index: int) -> str:
        """The group of the entry number ``index``."""
        if self.listed is not None:
            return self.listed[index].group
        number = index % self.groups
        return f"{COUNTRIES[number % len(COUNTRIES)]} | {KINDS[number % len(KINDS)]} {number // 5}"

    def name(self, index: int) -> str:
        if self.listed is not None:
            return self.listed[index].name
        number = index % self.names if self.names else index
        return f"{COUNTRIES[number % len(COUNTRIES)]}: {NETWORKS[number % len(NETWORKS)]} {number}"

    def entry(self, index: int) -> Entry:
        if self.listed is not None:
            return self.listed[index]
        network = NETWORKS[index % len(NETWORKS)]
        country = COUNTRIES[index % len(COUNTRIES)]
        return Entry(
            name=self.name(index),
            url=f"http://provider.test/live/user1/pass1/{self.tag}{index}.ts",
            group=self.group_name(index),
            tvg_id=f"{network}{index}.{country.lower()}" if index % 4 else "",
            logo=f"http://provider.test/logos/{network.lower()}.png" if index % 3 else "",
        )

    def all_groups(self) -> list[str]:
        count = self.count if self.listed is not None else min(self.count, self.groups)
        return list(dict.fromkeys(self.group_name(index) for index in range(count)))


@dataclass
class Guide:
    """The channels of an XMLTV file: (tvg_id, name, icon)."""

    channels: Sequence[tuple[str, str, str | None]]

    @classmethod
    def generated(cls, count: int, *, playlist: Playlist | None = None) -> "Guide":
        """Entries for the first ``count`` streams of ``playlist`` that have a guide id."""
        source = playlist or Playlist.generated(count * 2)
        entries = (source.entry(index) for index in range(source.count))
        chosen = [(entry.tvg_id, entry.name, entry.logo or None) for entry in entries if entry.tvg_id]
        return cls(chosen[:count])
