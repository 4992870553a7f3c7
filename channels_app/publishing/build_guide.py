"""Writes the guide of a generation from the database, a few entries at a time (30 §16.3)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from pathlib import Path

from channels_app.publishing.generation import GUIDE, SIDE_STORE, BlockIndex, GuideFile
from channels_app.publishing.guide_file import Block, GuideWriter
from channels_app.publishing.guide_text import EPILOGUE, GuideChannel, guide_head
from channels_app.publishing.option_values import MAX_PREVIOUS_DAYS
from channels_app.publishing.programme_xml import programme_xml
from epg_app.queries import RawAiring, raw_programmes_for
from epg_app.raw_sql import stored_time
from tasks_app.progress import Progress

ENTRIES_AT_ONCE = 25  # a week of these is some 10 MB of text in memory
FAR_AHEAD = timedelta(days=366)
ASIDE = ""  # id of blocks that only variants use


def build_guide(
    folder: Path, channels: list[GuideChannel], entry_ids: set[int], *, now: datetime, progress: Progress
) -> tuple[GuideFile, BlockIndex]:
    """Write the guide for ``channels``, and beside it what only variants need: programmes that are over, and entries
    that lost against another one with the same id.

    Each channel has the programmes that are on or to come. Raises :class:`tasks_app.progress.Cancelled`.
    """
    index = BlockIndex({}, {}, {})
    shown = [channel for channel in channels if channel.entry_id]
    done = 0
    with GuideWriter(folder / GUIDE) as guide, GuideWriter(folder / SIDE_STORE) as aside:
        guide.write(guide_head(channels))
        remaining = iter(shown)
        while portion := list(islice(remaining, ENTRIES_AT_ONCE)):
            progress.raise_if_cancelled()
            airings = _by_entry([channel.entry_id for channel in portion], now)
            for channel in portion:
                past, coming = airings.get(channel.entry_id, ([], []))
                if coming:
                    block = _write(guide, coming, channel.attribute)
                    index.coming.setdefault(channel.entry_id, block)
                if past and channel.entry_id not in index.past:
                    index.past[channel.entry_id] = _write(aside, past, ASIDE)
            done += len(portion)
            progress.report(current=done, total=len(shown), item=portion[-1].names[0])
        _write_aside(aside, sorted(entry_ids - {channel.entry_id for channel in shown}), index, now, progress)
        guide.write(EPILOGUE.encode())
        size, digest, programmes = guide.size, guide.digest, guide.programmes
    return GuideFile(GUIDE, size, (folder / GUIDE).stat().st_size, digest, programmes), index


def _write_aside(aside: GuideWriter, entry_ids: list[int], index: BlockIndex, now: datetime, progress: Progress) -> None:
    remaining = iter(entry_ids)
    while portion := list(islice(remaining, ENTRIES_AT_ONCE)):
        progress.raise_if_cancelled()
        for entry_id, (past, coming) in _by_entry(portion, now).items():
            if coming:
                index.coming_aside[entry_id] = _write(aside, coming, ASIDE)
            if past:
                index.past[entry_id] = _write(aside, past, ASIDE)


def _write(writer: GuideWriter, airings: list[RawAiring], attribute: str) -> Block:
    text = "".join([programme_xml(airing, attribute) for airing in airings])
    return writer.write(text.encode("utf-8", errors="replace"), attribute)


def _by_entry(entry_ids: list[int], now: datetime) -> dict[int, tuple[list[RawAiring], list[RawAiring]]]:
    """Programmes of each entry, by start: (over, on or to come)."""
    rows: Iterator[RawAiring] = raw_programmes_for(
        entry_ids, start=now - timedelta(days=MAX_PREVIOUS_DAYS), stop=now + FAR_AHEAD
    )
    moment = stored_time(now.astimezone(UTC).replace(microsecond=0))
    found = {}
    for entry_id, airings in groupby(rows, key=lambda airing: airing.entry_id):
        past: list[RawAiring] = []
        coming: list[RawAiring] = []
        for airing in airings:
            (coming if airing.stop > moment else past).append(airing)
        found[entry_id] = (past, coming)
    return found
