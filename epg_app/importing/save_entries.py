"""Brings the entries of a source into line with its feed (30 §3.1 step 6, §4.3): only what changed is written."""

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from django.utils import timezone

from epg_app.entry_keys import search_text, tvg_key
from epg_app.importing.channel_reader import FeedChannel
from epg_app.mapped_entries import mapped_ids
from epg_app.models import GuideEntry, Programme
from epg_app.raw_sql import fetch_all, id_list, stored_time
from m3u_app.raw_sql import execute, execute_many
from m3u_app.write_turns import WriteTurns
from tasks_app.progress import Progress

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 500  # 30 §4.3; a few milliseconds of lock each

_TABLE = "epg_app_guideentry"
_COMPARED = ("name", "other_names", "icon_url", "lcn", "station_id")

T = TypeVar("T")


@dataclass
class SavedEntries:
    ids: dict[str, int] = field(default_factory=dict)
    """Database id of every channel of the feed, by tvg-id."""
    created: int = 0
    updated: int = 0
    vanished: list[int] = field(default_factory=list)
    """Known before, not in the feed any more."""


def save_entries(source_id: int, channels: dict[str, FeedChannel], progress: Progress, turns: WriteTurns) -> SavedEntries:
    """Insert new entries and update changed ones. Nothing is deleted here: see :func:`settle_vanished`."""
    now = stored_time(timezone.now())
    known = {
        row[0]: row[1:]
        for row in fetch_all(
            f"SELECT tvg_id, id, in_feed, {', '.join(_COMPARED)} FROM {_TABLE} WHERE source_id = %s",  # noqa: S608
            [source_id],
        )
    }
    saved = SavedEntries()
    inserts: list[tuple[Any, ...]] = []
    updates: list[tuple[Any, ...]] = []
    for tvg_id, channel in channels.items():
        values = _values(channel)
        row = known.get(tvg_id)
        if row is None:
            derived = (tvg_key(tvg_id), search_text(tvg_id, (channel.name, *channel.other_names)))
            inserts.append((source_id, tvg_id, *values, *derived, now, now))
            continue
        saved.ids[tvg_id] = row[0]
        if row[2:] != values or not row[1]:
            updates.append((*values, search_text(tvg_id, (channel.name, *channel.other_names)), row[0]))
    saved.vanished = [row[0] for tvg_id, row in known.items() if tvg_id not in channels]
    saved.created, saved.updated = len(inserts), len(updates)
    _write(
        f"INSERT INTO {_TABLE} (source_id, tvg_id, {', '.join(_COMPARED)}, tvg_key, search_text,"  # noqa: S608
        " first_seen, last_seen, in_feed, programmes_loaded) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1, 0)",
        inserts,
        progress,
        turns,
    )
    _write(
        f"UPDATE {_TABLE} SET {', '.join(f'{name} = %s' for name in _COMPARED)}, search_text = %s, in_feed = 1"  # noqa: S608
        " WHERE id = %s",
        updates,
        progress,
        turns,
    )
    if inserts:
        saved.ids = dict(fetch_all(f"SELECT tvg_id, id FROM {_TABLE} WHERE source_id = %s", [source_id]))  # noqa: S608
        saved.ids = {tvg_id: entry_id for tvg_id, entry_id in saved.ids.items() if tvg_id in channels}
    return saved


def settle_vanished(vanished: list[int], progress: Progress, turns: WriteTurns) -> tuple[int, int]:
    """Delete entries that left the feed and are not mapped; flag those that are. Returns (deleted, kept).

    What is mapped is asked again inside each transaction: a channel linked a moment ago must not lose its entry.
    """
    deleted = kept = 0
    for portion in _portions(vanished, ROWS_AT_ONCE):
        progress.raise_if_cancelled()
        with turns.turn():
            mapped = mapped_ids()
            gone = [entry_id for entry_id in portion if entry_id not in mapped]
            staying = [entry_id for entry_id in portion if entry_id in mapped]
            Programme.objects.filter(entry_id__in=gone).delete()
            GuideEntry.objects.filter(pk__in=gone).delete()
            GuideEntry.objects.filter(pk__in=staying, in_feed=True).update(in_feed=False, last_seen=timezone.now())
        deleted += len(gone)
        kept += len(staying)
    return deleted, kept


def drop_unwanted_programmes(source_id: int, wanted: set[int], progress: Progress, turns: WriteTurns) -> int:
    """Delete programmes of entries that no channel uses any more; returns how many."""
    loaded = fetch_all(f"SELECT id FROM {_TABLE} WHERE source_id = %s AND programmes_loaded", [source_id])  # noqa: S608
    deleted = 0
    for portion in _portions((row[0] for row in loaded if row[0] not in wanted), 20):
        progress.raise_if_cancelled()
        with turns.turn():
            ids = id_list(set(portion) - mapped_ids())
            deleted += execute("DELETE FROM epg_app_programme WHERE entry_id IN (SELECT value FROM json_each(%s))", [ids])
            execute(
                f"UPDATE {_TABLE} SET programmes_loaded = 0 WHERE id IN (SELECT value FROM json_each(%s))",  # noqa: S608
                [ids],
            )
    return deleted


def _values(channel: FeedChannel) -> tuple[str, ...]:
    names = json.dumps(channel.other_names, ensure_ascii=False)
    return channel.name, names, channel.icon_url, channel.lcn, channel.station_id


def _write(sql: str, rows: list[tuple[Any, ...]], progress: Progress, turns: WriteTurns) -> None:
    for portion in _portions(rows, ROWS_AT_ONCE):
        progress.raise_if_cancelled()
        with turns.turn():
            execute_many(sql, portion)


def _portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while portion := list(islice(remaining, size)):
        yield portion
