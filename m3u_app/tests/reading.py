"""Helpers for tests that read playlists from memory."""

import io
from dataclasses import dataclass

from m3u_app.entries import Entry
from m3u_app.importing.read_playlist import PlaylistReader


@dataclass
class Reading:
    entries: list[Entry]
    reader: PlaylistReader

    @property
    def only(self) -> Entry:
        assert len(self.entries) == 1, self.entries
        return self.entries[0]

    @property
    def dropped(self) -> dict[str, int]:
        return self.reader.report.dropped

    @property
    def seen(self) -> int:
        return self.reader.report.seen


def read(playlist: bytes | str, *, charset: str = "") -> Reading:
    """Read a whole playlist."""
    data = playlist.encode() if isinstance(playlist, str) else playlist
    reader = PlaylistReader(lambda: io.BytesIO(data), charset=charset)
    entries = [entry for batch in reader.batches() for _, raw in batch if (entry := reader.parse(raw)) is not None]
    return Reading(entries, reader)


def read_lines(*lines: str) -> Reading:
    return read("\n".join(lines) + "\n")


def read_extinf(line: str, url: str = "http://h/live/1.ts") -> Entry:
    """Read one entry made of an EXTINF line and an address."""
    return read_lines(line, url).only
