"""What the task "EPG Refresh" does while a server is mirrored: the server refreshes, then its guides are brought over."""

import logging
from collections.abc import Collection
from typing import Any

from django.db import IntegrityError

from ecm_site.dispatcharr.errors import DispatcharrError
from ecm_site.dispatcharr.session import stopping_when
from ecm_site.masking import mask_text
from epg_app.find_source import find_source
from epg_app.import_guide import refresh_counts
from epg_app.import_report import ImportReport
from epg_app.mirror.guide_entries import pull_all_entries
from epg_app.mirror.programmes import pull_all_programmes
from epg_app.mirror.refresh_on_server import Ended, Outcome, ServerRefresh
from epg_app.models import GuideSource
from epg_app.source_journal import log_refresh
from epg_app.source_state import finish_on_server
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.which_server import mirrored_client
from tasks_app.progress import Progress
from tasks_app.registry import TaskResult

logger = logging.getLogger(__name__)


def refresh_through_server(source_ids: Collection[int], progress: Progress) -> TaskResult:
    """Refresh these sources on the server, wait, and mirror what came of it. Raises ``Cancelled``."""

    def should_stop() -> bool:
        progress.raise_if_cancelled()
        return False

    if not source_ids:
        return TaskResult(success=True, message="There is no guide to refresh.")
    try:
        with stopping_when(should_stop):
            client, links = mirrored_client(), StoredLinks()
            ended = ServerRefresh(client, links, progress).run(source_ids)
            problem = ""
            if any(each.outcome is Outcome.DONE for each in ended):
                try:
                    pull_all_entries(client, links, progress)
                    pull_all_programmes(client, links, progress)
                except DispatcharrError as error:
                    logger.warning("[EPG] The refreshed guides could not be read: %s", error)
                    problem = f"What the server found could not be read: {error} The next sync tries again."
                except IntegrityError as error:  # a sync beside this run took a source away
                    logger.warning("[EPG] Sources changed while their guides were brought over: %s", error)
                    problem = "Sources changed while their guides were brought over. The next sync brings the rest."
    except DispatcharrError as error:
        return TaskResult(success=False, message=str(error), failed_count=len(source_ids))
    return _result(ended, problem)


def _result(ended: list[Ended], problem: str) -> TaskResult:
    done: list[str] = []
    troubled: list[str] = []
    failed_sources: list[dict[str, Any]] = []
    details: dict[str, Any] = {}
    programmes = 0
    for each in ended:
        if each.outcome is not Outcome.DONE:
            troubled.append(f"{each.name}: {each.message}")
        if each.outcome is Outcome.FAILED:
            failed_sources.append({"id": each.source_id, "name": each.name, "message": each.message})
        report = _noted(each)
        if report is not None:
            done.append(f"{each.name}: {report.sentence()}")
            programmes += report.programmes
            details[str(each.source_id)] = {key: value for key, value in report.as_dict().items() if key != "findings"}
    still_running = any(each.outcome is Outcome.STILL_RUNNING for each in ended)
    return TaskResult(
        success=bool(done) or still_running or not troubled,
        message=" ".join([*troubled, *done, *([problem] if problem else [])]),
        success_count=programmes,
        failed_count=len(troubled) + bool(problem),
        details=details | ({"failed_sources": failed_sources} if failed_sources else {}),
    )


def _noted(each: Ended) -> ImportReport | None:
    """Write down how it ended; the counts when all went well."""
    if not GuideSource.objects.filter(pk=each.source_id).exists():
        return None
    source = find_source(each.source_id)
    if each.outcome is Outcome.STILL_RUNNING:
        return None
    finish_on_server(each.source_id)
    if each.outcome is Outcome.FAILED:
        log_refresh(source, error=mask_text(each.message))
        return None
    report = ImportReport(each.source_id)
    refresh_counts(each.source_id, report)
    log_refresh(source, report=report)
    return report
