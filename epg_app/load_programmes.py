"""Loads programmes of entries that were mapped since their guide was imported (30 §4.7): one pass per source, whatever the
number of entries."""

import logging
from pathlib import Path

from epg_app.find_source import find_source
from epg_app.import_guide import LoadedEntries, load_entries, refresh_counts, waiting_entries
from epg_app.import_report import ImportReport
from epg_app.importing.errors import GuideError
from epg_app.importing.guide_file import CachedGuide
from epg_app.importing.save_programmes import SavedProgrammes
from epg_app.mapped_entries import mapped_ids
from epg_app.models import GuideSource, SourceType
from epg_app.raw_sql import fetch_all, id_list
from epg_app.signals import source_refreshed
from epg_app.source_lock import SourceBusy, source_lock
from epg_app.source_state import set_source
from m3u_app.raw_sql import bulk_writing
from tasks_app.mirror.state import is_connected
from tasks_app.progress import Progress

logger = logging.getLogger(__name__)

_WAITING = (
    " FROM epg_app_guideentry e JOIN epg_app_guidesource s ON s.id = e.source_id"
    " WHERE NOT e.programmes_loaded AND e.in_feed AND s.last_success_at IS NOT NULL"
    " AND e.id IN (SELECT value FROM json_each(%s))"
)


def any_waiting() -> bool:
    """Whether a mapped entry lacks its programmes although its guide has been imported. One query and the mapping's.

    Sources that are being refreshed do not count: their refresh looks for such entries at its end.
    """
    mapped = mapped_ids()
    sql = f"SELECT 1{_WAITING} AND s.status NOT IN ('fetching', 'parsing') LIMIT 1"
    return bool(mapped) and bool(fetch_all(sql, [id_list(mapped)]))


def load_newly_mapped(*, progress: Progress) -> int:
    """Load what is missing; returns how many programmes came in. A source that is being refreshed is left to that
    refresh, which looks for newly mapped entries at its end. A guide file that has become unreadable is logged and left
    to the next refresh. While a server is mirrored there are no files; its programmes come by themselves. Raises
    ``Cancelled``."""
    if is_connected():
        return 0
    mapped = mapped_ids()
    if not mapped:
        return 0
    rows = fetch_all(f"SELECT DISTINCT e.source_id{_WAITING}", [id_list(mapped)])
    loaded = 0
    for (source_id,) in rows:
        progress.raise_if_cancelled()
        try:
            with source_lock(source_id), bulk_writing():
                source = find_source(source_id)
                came = load_waiting(source, progress=progress)
                loaded += came.saved.stored
                if came.warnings:
                    report = {**source.last_report, "warnings": [*source.last_report.get("warnings", []), *came.warnings]}
                    set_source(source_id, last_report=report, last_message=" ".join([source.last_message, *came.warnings]))
        except SourceBusy:
            logger.info("[EPG] Guide id=%s is being refreshed; that refresh will load the new channels", source_id)
        except GuideError as error:
            logger.warning("[EPG] Programmes of guide id=%s could not be loaded: %s", source_id, error)
    return loaded


def load_waiting(source: GuideSource, *, progress: Progress) -> LoadedEntries:
    """Load the waiting entries of one source, whose lock the caller holds. Tells listeners when something came in."""
    entries = waiting_entries(source.pk)
    path = file_of(source)
    if not entries or not path.exists():
        return LoadedEntries(SavedProgrammes(), [])
    loaded = load_entries(source, path, entries, progress=progress)
    saved = loaded.saved
    report = ImportReport(source.pk, programmes_written=saved.written)
    refresh_counts(source.pk, report)
    set_source(source.pk, programme_count=report.programmes, mapped_count=report.mapped, entry_count=report.entries)
    if saved.written:
        tell_listeners(source.pk, report)
    return loaded


def file_of(source: GuideSource) -> Path:
    """The file that the last import read."""
    return Path(source.file_path) if source.source_type == SourceType.XMLTV_FILE else CachedGuide(source.pk).path


def tell_listeners(source_id: int, report: ImportReport) -> None:
    """Send the signal; a listener that fails is logged and does not fail the refresh."""
    for receiver, answer in source_refreshed.send_robust(sender=GuideSource, source_id=source_id, report=report):
        if isinstance(answer, Exception):
            logger.error("[EPG] %s failed after the refresh of guide id=%s", receiver, source_id, exc_info=answer)
