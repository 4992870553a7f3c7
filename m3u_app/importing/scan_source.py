"""The first half of a refresh: read the whole source against what is stored, and write nothing but a temporary file."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from m3u_app.entries import Entry, EntrySource
from m3u_app.importing.group_plan import GroupPlan
from m3u_app.importing.identity import IdentityMaker
from m3u_app.importing.known_streams import ABSENT, BY_IDENTITY, BY_MARK, NEW, KnownStreams
from m3u_app.importing.spool import Spool
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
"""Columns that come from the provider, in the order of a spooled record; the group is in front of them."""


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

    @property
    def present(self) -> int:
        """Streams of switched-on groups that this source contains."""
        return self.created + self.touched + self.unchanged


def scan_source(source: EntrySource, scan: Scan, identity: IdentityMaker, salt: bytes, progress: Progress) -> None:
    """Read ``source`` to its end into ``scan``.

    Entries whose mark is known are done with one look. The others are parsed, matched by identity, and spooled. Raises
    ``ProviderError``, ``SpoolFull`` and ``Cancelled``; the database is untouched then.
    """
    known, groups = scan.known, scan.groups
    marks, seen = known.marks, known.seen
    has_streams = len(known) > 0
    parse, index_of, entry_counts = source.parse, groups.index_of, scan.entry_counts
    planned = groups.groups
    duplicates = 0
    for batch in source.batches(salt):
        progress.raise_if_cancelled()
        for mark, raw in batch:
            slot = marks.get(mark, ABSENT)
            if slot >= 0:
                if seen[slot]:
                    duplicates += 1
                else:
                    seen[slot] = BY_MARK
                continue
            entry = parse(raw)
            if entry is None:
                continue
            index = index_of(entry.group, entry.group_key)
            entry_counts[index] += 1
            enabled = planned[index].enabled
            if not enabled and not has_streams:
                scan.disabled += 1
                continue
            identified = identity(entry)
            slot = known.slot_of(identified)
            if slot == NEW or (slot >= 0 and seen[slot]):
                duplicates += 1
            elif slot >= 0:
                seen[slot] = BY_IDENTITY
                scan.touched += enabled
                scan.disabled += not enabled
                scan.changed.add(_record(index, entry, identified, mark, known.ids[slot]))
            elif enabled:
                known.note_new(identified)
                scan.created += 1
                scan.new.add(_record(index, entry, identified, mark, 0))
            else:
                scan.disabled += 1
        progress.report(current=source.position, total=source.size)
    scan.duplicates += duplicates
    _count_known(scan)


def count_present_before(known: KnownStreams, groups: GroupPlan) -> int:
    """Streams that were there at the last refresh, without those whose group has been switched off since."""
    disabled = groups.disabled_ids()
    return sum(1 for group, stale in zip(known.groups, known.was_stale, strict=True) if not stale and group not in disabled)


def _count_known(scan: Scan) -> None:
    """Sort the streams met by their marks into unchanged ones and those of switched-off groups."""
    by_group = scan.known.groups_met_by_mark()
    disabled = scan.groups.disabled_ids()
    in_disabled = sum(count for group_id, count in by_group.items() if group_id in disabled)
    scan.disabled += in_disabled
    scan.unchanged += sum(by_group.values()) - in_disabled
    scan.groups.count(scan.entry_counts, by_group)


def _record(index: int, entry: Entry, identity: bytes, mark: int, row_id: int) -> tuple[Any, ...]:
    return (
        index,
        entry.name,
        entry.url,
        entry.tvg_id,
        entry.tvg_name,
        entry.logo_url,
        entry.stream_chno,
        entry.station_id,
        entry.provider_stream_id,
        int(entry.is_adult),
        int(entry.is_radio),
        int(entry.is_catchup),
        entry.catchup_days,
        int(entry.needs_drm),
        json.dumps(entry.extras, sort_keys=True) if entry.extras else "{}",
        identity,
        mark,
        row_id,
    )
