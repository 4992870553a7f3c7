"""Deletes programmes that have left the window (30 §6), a few thousand at a time."""

import logging

from django.db import connection

from epg_app.find_source import SECRET_FIELDS
from epg_app.import_guide import current_window, refresh_counts
from epg_app.import_report import ImportReport
from epg_app.importing.save_entries import drop_unwanted_programmes
from epg_app.importing.window import TimeTexts, Window
from epg_app.mapped_entries import mapped_ids
from epg_app.models import GuideEntry, GuideSource
from epg_app.raw_sql import id_list
from epg_app.source_lock import SourceBusy, source_lock
from epg_app.source_state import set_source
from m3u_app.raw_sql import bulk_writing, execute
from m3u_app.write_turns import WriteTurns
from tasks_app.progress import Progress

logger = logging.getLogger(__name__)

ENTRIES_AT_ONCE = 200  # a day of 200 channels is about 6,000 programmes, some 50 ms of lock
VACUUM_PAGES = 2000  # given back to the file system per run, where the database file allows it

# Programmes that end before the window also begin before it, so the index on (entry, start) finds them.
_DELETE = (
    "DELETE FROM epg_app_programme WHERE entry_id IN (SELECT value FROM json_each(%s))"
    " AND ((start < %s AND stop <= %s) OR start >= %s)"
)


def prune_all(*, progress: Progress) -> int:
    """Prune every source that is not being refreshed, and drop programmes no channel uses any more; returns how many went.

    Raises ``Cancelled``; what is deleted stays deleted.
    """
    deleted = 0
    sources = list(GuideSource.objects.defer(*SECRET_FIELDS).order_by("pk"))
    for index, source in enumerate(sources):
        progress.report(phase="pruning", current=index, total=len(sources), item=source.name)
        try:
            with source_lock(source.pk), bulk_writing():
                removed = prune_source(source, progress)
                if not source.keep_unmapped:
                    removed += drop_unwanted_programmes(source.pk, mapped_ids(), progress, WriteTurns())
                if removed:
                    report = ImportReport(source.pk)
                    refresh_counts(source.pk, report)
                    set_source(source.pk, programme_count=report.programmes, mapped_count=report.mapped)
                deleted += removed
        except SourceBusy:
            logger.info("[EPG] Guide id=%s is being refreshed, which prunes it as well", source.pk)
    give_back_space()
    return deleted


def prune_source(source: GuideSource, progress: Progress) -> int:
    """Delete programmes of one source outside the window; its lock is held by the caller.

    A guide that has ended altogether is left alone: old programmes are better than none.
    """
    if source.guide_ended:
        return 0
    window = current_window()
    ids = list(
        GuideEntry.objects.filter(source_id=source.pk, programmes_loaded=True).order_by("pk").values_list("pk", flat=True)
    )
    turns = WriteTurns()
    deleted = 0
    with bulk_writing():
        for begin in range(0, len(ids), ENTRIES_AT_ONCE):
            progress.raise_if_cancelled()
            with turns.turn():
                deleted += execute(_DELETE, [id_list(ids[begin : begin + ENTRIES_AT_ONCE]), *_bounds(window)])
    return deleted


def give_back_space() -> None:
    """Return free pages of the database file; does nothing when the file was not made for it."""
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")
        cursor.fetchall()


def _bounds(window: Window) -> tuple[str, str, str]:
    texts = TimeTexts()
    past, future = texts[window.start], texts[window.stop]
    return past, past, future
