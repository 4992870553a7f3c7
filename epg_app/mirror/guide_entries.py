"""The bulk mirror "guide_entry": every entry of every source of the server, compared a few thousand at a time (30 §3.2)."""

import json
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from django.utils import timezone

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import Incomplete
from ecm_site.dispatcharr.shapes import GuideEntry as ServerEntry
from ecm_site.dispatcharr.shapes import GuideSource as ServerSource
from ecm_site.wording import counted
from epg_app.entry_keys import search_text, tvg_key
from epg_app.importing.channel_reader import NAME_LENGTH, usable_icon
from epg_app.importing.guide_reader import ID_LENGTH
from epg_app.importing.save_entries import settle_vanished
from epg_app.mirror.marks import read_mark, save_mark, source_marks
from epg_app.models import GuideSource
from epg_app.raw_sql import fetch_all, id_list, stored_time
from epg_app.source_lock import slot_for_import
from m3u_app.providers.loose_values import count_of, text_of
from m3u_app.raw_sql import bulk_writing, execute, execute_many, insert_many
from m3u_app.write_turns import WriteTurns
from tasks_app.mirror.bulk_mirrors import PullCounts
from tasks_app.mirror.kinds import LinkBook
from tasks_app.progress import Progress

logger = logging.getLogger(__name__)

KIND: Final = "guide_entry"
ROWS_AT_ONCE: Final = 2_000
SHORT_BELOW: Final = 0.95  # of what the server counts: some may go while they are read
INSERTED_AT_ONCE: Final = 1_000  # in one transaction, some 50 ms with the index of the search
_TABLE: Final = "epg_app_guideentry"
_KNOWN_BY_REMOTE: Final = (
    "SELECT remote_id, id, source_id, tvg_id, name, icon_url, in_feed, other_names"  # noqa: S608 - our own names
    f" FROM {_TABLE} WHERE remote_id IN (SELECT value FROM json_each(%s))"
)
_KNOWN_BY_ID: Final = (
    "SELECT source_id, tvg_id, id, name, icon_url, in_feed, other_names, remote_id"  # noqa: S608 - our own names
    f" FROM {_TABLE} WHERE source_id = %s AND tvg_id IN (SELECT value FROM json_each(%s))"
)
_INSERT: Final = (
    f"INSERT INTO {_TABLE} (source_id, tvg_id, tvg_key, name, icon_url, search_text, remote_id, first_seen, last_seen,"
    " other_names, lcn, station_id, in_feed, programmes_loaded)"
)
_PLAIN: Final = ("[]", "", "", 1, 0)
_UPDATE: Final = (
    f"UPDATE {_TABLE} SET source_id = %s, tvg_id = %s, tvg_key = %s, name = %s, icon_url = %s, search_text = %s,"  # noqa: S608
    " remote_id = %s, in_feed = 1 WHERE id = %s"
)


@dataclass(frozen=True)
class _Row:
    """An entry of the server as it is kept here."""

    remote_id: int
    source_id: int
    tvg_id: str
    key: str
    name: str
    icon_url: str

    def derived(self, other_names: str) -> str:
        """What the search looks into; names that only an import of our own knew are kept."""
        return search_text(self.tvg_id, (self.name, *json.loads(other_names or "[]")))


@dataclass
class _Writes:
    inserts: list[tuple[Any, ...]] = field(default_factory=list)
    updates: list[tuple[Any, ...]] = field(default_factory=list)
    freed: list[int] = field(default_factory=list)
    """Rows whose id on the server belongs to another row now."""


def pull_entries(client: Dispatcharr, links: LinkBook, progress: Progress) -> PullCounts:
    """Bring all entries over, unless no source was refreshed since the last time."""
    rows = client.guide.sources()
    mark = source_marks(rows, present_sources(links, rows))
    if mark and read_mark(KIND).get("sources") == mark:
        return PullCounts(skipped=sum(_count_of(row) for row in rows))
    return pull_all_entries(client, links, progress, rows)


def pull_all_entries(
    client: Dispatcharr, links: LinkBook, progress: Progress, rows: list[ServerSource] | None = None
) -> PullCounts:
    """As :func:`pull_entries`, whatever the mark says. ``rows`` are the server's sources, read before their entries."""
    rows = client.guide.sources() if rows is None else rows
    sources = present_sources(links, rows)
    progress.report(phase="guide channels", current=0, total=sum(map(_count_of, rows)), item="")
    with slot_for_import(progress), bulk_writing():
        pull = _Pull(sources, sum(_count_of(row) for row in rows if row["id"] in sources), progress)
        pull.take(client.guide.entry_rows())
        pull.settle()
    if pull.is_whole:
        save_mark(KIND, {"sources": source_marks(rows, sources)})
    counts = pull.counts
    if pull.strangers:
        counts.notes.append(f"{counted(pull.strangers, 'guide channel')} of sources that are not mirrored yet were left out.")
    logger.info(
        "[EPG] Mirrored guide entries seen=%s created=%s updated=%s deleted=%s",
        counts.seen, counts.created, counts.updated, counts.deleted,
    )  # fmt: skip
    return counts


