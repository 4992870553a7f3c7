"""Starts and stops the refresh of guide sources; the work itself is the task "epg_refresh"."""

import logging

from epg_app.models import GuideSource
from tasks_app import engine
from tasks_app.journal import current_actor
from tasks_app.models import TaskRun
from tasks_app.queries import active_runs

logger = logging.getLogger(__name__)

REFRESH_TASK = "epg_refresh"
ALL_KEY = "epg:all"
"""The lock of a run that takes several sources, one after the other."""


class RefreshRefused(Exception):
    """The source cannot be refreshed now; the message says why."""


def lock_key(source_id: int) -> str:
    return f"epg:{source_id}"


def request_refresh(source_id: int, *, accept_smaller: bool = False) -> TaskRun:
    """Queue a refresh of one source.

    Raises :class:`RefreshRefused`, ``engine.AlreadyRunning`` and ``GuideSource.DoesNotExist``.
    """
    source = GuideSource.objects.only("name", "is_active", "status").get(pk=source_id)
    if not source.is_active:
        raise RefreshRefused(f"“{source.name}” is switched off. Switch it on to refresh it.")
    if source.is_busy and ALL_KEY in active_runs([ALL_KEY]):
        raise RefreshRefused(f"“{source.name}” is already being refreshed.")
    parameters: dict[str, object] = {"source_ids": [source_id]}
    if accept_smaller:
        parameters["accept_smaller"] = True
    return engine.start_run(REFRESH_TASK, parameters, user_id=current_actor().user_id)


def request_refresh_all() -> TaskRun:
    """Queue one run that refreshes every source that is switched on. Raises as :func:`request_refresh`."""
    if not GuideSource.objects.filter(is_active=True).exists():
        raise RefreshRefused("No guide is switched on.")
    return engine.start_run(REFRESH_TASK, {"source_ids": []}, user_id=current_actor().user_id)


def refresh_after_change(source_id: int) -> bool:
    """Refresh because the source changed: at once, or once more when a refresh of the old source still runs.

    Returns False when the source is off.
    """
    try:
        request_refresh(source_id)
    except engine.AlreadyRunning:
        engine.request_run_soon(REFRESH_TASK, {"source_ids": [source_id]})
    except RefreshRefused as refusal:
        logger.info("[EPG] No refresh after the change: %s", refusal)
        return False
    return True


def cancel_refresh(source_id: int) -> bool:
    """Ask the run that works on the source to stop. Returns False when none does."""
    runs = active_runs([lock_key(source_id), ALL_KEY])
    run = runs.get(lock_key(source_id)) or runs.get(ALL_KEY)
    return engine.request_cancel(run.pk) if run else False
