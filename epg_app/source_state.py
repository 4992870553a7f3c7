"""Writes what a refresh knows about its source: status, counts, errors. Only these columns, so that an edit that happens
meanwhile is not overwritten."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from ecm_site.masking import mask_text
from epg_app.import_report import ImportReport
from epg_app.models import BUSY_STATUSES, GuideSource, SourceStatus
from epg_app.source_lock import SourceBusy, source_lock
from tasks_app.mirror.state import is_connected

RETRY_MINUTES: Final = (1, 5, 15)  # 30 §3.1
DID_NOT_FINISH: Final = "The refresh did not finish: the program was stopped in the middle. The guide is whole; refresh again."


def set_source(source_id: int, **columns: Any) -> None:
    GuideSource.objects.filter(pk=source_id).update(**columns)


def mark_started(source_id: int) -> None:
    set_source(source_id, status=SourceStatus.FETCHING, last_started_at=timezone.now(), retry_at=None)


def mark_failed(source: GuideSource, message: str, *, transient: bool = False, wait_seconds: int = 0, **columns: Any) -> None:
    """Note a failure; a passing one is tried again after 1, 5 and 15 minutes, or when the server says."""
    now = timezone.now()
    retry_at: datetime | None = None
    tries = source.retry_count
    if transient and tries < len(RETRY_MINUTES):
        retry_at = now + max(timedelta(minutes=RETRY_MINUTES[tries]), timedelta(seconds=min(wait_seconds, 86_400)))
        message = f"{message} The next try is at {timezone.localtime(retry_at):%H:%M} ({timezone.get_current_timezone_name()})."
    set_source(
        source.pk,
        status=SourceStatus.ERROR,
        last_message=mask_text(message),
        last_finished_at=now,
        retry_at=retry_at,
        retry_count=tries + 1 if retry_at else 0,
        **columns,
    )


def mark_cancelled(source: GuideSource) -> None:
    set_source(
        source.pk,
        status=SourceStatus.SUCCESS if source.last_success_at else SourceStatus.IDLE,
        last_message="The last refresh was cancelled.",
        last_finished_at=timezone.now(),
        retry_count=0,
    )


def mark_succeeded(source_id: int, report: ImportReport, **columns: Any) -> None:
    now = timezone.now()
    set_source(
        source_id,
        status=SourceStatus.SUCCESS,
        last_message=" ".join([report.sentence(), *report.warnings]),
        last_success_at=now,
        last_finished_at=now,
        duration_s=report.seconds,
        retry_at=None,
        retry_count=0,
        held_back={},
        entry_count=report.entries,
        mapped_count=report.mapped,
        programme_count=report.programmes,
        skipped_count=report.skipped,
        **columns,
    )


def finish_on_server(source_id: int) -> None:
    """A refresh on the mirrored server is over, well or not; what came of it is among the books of the source."""
    set_source(source_id, last_finished_at=timezone.now(), retry_at=None, retry_count=0, held_back={})


def heal_interrupted(source_ids: list[int] | None = None) -> list[int]:
    """Close refreshes that nobody works on any more; returns the sources. None = look at all (30 §3.1, §24 saving).

    While a server is mirrored its word counts: what it says to be busy is its own work.
    """
    if is_connected():
        return []
    busy = GuideSource.objects.filter(status__in=BUSY_STATUSES)
    if source_ids:
        busy = busy.filter(pk__in=source_ids)
    healed = []
    for source in busy.only("id", "retry_count"):
        try:
            with source_lock(source.pk):
                if GuideSource.objects.filter(pk=source.pk, status__in=BUSY_STATUSES).exists():
                    mark_failed(source, DID_NOT_FINISH)
                    healed.append(source.pk)
        except SourceBusy:
            continue  # somebody does work on it
    return healed
