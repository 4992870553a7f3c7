"""The stream table: rows of large accounts are computed when they are asked for, and kept only once they differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.fake_dispatcharr.playlists import Entry, Playlist

Row = dict[str, Any]


@dataclass
class Block:
    """The streams of one first import: consecutive ids, computed from the playlist."""

    first: int
    account_id: int
    playlist: Playlist
    groups: dict[str, int]
    updated_at: str
    last_seen: str

    @property
    def ids(self) -> range:
        return range(self.first, self.first + self.playlist.count)


class StreamTable:
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.own: dict[int, Row] = {}  # rows that are kept: custom streams and whatever differs from its block
        self.gone: set[int] = set()
        self.next_id = 1

    def ids(self) -> Iterator[int]:
        """All ids, oldest first."""
        for block in self.blocks:
            yield from (number for number in block.ids if number not in self.gone and number not in self.own)
        yield from self.own

    def __len__(self) -> int:
        return sum(len(block.ids) for block in self.blocks) - len(self.gone) + sum(1 for i in self.own if not self._block(i))

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and (number in self.own or (number not in self.gone and self._block(number) is not None))

    def get(self, number: int) -> Row | None:
        """A copy of the row, as the API shows it."""
        if number in self.own:
            return dict(self.own[number])
        block = self._block(number)
        if block is None or number in self.gone:
            return None
        row = new_row(number, block.playlist.entry(number - block.first), block.account_id, block.updated_at, block.last_seen)
        row["channel_group"] = block.groups.get(block.playlist.group_name(number - block.first))
        return row

    def name(self, number: int) -> str:
        if number in self.own:
            return str(self.own[number]["name"])
        block = self._block(number)
        return block.playlist.name(number - block.first) if block else ""

    def account(self, number: int) -> int | None:
        if number in self.own:
            return int(self.own[number]["m3u_account"])
        block = self._block(number)
        return block.account_id if block else None

    def put(self, row: Row) -> None:
        self.own[row["id"]] = row

    def add(self, row: Row) -> Row:
        row["id"] = self.next_id
        self.next_id += 1
        self.own[row["id"]] = row
        return row

    def add_block(self, account_id: int, playlist: Playlist, groups: dict[str, int], written: str) -> None:
        self.blocks.append(Block(self.next_id, account_id, playlist, groups, written, written))
        self.next_id += playlist.count

    def delete(self, number: int) -> bool:
        if number not in self:
            return False
        self.own.pop(number, None)
        if self._block(number) is not None:
            self.gone.add(number)
        return True

    def of_account(self, account_id: int) -> list[int]:
        return [number for number in self.ids() if self.account(number) == account_id]

    def drop_account(self, account_id: int) -> list[int]:
        """Delete the streams of an account; returns their ids."""
        numbers = self.of_account(account_id)
        lost = [block for block in self.blocks if block.account_id == account_id]
        self.blocks = [block for block in self.blocks if block not in lost]
        for number in numbers:
            self.own.pop(number, None)
        for block in lost:
            self.gone.difference_update(block.ids)
        return numbers

    def _block(self, number: int) -> Block | None:
        return next((block for block in self.blocks if number in block.ids), None)


def new_row(number: int, entry: Entry, account_id: int | None, updated_at: str, last_seen: str) -> Row:
    return {
        "id": number,
        "name": entry.name,
        "url": entry.url,
        "m3u_account": account_id,
        "logo_url": entry.logo,
        "tvg_id": entry.tvg_id,
        "local_file": None,
        "current_viewers": 0,
        "updated_at": updated_at,
        "last_seen": last_seen,
        "is_stale": False,
        "is_adult": False,
        "stream_profile_id": None,
        "is_custom": False,
        "channel_group": None,
        "stream_hash": entry.hash,
        "stream_stats": None,
        "stream_stats_updated_at": None,
        "stream_id": None,
        "stream_chno": None,
        "is_catchup": False,
        "catchup_days": 0,
    }
