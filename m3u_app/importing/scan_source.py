"""The first half of a refresh: read the whole source against what is stored, and write nothing but a temporary file."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from m3u_app.entries import Entry, EntrySource
from m3u_app.importing.filtering import FilterChain
from m3u_app.importing.group_plan import GroupPlan
from m3u_app.importing.identity import IdentityMaker
from m3u_app.importing.known_streams import ABSENT, BY_IDENTITY, BY_MARK, NEW, KnownStreams
from m3u_app.importing.spool import Record, Spool
from tasks_app.progress import Progress

PROVIDER_COLUMNS = (
    "name",
    "url",
    "tvg_id",
    "tvg_name",
    "logo_url",
    "stream_chno",
    "station_id",
    "provider_stream_id",
    "is_adult",
    "is_radio",
    "is_catchup",
    "catchup_days",
    "needs_drm",
    "extras",
)
"""Columns that come from the provider, in the order of an entry and of a spooled record; there the group is in front."""

_UNKNOWN_TOGETHER = 500
_BATCHES_TOGETHER = 16
"""So many unknown entries are looked up together; for their sake so many batches wait."""

_EXTRAS = PROVIDER_COLUMNS.index("extras")
_Prepared = tuple[int, Entry | None, int, bytes, bool]
"""Mark, entry (None = not usable), group index, identity (empty = nobody asks for it), whether a filter drops it."""


@dataclass
class Scan:
    """What reading found. ``created``, ``unchanged`` … count entries; together with drops they make up all entries seen."""

    known: KnownStreams
    groups: GroupPlan
    new: Spool
    changed: Spool
    created: int = 0
    touched: int = 0
    """Stored streams whose lines changed; the merge tells which of them really changed."""
    unchanged: int = 0
    duplicates: int = 0
    disabled: int = 0
    filtered: int = 0
    present_before: int = 0
    """Streams of switched-on groups that the last good refresh contained."""
    entry_counts: "Counter[int]" = field(default_factory=Counter)
    moves: "Counter[tuple[int, int]]" = field(default_factory=Counter)
    """(stored group id, index of the group it stands in now): how many stored streams went from the one to the other."""
    filters: FilterChain | None = None
    newly_filtered: set[int] | None = None
    """Slots of stored streams that filters drop; gathered only while filters are newer than what is stored."""

    @property
    def present(self) -> int:
        """Streams of switched-on groups that this source contains."""
        return self.created + self.touched + self.unchanged

    def note_group(self, slot: int, index: int) -> None:
        """A stored stream was met in the group at ``index``."""
        group_id = self.known.groups[slot]
        if self.groups.groups[index].id != group_id:
            self.moves[group_id, index] += 1


def scan_source(source: EntrySource, scan: Scan, identity: IdentityMaker, salt: bytes, progress: Progress) -> None:
    """Read ``source`` to its end into ``scan``.

    Entries whose mark is known are done with one look. The others are parsed, matched by identity, and spooled. Raises
    ``ProviderError``, ``SpoolFull`` and ``Cancelled``; the database is untouched then.
    """
    marks = scan.known.marks
    scanner = _Scanner(source, scan, identity)
    waiting: list[list[int]] = []
    for batch in source.batches(salt):
        progress.raise_if_cancelled()
        scanner.prepare([item for item in batch if item[0] not in marks])
        waiting.append([mark for mark, _ in batch])  # the entries themselves would push everything else out of the caches
        if scanner.prepared >= _UNKNOWN_TOGETHER or len(waiting) >= _BATCHES_TOGETHER:
            _settle(waiting, scan, scanner)
            waiting = []
        progress.report(current=source.position, total=source.size)
    _settle(waiting, scan, scanner)
    _count_known(scan)


def _settle(batches: list[list[int]], scan: Scan, scanner: "_Scanner") -> None:
    """Decide about every entry, by its mark, in the order of the source; the scanner has prepared the unknown ones."""
    marks, seen = scan.known.marks, scan.known.seen
    scanner.look_up()
    for batch in batches:
        for mark in batch:
            slot = marks.get(mark, ABSENT)
            if slot < 0:
                scanner.take_next()
            elif seen[slot]:
                scan.duplicates += 1
            else:
                seen[slot] = BY_MARK
    scanner.spool()


class _Scanner:
    """Deals with the entries whose marks are unknown: the slow part, a few microseconds each."""

    def __init__(self, source: EntrySource, scan: Scan, identity: IdentityMaker) -> None:
        self._scan = scan
        self._identity = identity
        self._parse = source.parse
        self._filters = scan.filters
        self._has_streams = len(scan.known) > 0
        self._prepared: list[_Prepared] = []
        self._identities: list[bytes] = []
        self._position = 0
        self._new: list[Record] = []
        self._changed: list[Record] = []

    @property
    def prepared(self) -> int:
        """How many entries wait to be taken."""
        return len(self._prepared)

    def prepare(self, unknown: list[tuple[int, Any]]) -> None:
        """Parse the unknown entries of the newest batch."""
        prepared, identities = self._prepared, self._identities
        groups = self._scan.groups
        for mark, raw in unknown:
            entry = self._parse(raw)
            if entry is None:  # counted by the reader
                prepared.append((mark, None, 0, b"", False))
                continue
            index = groups.index_of(entry.group, entry.group_key)
            dropped = self._filters is not None and self._filters.drops(entry.group, entry.name, entry.url)
            wanted = self._scan.newly_filtered is not None if dropped else groups.groups[index].enabled
            identity = b""
            if wanted or (self._has_streams and not dropped):
                identity = self._identity(entry)
                identities.append(identity)
            prepared.append((mark, entry, index, identity, dropped))

    def look_up(self) -> None:
        """Ask for the identities of all prepared entries together: one question instead of hundreds."""
        if self._identities:
            self._scan.known.look_up(self._identities)
            self._identities = []

    def take_next(self) -> None:
        """Decide about the next prepared entry; called in the order of the source, as the first of equal entries counts."""
        mark, entry, index, identity, dropped = self._prepared[self._position]
        self._position += 1
        if entry is None:
            return
        scan, known = self._scan, self._scan.known
        scan.entry_counts[index] += 1
        if dropped:
            self._drop(identity)
            return
        enabled = scan.groups.groups[index].enabled
        if not identity:
            scan.disabled += 1
            return
        slot = known.claim(identity, keep=enabled)
        if slot == NEW or (slot >= 0 and known.seen[slot]):
            scan.duplicates += 1
            scan.entry_counts[index] -= 1  # it does not make a group of its own
        elif slot >= 0:  # stored; also when its group is off now, for something may use it
            known.seen[slot] = BY_IDENTITY
            scan.note_group(slot, index)
            scan.touched += enabled
            scan.disabled += not enabled
            self._changed.append(make_record(index, entry, identity, mark, known.ids[slot]))
        elif enabled:
            scan.created += 1
            self._new.append(make_record(index, entry, identity, mark, 0))
        else:
            scan.disabled += 1

    def _drop(self, identity: bytes) -> None:
        self._scan.filtered += 1
        if self._scan.newly_filtered is not None:
            slot = self._scan.known.claim(identity, keep=False)
            if slot >= 0:
                self._scan.newly_filtered.add(slot)

    def spool(self) -> None:
        """Write away what has gathered. Call when all prepared entries are taken."""
        self._prepared, self._position = [], 0
        if self._new:
            self._scan.new.extend(self._new)
            self._new = []
        if self._changed:
            self._scan.changed.extend(self._changed)
            self._changed = []


def count_present_before(known: KnownStreams, groups: GroupPlan) -> int:
    """Streams that were there at the last refresh, without those whose group has been switched off since."""
    disabled = groups.disabled_ids()
    before = len(known) - known.was_stale.count(1)
    if not disabled:
        return before
    return before - sum(count for group_id, count in known.groups_before().items() if group_id in disabled)


def expected_losses(scan: Scan) -> int:
    """How many of ``present_before`` are not imported any more because the operator's new filters drop them."""
    known, disabled = scan.known, scan.groups.disabled_ids()
    return sum(
        not known.was_stale[slot] and not known.seen[slot] and known.groups[slot] not in disabled
        for slot in scan.newly_filtered or ()
    )


def _count_known(scan: Scan) -> None:
    """Sort the streams met by their marks into unchanged ones and those of switched-off groups."""
    by_group = scan.known.groups_met_by_mark()
    disabled = scan.groups.disabled_ids()
    in_disabled = sum(count for group_id, count in by_group.items() if group_id in disabled)
    scan.disabled += in_disabled
    scan.unchanged += sum(by_group.values()) - in_disabled
    scan.groups.count(scan.entry_counts, by_group)


def make_record(index: int, entry: Entry, identity: bytes, mark: int, row_id: int) -> Record:
    """An entry as it is spooled; ``index`` is its group's place in the plan, ``row_id`` its stored stream (0 = none)."""
    extras = json.dumps(entry.extras, sort_keys=True) if entry.extras else "{}"
    return (index, *entry[:_EXTRAS], extras, identity, mark, row_id)