def present_sources(links: LinkBook, rows: list[ServerSource]) -> dict[int, int]:
    """Remote → local id of the sources that are here and stay."""
    linked = links.locals_of("guide_source", [row["id"] for row in rows])
    there = set(GuideSource.objects.filter(pk__in=linked.values(), deleting_since=None).values_list("pk", flat=True))
    return {remote_id: pk for remote_id, pk in linked.items() if pk in there}


class _Pull:
    """One comparison of all entries. ``sources``: remote → local id; ``announced``: how many entries the server counts."""

    def __init__(self, sources: dict[int, int], announced: int, progress: Progress) -> None:
        self._sources = sources
        self._announced = announced
        self._progress = progress
        self._turns = WriteTurns()
        self._seen: set[int] = set()  # remote ids of the portions before
        self.counts = PullCounts()
        self._has_doubles = False
        self.strangers = 0
        self.is_whole = True

    def take(self, rows: Iterator[ServerEntry]) -> None:
        """Insert what is new and update what differs."""
        for portion in _portions(self._as_far_as_they_come(rows)):
            self._progress.raise_if_cancelled()
            self._compare([row for raw in portion if (row := self._read(raw)) is not None])
            self._progress.report(current=self.counts.seen, total=max(self._announced, self.counts.seen))

    def _as_far_as_they_come(self, rows: Iterator[ServerEntry]) -> Iterator[ServerEntry]:
        try:
            yield from rows
        except Incomplete as error:
            self.is_whole = False
            self.counts.notes.append(f"{error} Nothing was removed.")

    def _read(self, raw: ServerEntry) -> _Row | None:
        owner, remote_id = raw.get("epg_source"), raw.get("id")
        source_id = self._sources.get(owner) if isinstance(owner, int) else None
        if source_id is None or not isinstance(remote_id, int):
            self.strangers += 1
            return None
        tvg_id = text_of(raw.get("tvg_id"))[:ID_LENGTH]
        name = " ".join(text_of(raw.get("name")).split())[:NAME_LENGTH].rstrip()
        return _Row(
            remote_id,
            source_id,
            tvg_id or f"entry-{remote_id}",  # one without an id cannot be linked by it
            tvg_key(tvg_id),
            name or tvg_id or f"Entry {remote_id}",
            usable_icon(text_of(raw.get("icon_url"))),
        )

    def _compare(self, rows: list[_Row]) -> None:
        self.counts.seen += len(rows)
        known = {row[0]: row[1:] for row in fetch_all(_KNOWN_BY_REMOTE, [id_list(row.remote_id for row in rows)])}
        others = _known_by_id([row for row in rows if known.get(row.remote_id, (0, 0, ""))[1:3] != (row.source_id, row.tvg_id)])
        now = stored_time(timezone.now())
        writes = _Writes()
        taken: set[tuple[int, str]] = set()
        ids = {row.remote_id: row.tvg_id for row in rows}
        for row in rows:
            mine = known.get(row.remote_id)
            if (row.source_id, row.tvg_id) in taken:
                self._note_double()
                continue
            taken.add((row.source_id, row.tvg_id))
            other = others.get((row.source_id, row.tvg_id))
            if other is not None and (mine is None or other[0] != mine[0]):
                if other[3] and self._has_it(other[5], row, ids):
                    self._note_double()
                    continue
                if mine is not None:
                    writes.freed.append(mine[0])
                # The same guide channel under a new id: channels that use it here keep it.
                writes.updates.append(self._update(row, other[0], other[4]))
            elif mine is None:
                values = (
                    row.source_id,
                    row.tvg_id,
                    row.key,
                    row.name,
                    row.icon_url,
                    row.derived("[]"),
                    row.remote_id,
                    now,
                    now,
                )
                writes.inserts.append(values)
            elif mine[1:6] != (row.source_id, row.tvg_id, row.name, row.icon_url, 1):
                writes.updates.append(self._update(row, mine[0], mine[6]))
        self._write(writes)
        self._seen.update(ids)

    def _update(self, row: _Row, entry_id: int, other_names: str) -> tuple[Any, ...]:
        derived = row.derived(other_names)
        return (row.source_id, row.tvg_id, row.key, row.name, row.icon_url, derived, row.remote_id, entry_id)

    def _has_it(self, remote_id: int | None, row: _Row, ids: dict[int, str]) -> bool:
        """Whether the server still has the guide channel of ``row`` under ``remote_id`` as well, as far as was read."""
        if remote_id is None:
            return False
        return ids[remote_id] == row.tvg_id if remote_id in ids else remote_id in self._seen

    def _note_double(self) -> None:
        if not self._has_doubles:
            self.counts.notes.append("The server has some guide channels twice; one of each was taken.")
        self._has_doubles = True

    def _write(self, writes: _Writes) -> None:
        if not (writes.inserts or writes.updates):
            return
        with self._turns.turn():
            # Ids change places before they are given out, since each may be there once.
            moving = [*writes.freed, *(values[-1] for values in writes.updates)]
            execute(
                f"UPDATE {_TABLE} SET remote_id = NULL WHERE id IN (SELECT value FROM json_each(%s))"  # noqa: S608
                " OR remote_id IN (SELECT value FROM json_each(%s))",
                [id_list(moving), id_list(values[6] for values in writes.updates)],
            )
            execute_many(_UPDATE, writes.updates)
        self._insert(writes.inserts)
        self.counts.created += len(writes.inserts)
        self.counts.updated += len(writes.updates)

    def _insert(self, rows: list[tuple[Any, ...]]) -> None:
        for begin in range(0, len(rows), INSERTED_AT_ONCE):
            with self._turns.turn():
                insert_many(_INSERT, [row + _PLAIN for row in rows[begin : begin + INSERTED_AT_ONCE]])

    def settle(self) -> None:
        """Take away what the server no longer has, unless its answer was smaller than it says itself."""
        if not self.is_whole:
            return
        if self.counts.seen < self._announced * SHORT_BELOW:
            self.is_whole = False
            seen, announced = self.counts.seen, self._announced
            self.counts.notes.append(
                f"The server told {seen:,} of its {announced:,} guide channels; nothing was removed. The next pull looks again."
            )
            return
        vanished: list[int] = []
        for source_id in self._sources.values():
            rows = fetch_all(f"SELECT id, remote_id, in_feed FROM {_TABLE} WHERE source_id = %s", [source_id])  # noqa: S608
            vanished += [entry_id for entry_id, remote_id, _in_feed in rows if remote_id not in self._seen]
        self.counts.deleted, _kept = settle_vanished(vanished, self._progress, self._turns)


