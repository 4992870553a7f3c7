"""The bulk mirror "programme": what the server shows from an hour ago to a day ahead (30 §3.2, §6)."""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import Incomplete
from ecm_site.dispatcharr.shapes import GuideSource as ServerSource
from ecm_site.wording import counted
from epg_app.import_guide import refresh_counts
from epg_app.import_report import ImportReport
from epg_app.importing.save_entries import drop_unwanted_programmes
from epg_app.importing.save_programmes import ProgrammeSaver, SavedProgrammes
from epg_app.importing.spool import Spool
from epg_app.load_programmes import tell_listeners
from epg_app.mapped_entries import mapped_ids
from epg_app.mirror.grid_rows import GridReader
from epg_app.mirror.guide_entries import present_sources
from epg_app.mirror.marks import read_mark, save_mark, source_marks
from epg_app.mirror.server_values import moment
from epg_app.models import BUSY_STATUSES
from epg_app.raw_sql import fetch_all, id_list
from epg_app.source_lock import slot_for_import
from epg_app.source_state import set_source
from m3u_app.raw_sql import bulk_writing
from m3u_app.write_turns import WriteTurns
from tasks_app.mirror.bulk_mirrors import PullCounts
from tasks_app.mirror.kinds import LinkBook
from tasks_app.progress import Progress

logger = logging.getLogger(__name__)

KIND: Final = "programme"
EVERY: Final = timedelta(minutes=10)
PAST: Final = timedelta(hours=1)
AHEAD: Final = timedelta(hours=24)
SEARCHED_ENTRIES: Final = 200  # of those whose id several used sources have; each costs a request


@dataclass(frozen=True)
class _Used:
    """A guide channel that channels use: its id, and its source here and there."""

    entry_id: int
    tvg_id: str
    source_id: int
    remote_source: int
    is_loaded: bool


def mapping_mark() -> str:
    """Changes when channels begin or cease to use guide channels."""
    ids = ",".join(map(str, sorted(mapped_ids())))
    return hashlib.blake2b(ids.encode(), digest_size=16).hexdigest()


def programmes_due() -> bool:
    """Whether channels use other guide channels than at the last pull."""
    return bool(read_mark(KIND).get("mapped") != mapping_mark())


def pull_programmes(client: Dispatcharr, links: LinkBook, progress: Progress) -> PullCounts:
    """Bring the programmes over, unless that was done a few minutes ago and nothing has changed since."""
    rows = client.guide.sources()
    sources = present_sources(links, rows)
    mark = read_mark(KIND)
    last = moment(mark.get("at"))
    is_recent = last is not None and timedelta() <= timezone.now() - last < EVERY
    if is_recent and mark.get("sources") == source_marks(rows, sources) and mark.get("mapped") == mapping_mark():
        return PullCounts(skipped=_stored(sources.values()))
    return pull_all_programmes(client, links, progress, rows)


def pull_all_programmes(
    client: Dispatcharr, links: LinkBook, progress: Progress, rows: list[ServerSource] | None = None
) -> PullCounts:
    """As :func:`pull_programmes`, whatever the mark says. ``rows`` are the server's sources, read before the programmes."""
    rows = client.guide.sources() if rows is None else rows
    sources = present_sources(links, rows)
    now = timezone.now()
    mark = {"sources": source_marks(rows, sources), "mapped": mapping_mark(), "at": now.isoformat()}
    used = _used_entries(sources)
    counts = PullCounts()
    progress.report(phase="programmes", current=0, total=0, item="")
    with Spool(Path(settings.TEMP_DIR)) as spool:
        pull = _Pull(client, used, spool, counts, now)
        pull.collect(progress)
        busy = {sources[row["id"]] for row in rows if row["id"] in sources and row.get("status") in BUSY_STATUSES}
        entries = pull.to_save(busy)
        with slot_for_import(progress), bulk_writing():
            turns = WriteTurns()
            over = int((now - PAST).timestamp())
            saver = ProgrammeSaver(spool, None, lambda kind, text: None, progress, turns, over_before=over)
            saved = saver.save(entries)
            mapped = mapped_ids()
            dropped = sum(drop_unwanted_programmes(pk, mapped, progress, turns) for pk in sources.values())
    counts.created, counts.deleted = saved.written, saved.deleted + dropped
    _note_counts(sources.values(), saved)
    save_mark(KIND, mark)
    logger.info("[EPG] Mirrored programmes seen=%s written=%s deleted=%s", counts.seen, counts.created, counts.deleted)
    return counts


