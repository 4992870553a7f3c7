"""Devices without ``lineup.json`` still have ``lineup.m3u`` (20 §1.7); the playlist reader reads it."""

from collections.abc import Iterator
from typing import Any

from m3u_app.entries import GROUP_LIMIT, SHORT_LIMIT, Entry, EntrySource, GroupHint, ReadReport
from m3u_app.providers.hdhomerun.device import Device
from m3u_app.providers.hdhomerun.mapping import FAVORITES, group_name


class TunerPlaylist:
    """A playlist source whose entries get the identity and the groups that the channel list would have given them."""

    def __init__(
        self, playlist: EntrySource, device: Device, *, favorites_apart: bool, account_changes: dict[str, Any]
    ) -> None:
        self._playlist = playlist
        self._device = device
        self._favorites_apart = favorites_apart
        self.report: ReadReport = playlist.report
        self.header: dict[str, Any] = {}
        self.groups: list[GroupHint] = []
        self.account_changes = {**playlist.account_changes, **account_changes}
        self.size = playlist.size

    def batches(self, salt: bytes) -> Iterator[list[tuple[int, Any]]]:
        own = f"\0{self._device.device_id}\0{group_name(self._device)}\0{self._favorites_apart}"
        return self._playlist.batches(salt + own.encode())

    def parse(self, raw: Any) -> Entry | None:
        entry = self._playlist.parse(raw)
        if entry is None:
            return None
        number = (entry.stream_chno or entry.tvg_id)[:SHORT_LIMIT]
        is_favorite = FAVORITES in [part.strip() for part in entry.group.split(";")]
        return entry._replace(
            name=entry.tvg_name or entry.name,
            group=FAVORITES if self._favorites_apart and is_favorite else group_name(self._device)[:GROUP_LIMIT],
            identity_key=f"{self._device.device_id}:{number}" if number else "",
            provider_stream_id=number,
        )

    @property
    def position(self) -> int:
        return self._playlist.position

    def accept(self) -> None:
        self._playlist.accept()

    def __enter__(self) -> "TunerPlaylist":
        self._playlist.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._playlist.__exit__(*exc)
