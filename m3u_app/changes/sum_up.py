"""Sums the streams of a batch up: one change per kind and group, and the totals that cards and charts add (20 §10.3)."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from m3u_app.changes.models import ChangeBatch, ChangeTotal, ChangeType, StreamChangeKind
from m3u_app.changes.search_index import index_changes_after, newest_change
from m3u_app.raw_sql import db_time, execute_many
from m3u_app.write_turns import WriteTurns

CHANGES_A_TURN = 1000
NAMES_A_TURN = 10_000  # that many are listed and indexed in a tenth of a second
STREAM_TYPES: dict[ChangeType, tuple[StreamChangeKind, ...]] = {
    ChangeType.STREAMS_ADDED: (StreamChangeKind.ADDED, StreamChangeKind.RETURNED),
    ChangeType.STREAMS_REMOVED: (StreamChangeKind.REMOVED,),
    ChangeType.STREAMS_RENAMED: (StreamChangeKind.RENAMED,),
    ChangeType.STREAMS_MOVED: (StreamChangeKind.MOVED,),
    ChangeType.STREAMS_NEW_URL: (StreamChangeKind.NEW_URL,),
    ChangeType.STREAMS_NEW_ID: (StreamChangeKind.NEW_ID,),
}
_KINDS_BEHIND = {
    **STREAM_TYPES,
    ChangeType.GROUP_ADDED: STREAM_TYPES[ChangeType.STREAMS_ADDED],
    ChangeType.GROUP_REMOVED: STREAM_TYPES[ChangeType.STREAMS_REMOVED],
    ChangeType.GROUP_RENAMED: (),
}
_INSERT = (
    "INSERT INTO m3u_app_change (batch_id, account_id, at, change_type, group_id, group_name, former_name, enabled, baseline,"
    ' "count", in_use, names) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, COALESCE((SELECT group_concat(CASE WHEN'
    ' kind IN (3, 4) THEN name || char(10) || "before" ELSE name END, char(10)) FROM m3u_app_streamchange'
    " WHERE batch_id = %s AND kind IN (%s, %s) AND group_id = %s), ''))"
)
_COUNT = 9  # where the number of streams stands in a row for it


@dataclass(frozen=True)
class Group:
    """A group as it is when a refresh is through. ``size``: entries it has now."""

    id: int
    name: str
    enabled: bool = True
    size: int = 0
    is_added: bool = False
    is_gone: bool = False
    """Not in the source any more; ``is_removed``: since this refresh."""
    is_removed: bool = False
    former_name: str = ""


@dataclass
class Sums:
    """Streams by (kind, group id); ``in_use`` by group id of the removed ones."""

    streams: "Counter[tuple[StreamChangeKind, int]]" = field(default_factory=Counter)
    in_use: "Counter[int]" = field(default_factory=Counter)
    baseline_groups: set[int] = field(default_factory=set)

    def count(self, kind: StreamChangeKind, counts: Mapping[int, int]) -> None:
        for group_id, count in counts.items():
            self.streams[kind, group_id] += count


def kinds_behind(change_type: str) -> tuple[StreamChangeKind, ...]:
    """The kinds of stream changes that a change of this type lists."""
    return _KINDS_BEHIND[ChangeType(change_type)]


def sum_up(batch: ChangeBatch, groups: Sequence[Group], sums: Sums, turns: WriteTurns) -> None:
    """Write the changes of ``batch``, their place in the search index, and the totals. Groups without a change get none."""
    rows = _rows(batch, groups, sums)
    for chunk in _portions(rows):
        with turns.turn(len(chunk)):
            newest = newest_change()
            execute_many(_INSERT, chunk)
            index_changes_after(newest)
    _write_totals(batch, rows, turns)


def _portions(rows: Sequence[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    portion: list[tuple[Any, ...]] = []
    names = 0
    for row in rows:
        portion.append(row)
        names += row[_COUNT]
        if names >= NAMES_A_TURN or len(portion) >= CHANGES_A_TURN:
            yield portion
            portion, names = [], 0
    if portion:
        yield portion


def _rows(batch: ChangeBatch, groups: Sequence[Group], sums: Sums) -> list[tuple[Any, ...]]:
    by_group: dict[int, dict[ChangeType, int]] = defaultdict(dict)
    for change_type, kinds in STREAM_TYPES.items():
        for kind in kinds:
            for (found, group_id), count in sums.streams.items():
                if found == kind and count:
                    by_group[group_id][change_type] = by_group[group_id].get(change_type, 0) + count
    rows: list[tuple[Any, ...]] = []
    known = {group.id: group for group in groups}
    unknown = [Group(group_id, "") for group_id in by_group.keys() - known.keys()]
    for group in [*groups, *sorted(unknown, key=lambda found: found.id)]:
        counts = by_group.get(group.id, {})
        for change_type, count in _of_group(group, counts, first=batch.baseline):
            baseline = batch.baseline or (change_type == ChangeType.STREAMS_ADDED and group.id in sums.baseline_groups)
            in_use = sums.in_use[group.id] if change_type in (ChangeType.STREAMS_REMOVED, ChangeType.GROUP_REMOVED) else 0
            listed = (*_KINDS_BEHIND[change_type], 0, 0)[:2]
            rows.append(
                (
                    batch.pk,
                    batch.account_id,
                    db_time(batch.at),
                    change_type.value,
                    group.id,
                    group.name,
                    group.former_name if change_type == ChangeType.GROUP_RENAMED else "",
                    group.enabled,
                    baseline,
                    count,
                    in_use,
                    batch.pk,
                    *(int(kind) for kind in listed),
                    group.id,
                )
            )
    return rows


def _of_group(group: Group, counts: dict[ChangeType, int], *, first: bool) -> list[tuple[ChangeType, int]]:
    """A new or vanished group is one change, not two (20 §10.3); at the first look its streams are a change as well."""
    counts = dict(counts)
    found: list[tuple[ChangeType, int]] = []
    if group.is_added:
        added = counts.get(ChangeType.STREAMS_ADDED, 0) if first else counts.pop(ChangeType.STREAMS_ADDED, 0)
        found.append((ChangeType.GROUP_ADDED, added))
    if group.is_removed:
        found.append((ChangeType.GROUP_REMOVED, counts.pop(ChangeType.STREAMS_REMOVED, 0)))
    if group.former_name:
        found.append((ChangeType.GROUP_RENAMED, group.size))
    found += [(change_type, counts[change_type]) for change_type in STREAM_TYPES if change_type in counts]
    return found


def _write_totals(batch: ChangeBatch, rows: Sequence[tuple[Any, ...]], turns: WriteTurns) -> None:
    totals: dict[tuple[str, bool, bool], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        change_type, enabled, baseline, count, in_use = row[3], row[7], row[8], row[_COUNT], row[_COUNT + 1]
        total = totals[change_type, enabled, baseline]
        for position, value in enumerate((1, count, in_use, int(bool(in_use)))):
            total[position] += value
    if not totals:
        return
    with turns.turn():
        ChangeTotal.objects.bulk_create(
            ChangeTotal(
                batch=batch,
                account_id=batch.account_id,
                at=batch.at,
                change_type=change_type,
                enabled=enabled,
                baseline=baseline,
                rows=rows_,
                streams=streams,
                in_use=in_use,
                rows_in_use=rows_in_use,
            )
            for (change_type, enabled, baseline), (rows_, streams, in_use, rows_in_use) in totals.items()
        )