class _Pull:
    """Collects the programmes of the guide channels in use."""

    def __init__(self, client: Dispatcharr, used: list[_Used], spool: Spool, counts: PullCounts, now: datetime) -> None:
        self._client = client
        self._used = used
        self._spool = spool
        self._counts = counts
        self._now = now
        self._reader = GridReader()
        self._incomplete: set[int] = set()
        by_tvg_id: dict[str, list[_Used]] = {}
        for each in used:
            by_tvg_id.setdefault(each.tvg_id, []).append(each)
        # The grid names no source: ids that several used sources have are asked for one by one.
        self._plain = {tvg_id for tvg_id, found in by_tvg_id.items() if len(found) == 1}
        self._shared = [each for found in by_tvg_id.values() if len(found) > 1 for each in found]

    def collect(self, progress: Progress) -> None:
        """Read the grid to its end before anything is stored: an answer that breaks off changes nothing."""
        if not self._used:
            return
        for number, row in enumerate(self._client.guide.grid_rows()):
            if number % 5_000 == 0:
                progress.raise_if_cancelled()
                progress.report(item=f"{number:,} programmes read")
            tvg_id = row.get("tvg_id")
            if isinstance(tvg_id, str) and tvg_id in self._plain:
                self._keep(tvg_id, row)
        for each in self._shared[:SEARCHED_ENTRIES]:
            progress.raise_if_cancelled()
            self._search(each)
        if len(self._shared) > SEARCHED_ENTRIES:
            left = counted(len(self._shared) - SEARCHED_ENTRIES, "guide channel")
            self._counts.notes.append(f"Programmes of {left} were left as they were: several sources have the same ids.")
        self._spool.finish()

    def _search(self, each: _Used) -> None:
        found = self._client.guide.search(
            tvg_id=each.tvg_id,
            epg_source=str(each.remote_source),
            end_after=(self._now - PAST).isoformat(),
            start_before=(self._now + AHEAD).isoformat(),
        )
        try:
            for row in found:
                self._keep(_key(each), row)
        except Incomplete as error:
            self._incomplete.add(each.entry_id)
            logger.warning("[EPG] Programmes of entry id=%s were left as they were: %s", each.entry_id, error)

    def _keep(self, key: str, row: Any) -> None:
        spooled = self._reader.read(row)
        if spooled is None:
            return
        self._spool.waiting.setdefault(key, []).append(spooled)
        self._counts.seen += 1
        self._spool.settle(1, 200 + len(spooled[2][2]))

    def to_save(self, busy: set[int]) -> dict[int, str]:
        """Entries whose programmes are exchanged, with their place in the spool.

        One without any programmes is emptied only if the answer has others, and its source is not being refreshed, during
        which the server has none.
        """
        there = set(self._spool.channels())
        shared = {each.entry_id for each in self._shared}
        left_alone = {each.entry_id for each in self._shared[SEARCHED_ENTRIES:]} | self._incomplete
        entries: dict[int, str] = {}
        silent = 0
        for each in self._used:
            key = _key(each) if each.entry_id in shared else each.tvg_id
            if each.entry_id in left_alone:
                continue
            if key in there or (there and each.is_loaded and each.source_id not in busy):
                entries[each.entry_id] = key
            elif each.is_loaded:
                silent += 1
        if silent:
            self._counts.notes.append(
                f"The server has no programmes for {counted(silent, 'guide channel')} at the moment; ours were kept."
            )
        return entries


def _key(each: _Used) -> str:
    return f"{each.tvg_id}\0{each.entry_id}"


def _used_entries(sources: dict[int, int]) -> list[_Used]:
    remote = {pk: remote_id for remote_id, pk in sources.items()}
    rows = fetch_all(
        "SELECT id, tvg_id, source_id, programmes_loaded FROM epg_app_guideentry"
        " WHERE id IN (SELECT value FROM json_each(%s)) AND remote_id IS NOT NULL AND in_feed ORDER BY id",
        [id_list(mapped_ids())],
    )
    return [_Used(row[0], row[1], row[2], remote[row[2]], bool(row[3])) for row in rows if row[2] in remote]


def _stored(source_ids: Iterable[int]) -> int:
    sql = (
        "SELECT COUNT(*) FROM epg_app_programme WHERE entry_id IN (SELECT id FROM epg_app_guideentry"
        " WHERE source_id IN (SELECT value FROM json_each(%s)) AND programmes_loaded)"
    )
    return int(fetch_all(sql, [id_list(source_ids)])[0][0])


def _note_counts(source_ids: Iterable[int], saved: SavedProgrammes) -> None:
    """Count what is really there; publishing is asked for once, whatever the number of sources."""
    told = False
    for source_id in source_ids:
        report = ImportReport(source_id, programmes_written=saved.written, programmes_removed=saved.deleted)
        refresh_counts(source_id, report)
        set_source(source_id, programme_count=report.programmes, mapped_count=report.mapped)
        if report.changed_something and not told:
            told = True
            tell_listeners(source_id, report)
