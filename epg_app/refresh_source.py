"""Refreshes one guide source from its address or file (30 §3.1). The old guide stays until the new one is good."""

import hashlib
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ecm_site.http import FetchError, FetchPolicy, download
from epg_app.find_source import find_source
from epg_app.import_guide import import_guide, refresh_counts
from epg_app.import_report import ImportReport
from epg_app.importing.errors import GuideError
from epg_app.importing.guide_file import CachedGuide, check_start, content_digest
from epg_app.importing.judge import HeldBack
from epg_app.load_programmes import load_waiting, tell_listeners
from epg_app.models import SERVER_ONLY_TYPES, GuideSource, SourceStatus, SourceType
from epg_app.prune_programmes import prune_source
from epg_app.source_journal import log_refresh
from epg_app.source_lock import slot_for_import, source_lock
from epg_app.source_state import mark_cancelled, mark_failed, mark_started, mark_succeeded, set_source
from m3u_app.importing.download_pace import DownloadPace
from m3u_app.raw_sql import bulk_writing
from tasks_app.progress import Cancelled, Progress

logger = logging.getLogger(__name__)

PASSES_FOR_NEW_MAPPINGS = 3  # linking channels while their programmes load asks for another pass; not for ever
TRANSIENT_KINDS = frozenset({"timeout", "refused", "dns", "interrupted"})
_WAIT = re.compile(r"asks to wait (\d{1,6}) seconds")


@dataclass
class _Arrived:
    """A guide file that is ready to be read, and what to remember when it turns out good."""

    path: Path
    mark: str
    etag: str = ""
    last_modified: str = ""
    is_candidate: bool = False


def refresh_source(source_id: int, *, progress: Progress, accept_smaller: bool = False) -> ImportReport:
    """Fetch, read and save the guide of a source.

    Raises :class:`GuideError` (also :class:`HeldBack`, unless ``accept_smaller``) after noting it on the source,
    ``SourceBusy`` when somebody else is at it, ``Cancelled``, and ``GuideSource.DoesNotExist``. In every one of these
    cases the old guide is whole.
    """
    with source_lock(source_id):
        source = find_source(source_id)
        if not source.is_active:
            raise GuideError(f"“{source.name}” is switched off. Switch it on to refresh it.")
        if source.source_type in SERVER_ONLY_TYPES:
            raise GuideError(f"Only Dispatcharr can read “{source.name}”. Connect to it again, or delete this guide.")
        mark_started(source_id)
        with _noted(source):
            return _refresh(source, progress, accept_smaller=accept_smaller)


@contextmanager
def _noted(source: GuideSource) -> Iterator[None]:
    """Whatever ends a refresh, the row of the source says so."""
    try:
        yield
    except Cancelled:
        mark_cancelled(source)
        raise
    except HeldBack as error:
        mark_failed(source, str(error), held_back={"before": error.before, "after": error.after})
        log_refresh(source, error=str(error))
        raise
    except GuideError as error:
        mark_failed(source, str(error), transient=error.transient, wait_seconds=_asked_to_wait(error))
        log_refresh(source, error=str(error))
        raise
    except BaseException:
        mark_failed(source, "The refresh failed because of an error in the program. The log says more.")
        raise
    finally:
        CachedGuide(source.pk).reject()


def _refresh(source: GuideSource, progress: Progress, *, accept_smaller: bool) -> ImportReport:
    started = time.monotonic()
    arrived = _fetched(source, progress) if source.source_type == SourceType.XMLTV else _local(source)
    with slot_for_import(progress), bulk_writing():
        set_source(source.pk, status=SourceStatus.PARSING)
        if arrived.mark == source.content_mark and not source.last_report.get("outside_window"):
            report = _unchanged(source, progress)
            columns: dict[str, object] = {}
        else:
            before = int(source.last_report.get("in_file") or 0)
            imported = import_guide(source, arrived.path, progress=progress, accept_smaller=accept_smaller, before=before)
            report = imported.report
            columns = {"content_mark": arrived.mark, "guide_ended": imported.guide_ended}
        if arrived.is_candidate:
            CachedGuide(source.pk).accept()
        set_source(source.pk, etag=arrived.etag, last_modified=arrived.last_modified, **columns)
        source.refresh_from_db()
        if report.changed_something:
            tell_listeners(source.pk, report)
        for _pass in range(PASSES_FOR_NEW_MAPPINGS):
            loaded = load_waiting(source, progress=progress)
            if not loaded.saved.stored:
                break
            report.programmes_written += loaded.saved.written
            report.unmapped = max(0, report.unmapped - loaded.saved.stored)
            report.warnings += loaded.warnings
        refresh_counts(source.pk, report)
    report.seconds = round(time.monotonic() - started, 2)
    if report.not_modified:
        mark_succeeded(source.pk, report)
    else:
        mark_succeeded(source.pk, report, last_report=report.as_dict())
        log_refresh(source, report=report)
    return report


def _unchanged(source: GuideSource, progress: Progress) -> ImportReport:
    """The file is the one that is imported already: only time has passed."""
    report = ImportReport(source.pk, not_modified=True)
    report.programmes_removed = prune_source(source, progress)
    last = source.last_report
    report.unmapped, report.unreadable = int(last.get("unmapped") or 0), int(last.get("unreadable") or 0)
    report.in_file = int(last.get("in_file") or 0)
    report.warnings = list(last.get("warnings") or [])
    return report


def _fetched(source: GuideSource, progress: Progress) -> _Arrived:
    """Download the guide beside the old one; a "not modified" leaves the candidate being the old one."""
    cached = CachedGuide(source.pk)
    cached.prepare(conditional=bool(source.etag or source.last_modified))
    progress.report(phase="downloading", current=0, total=0, item="")
    pace = DownloadPace(progress)
    policy = FetchPolicy(
        user_agent=source.user_agent,
        allow_private=source.allow_private_addresses,
        auth=(source.username, source.password) if source.username else None,
    )

    def should_stop() -> bool:
        progress.raise_if_cancelled()
        return False

    try:
        result = download(
            source.url,
            cached.candidate,
            policy=policy,
            etag=source.etag,
            last_modified=source.last_modified,
            on_progress=pace.received,
            should_stop=should_stop,
            check_start=check_start,
        )
    except FetchError as error:
        transient = error.kind in TRANSIENT_KINDS or (error.kind == "status" and (error.status >= 500 or error.status == 429))
        raise GuideError(str(error), transient=transient) from error
    mark = _mark(source, content_digest(cached.candidate))
    return _Arrived(cached.candidate, mark, result.etag, result.last_modified, is_candidate=True)


def _local(source: GuideSource) -> _Arrived:
    path = Path(source.file_path)
    if not path.is_file():
        raise GuideError(f"The file {path.name or '(none)'} is not there. Upload it again, or give another path.")
    return _Arrived(path, _mark(source, content_digest(path)), last_modified=file_stamp(path))


def file_stamp(path: Path) -> str:
    """Changes when the file does; empty when there is none."""
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_mtime_ns}-{stat.st_size}"


def _mark(source: GuideSource, digest: str) -> str:
    """Fingerprint of the file and of everything that decides what is made of it."""
    choices = (source.preferred_language, source.assume_timezone, str(source.time_shift_minutes), str(source.keep_unmapped))
    return f"{digest}:{_short_hash('|'.join(choices))}"


def _short_hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _asked_to_wait(error: GuideError) -> int:
    """Seconds of a Retry-After, which the sentence of the fetch error carries."""
    found = _WAIT.search(str(error))
    return int(found.group(1)) if found else 0
