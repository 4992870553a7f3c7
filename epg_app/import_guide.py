"""Imports one guide file into its source: read, judge, then exchange (30 §3.1 steps 5–6).

Nothing of the old guide is touched before the new one is read to its end and judged. A crash while saving leaves some
entries with the new programmes and some with the old ones, each of them whole, and the next refresh completes it.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from ecm_site.conf import get_settings
from epg_app.import_report import ImportReport
from epg_app.importing.choices import ReadingChoices
from epg_app.importing.findings import Effect, Findings
from epg_app.importing.guide_file import read_guide
from epg_app.importing.guide_reader import Feed
from epg_app.importing.judge import judge
from epg_app.importing.save_entries import drop_unwanted_programmes, save_entries, settle_vanished
from epg_app.importing.save_programmes import ProgrammeSaver, SavedProgrammes
from epg_app.importing.spool import Spool
from epg_app.importing.times import zone_named
from epg_app.importing.window import Window
from epg_app.mapped_entries import mapped_ids
from epg_app.models import GuideEntry, GuideSource
from epg_app.raw_sql import fetch_all
from m3u_app.raw_sql import bulk_writing
from m3u_app.write_turns import WriteTurns
from tasks_app.progress import Progress

logger = logging.getLogger(__name__)


@dataclass
class ImportedGuide:
    """A finished import. ``guide_ended``: everything lies outside the window and was kept all the same."""

    report: ImportReport
    guide_ended: bool


def choices_of(source: GuideSource) -> ReadingChoices:
    return ReadingChoices(
        language=source.preferred_language,
        assume=zone_named(source.assume_timezone),
        shift_minutes=source.time_shift_minutes,
    )


def current_window() -> Window:
    """Which programmes are kept now (30 §6)."""
    chosen = get_settings()
    return Window.around(timezone.now(), past_hours=chosen.epg_keep_past_hours, future_days=chosen.epg_keep_future_days)


def import_guide(
    source: GuideSource, path: Path, *, progress: Progress, accept_smaller: bool = False, before: int = 0
) -> ImportedGuide:
    """Import the file at ``path``. ``before`` = programmes in the file of the last good import.

    Raises ``GuideError`` when it cannot be read or must not replace the old guide (which then is untouched), and
    ``Cancelled``.
    """
    findings = Findings()
    mapped = mapped_ids()
    wanted = None if source.keep_unmapped else set(_entries_of(source.pk, mapped).values())
    with Spool(Path(settings.TEMP_DIR)) as spool:
        feed = read_guide(path, choices_of(source), wanted, spool=spool, findings=findings, progress=progress)
        warnings = judge(feed, findings, before=before, accept_smaller=accept_smaller)
        window, ended = _window_for(feed, warnings)
        report = ImportReport(source.pk, entries=len(feed.channels), in_file=feed.programmes, unmapped=feed.unwanted)
        turns = WriteTurns()
        # From here on, until the caller notes the new mark, what is stored is no longer the file of the old one.
        GuideSource.objects.filter(pk=source.pk).update(content_mark="")
        with bulk_writing():
            progress.report(phase="saving channels", current=0, total=len(feed.channels), item="")
            saved = save_entries(source.pk, feed.channels, progress, turns)
            entries = {entry_id: tvg_id for tvg_id, entry_id in saved.ids.items() if wanted is None or tvg_id in wanted}
            progress.report(phase="saving programmes", current=0, total=len(entries))
            saver = ProgrammeSaver(spool, window, lambda kind, text: findings.note(kind, sample=text), progress, turns)
            programmes = saver.save(entries)
            removed, kept = settle_vanished(saved.vanished, progress, turns)
            dropped = 0 if source.keep_unmapped else drop_unwanted_programmes(source.pk, mapped, progress, turns)
    _fill(report, findings, programmes, warnings)
    report.entries_created, report.entries_updated = saved.created, saved.updated
    report.entries_removed, report.entries_kept = removed, kept
    report.programmes_removed += dropped
    report.file_bytes = path.stat().st_size
    refresh_counts(source.pk, report)
    logger.info(
        "[EPG] Imported guide id=%s entries=%s programmes=%s written=%s",
        source.pk, report.entries, report.programmes, report.programmes_written,
    )  # fmt: skip
    return ImportedGuide(report, ended)


@dataclass
class LoadedEntries:
    """``warnings`` are for the operator: the programmes that came in may show that the guide has ended."""

    saved: SavedProgrammes
    warnings: list[str]


def load_entries(source: GuideSource, path: Path, entries: dict[int, str], *, progress: Progress) -> LoadedEntries:
    """Load programmes of ``entries`` (database id → tvg-id) from the file of the last import, in one pass.

    Raises ``GuideError`` and ``Cancelled``.
    """
    warnings: list[str] = []
    with Spool(Path(settings.TEMP_DIR)) as spool:
        feed = read_guide(path, choices_of(source), set(entries.values()), spool=spool, findings=Findings(), progress=progress)
        window = _window_for_more(source, feed, warnings)
        progress.report(phase="saving programmes", current=0, total=len(entries))
        with bulk_writing():
            saved = ProgrammeSaver(spool, window, lambda kind, text: None, progress, WriteTurns()).save(entries)
    logger.info("[EPG] Loaded %s programmes of %s newly used entries, guide id=%s", saved.stored, len(entries), source.pk)
    return LoadedEntries(saved, warnings)


def refresh_counts(source_id: int, report: ImportReport) -> None:
    """Count what is really there."""
    report.programmes = fetch_all(
        "SELECT COUNT(*) FROM epg_app_programme WHERE entry_id IN"
        " (SELECT id FROM epg_app_guideentry WHERE source_id = %s AND programmes_loaded)",
        [source_id],
    )[0][0]
    report.mapped = len(_entries_of(source_id, mapped_ids()))
    report.entries = GuideEntry.objects.filter(source_id=source_id).count()


def waiting_entries(source_id: int) -> dict[int, str]:
    """Entries that channels use but whose programmes were not loaded: mapped since the last import."""
    rows = GuideEntry.objects.filter(source_id=source_id, programmes_loaded=False).values_list("id", "tvg_id")
    mapped = mapped_ids()
    return {entry_id: tvg_id for entry_id, tvg_id in rows if entry_id in mapped}


def _entries_of(source_id: int, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = GuideEntry.objects.filter(source_id=source_id).values_list("id", "tvg_id")
    return {entry_id: tvg_id for entry_id, tvg_id in rows if entry_id in ids}


def _window_for(feed: Feed, warnings: list[str]) -> tuple[Window | None, bool]:
    """The window; none when it would leave nothing, because an old guide is better than no guide."""
    window = current_window()
    if feed.first_start is None or feed.last_stop is None:
        return window, False
    if feed.last_stop <= window.start:
        ended = datetime.fromtimestamp(feed.last_stop, UTC)
        warnings.append(f"This guide ended on {ended:%Y-%m-%d}: its programmes are all in the past. They were kept.")
        return None, True
    if feed.first_start >= window.stop:
        begins = datetime.fromtimestamp(feed.first_start, UTC)
        warnings.append(f"This guide begins on {begins:%Y-%m-%d}: its programmes are all far ahead. They were kept.")
        return None, True
    return window, False


def _window_for_more(source: GuideSource, feed: Feed, warnings: list[str]) -> Window | None:
    """The window for entries that join later. The first ones to join decide whether the guide is an old one."""
    if source.guide_ended:
        return None
    if source.programme_count:
        return current_window()
    window, ended = _window_for(feed, warnings)
    if ended:
        GuideSource.objects.filter(pk=source.pk).update(guide_ended=True)
    return window


def _fill(report: ImportReport, findings: Findings, programmes: SavedProgrammes, warnings: list[str]) -> None:
    report.programmes_written = programmes.written
    report.programmes_removed = programmes.deleted
    report.outside_window = programmes.outside
    report.unreadable = findings.total(Effect.SKIPPED)
    report.damaged_line = findings.damaged_line
    report.warnings = warnings
    report.findings = findings.as_rows()
