"""How often each address is asked for, counted over all web processes together (50 O-2).

A small file that every process maps into memory: a fixed number of slots, each with ten counters, one a second. So the
counting needs no database, grows with nothing, and a request pays some microseconds for it.
"""

import fcntl
import mmap
import os
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WINDOW_SECONDS = 10
RAPID_HITS = 20
WARN_EVERY_SECONDS = 60
SLOTS = 512
_PROBES = 8
_NAME_BYTES = 160
_SLOT = struct.Struct(f"<Q d {WINDOW_SECONDS}I {_NAME_BYTES}s")  # second of the last hit, last warning, counters, name


@dataclass(frozen=True)
class Rate:
    """``hits`` within the last ten seconds, by whole seconds."""

    method: str
    path: str
    hits: int


class RequestRates:
    """The table in ``path``, which is made when it is missing and holds nothing worth keeping."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread_lock = threading.Lock()
        self._map: mmap.mmap | None = None
        self._handle = -1

    def record(self, method: str, path: str, now: float | None = None) -> bool:
        """Count a hit; True when it has become rapid and nobody was told within the last minute."""
        moment = time.monotonic() if now is None else now  # on Linux the same clock in every process
        name = f"{method} {path}".encode("utf-8", "replace")[:_NAME_BYTES]
        with self._locked() as table:
            at = self._slot_for(table, name, int(moment))
            last_second, warned_at, counts = _read(table, at)
            counts = _moved_on(counts, last_second, int(moment))
            counts[int(moment) % WINDOW_SECONDS] += 1
            if warned_at > moment:
                warned_at = 0.0  # the machine was started again; its clock began anew
            is_rapid = sum(counts) >= RAPID_HITS and (not warned_at or moment - warned_at >= WARN_EVERY_SECONDS)
            _SLOT.pack_into(table, at, int(moment), moment if is_rapid else warned_at, *counts, name)
        return is_rapid

    def current(self, now: float | None = None) -> list[Rate]:
        """What was asked for within the window, busiest first."""
        second = int(time.monotonic() if now is None else now)
        found: list[Rate] = []
        with self._locked() as table:
            for index in range(SLOTS):
                last_second, _, counts = _read(table, index * _SLOT.size)
                hits = sum(_moved_on(counts, last_second, second))
                if hits:
                    method, _, path = _name(table, index * _SLOT.size).decode("utf-8", "replace").partition(" ")
                    found.append(Rate(method, path, hits))
        return sorted(found, key=lambda rate: (-rate.hits, rate.path))

    def clear(self) -> None:
        with self._locked() as table:
            table[:] = bytes(len(table))

    def _slot_for(self, table: mmap.mmap, name: bytes, second: int) -> int:
        """The slot of this name; else a free one; else the one of its neighbourhood that rested longest."""
        start = zlib.crc32(name)
        places = [(start + step) % SLOTS * _SLOT.size for step in range(_PROBES)]
        for at in places:
            if _name(table, at) == name:
                return at
        oldest = min(places, key=lambda at: _last_second(table, at) if _last_second(table, at) <= second else 0)
        _SLOT.pack_into(table, oldest, 0, 0.0, *[0] * WINDOW_SECONDS, name)
        return oldest

    @contextmanager
    def _locked(self) -> Iterator[mmap.mmap]:
        # lockf excludes other processes, also forked ones, but not the threads of this one.
        with self._thread_lock:
            table = self._opened()
            fcntl.lockf(self._handle, fcntl.LOCK_EX)
            try:
                yield table
            finally:
                fcntl.lockf(self._handle, fcntl.LOCK_UN)

    def _opened(self) -> mmap.mmap:
        if self._map is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(self._handle).st_size != SLOTS * _SLOT.size:
                os.ftruncate(self._handle, 0)
                os.ftruncate(self._handle, SLOTS * _SLOT.size)
            self._map = mmap.mmap(self._handle, SLOTS * _SLOT.size)
        return self._map


def _read(table: mmap.mmap, at: int) -> tuple[int, float, list[int]]:
    last_second, warned_at, *rest = _SLOT.unpack_from(table, at)
    return last_second, warned_at, list(rest[:WINDOW_SECONDS])


def _name(table: mmap.mmap, at: int) -> bytes:
    return table[at + _SLOT.size - _NAME_BYTES : at + _SLOT.size].rstrip(b"\x00")


def _last_second(table: mmap.mmap, at: int) -> int:
    return int(struct.unpack_from("<Q", table, at)[0])


def _moved_on(counts: list[int], last_second: int, second: int) -> list[int]:
    """The counters with the seconds emptied that have passed since the last hit."""
    if not 0 <= second - last_second < WINDOW_SECONDS:
        return [0] * WINDOW_SECONDS
    for passed in range(last_second + 1, second + 1):
        counts[passed % WINDOW_SECONDS] = 0
    return counts