def _known_by_id(rows: list[_Row]) -> dict[tuple[int, str], tuple[Any, ...]]:
    """Entries here with the ids of ``rows`` in their sources: id, name, icon, in feed, other names, remote id by both."""
    wanted: dict[int, list[str]] = {}
    for row in rows:
        wanted.setdefault(row.source_id, []).append(row.tvg_id)
    found: dict[tuple[int, str], tuple[Any, ...]] = {}
    for source_id, ids in wanted.items():
        for known in fetch_all(_KNOWN_BY_ID, [source_id, json.dumps(ids)]):
            found[known[0], known[1]] = known[2:]
    return found


def locals_of(remote_ids: Collection[int]) -> dict[int, int]:
    """Remote id → id here, of those that are known."""
    sql = f"SELECT remote_id, id FROM {_TABLE} WHERE remote_id IN (SELECT value FROM json_each(%s))"  # noqa: S608
    return dict(fetch_all(sql, [id_list(remote_ids)]))


def remotes_of(local_ids: Collection[int]) -> dict[int, int]:
    """Id here → id on the server, of those that it still has: naming another one is an error there."""
    sql = (
        f"SELECT id, remote_id FROM {_TABLE} WHERE id IN (SELECT value FROM json_each(%s))"  # noqa: S608
        " AND remote_id IS NOT NULL AND in_feed"
    )
    return dict(fetch_all(sql, [id_list(local_ids)]))


def owners_of(local_ids: Collection[int]) -> dict[int, tuple[str, int]]:
    """With which source each entry is on the server."""
    sql = f"SELECT id, source_id FROM {_TABLE} WHERE id IN (SELECT value FROM json_each(%s))"  # noqa: S608
    return {entry_id: ("guide_source", source_id) for entry_id, source_id in fetch_all(sql, [id_list(local_ids)])}


def _count_of(row: ServerSource) -> int:
    return count_of(row.get("epg_data_count"))


def _portions(rows: Iterator[ServerEntry]) -> Iterator[list[ServerEntry]]:
    while portion := list(islice(rows, ROWS_AT_ONCE)):
        yield portion
