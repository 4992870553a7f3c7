"""Starts and stops the refresh of accounts; the work itself is the task "m3u_refresh"."""

import logging
from dataclasses import dataclass, field

from m3u_app.account_values import RESERVED_NAME, AccountLocked
from m3u_app.models import Account
from tasks_app import engine
from tasks_app.journal import current_actor
from tasks_app.models import TaskRun, Trigger
from tasks_app.queries import active_runs

logger = logging.getLogger(__name__)

REFRESH_TASK = "m3u_refresh"


class RefreshRefused(Exception):
    """The account cannot be refreshed now; the message says why."""


@dataclass
class RefreshAllReport:
    """Names of accounts by what "Refresh All" did with them."""

    started: list[str] = field(default_factory=list)
    already_running: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def lock_key(account_id: int) -> str:
    """The lock that refresh and deletion of one account share: they never overlap."""
    return f"m3u:{account_id}"


def request_refresh(
    account_id: int,
    *,
    accept_shrunken: bool = False,
    from_copy: bool = False,
    triggered_by: Trigger = Trigger.MANUAL,
) -> TaskRun:
    """Queue a refresh of one account; ``from_copy`` reads the last good source again instead of downloading.

    Raises :class:`RefreshRefused`, :class:`AccountLocked`, ``engine.AlreadyRunning`` and ``Account.DoesNotExist``.
    """
    account = Account.objects.only("name", "locked", "is_active", "deleting_since").get(pk=account_id)
    if account.locked or account.deleting_since is not None or account.name.lower() == RESERVED_NAME:
        raise AccountLocked(account)
    if not account.is_active:
        raise RefreshRefused(f"“{account.name}” is switched off. Switch it on to refresh it.")
    return _start(account_id, accept_shrunken=accept_shrunken, from_copy=from_copy, triggered_by=triggered_by)


def request_refresh_all() -> RefreshAllReport:
    """Queue a refresh of every account that is on and not locked, each as a run of its own."""
    report = RefreshAllReport()
    accounts = Account.objects.exclude(name__iexact=RESERVED_NAME).order_by("-priority", "pk")
    for account_id, name, active, locked in accounts.values_list("pk", "name", "is_active", "locked"):
        if not active or locked:
            report.skipped.append(name)
            continue
        try:
            _start(account_id)
        except engine.AlreadyRunning:
            report.already_running.append(name)
        else:
            report.started.append(name)
    return report


def refresh_after_change(account_id: int) -> bool:
    """Refresh because the source changed: at once, or once more when a refresh of the old source still runs.

    Returns False when the account is off or locked. Raises ``Account.DoesNotExist``.
    """
    try:
        request_refresh(account_id)
    except engine.AlreadyRunning:
        engine.request_run_soon(REFRESH_TASK, {"account_ids": [account_id]})
    except (RefreshRefused, AccountLocked) as refusal:
        logger.info("[M3U] No refresh after the change: %s", refusal)
        return False
    return True


def cancel_work(account_id: int) -> bool:
    """Ask whatever works on the account to stop. Returns False when nothing does."""
    run = active_runs([lock_key(account_id)]).get(lock_key(account_id))
    return engine.request_cancel(run.pk) if run else False


def _start(
    account_id: int,
    *,
    accept_shrunken: bool = False,
    from_copy: bool = False,
    triggered_by: Trigger = Trigger.MANUAL,
) -> TaskRun:
    parameters: dict[str, object] = {"account_ids": [account_id]}
    if accept_shrunken:
        parameters["accept_shrunken"] = True
    if from_copy:
        parameters["from_copy"] = True
    return engine.start_run(REFRESH_TASK, parameters, triggered_by=triggered_by, user_id=current_actor().user_id)
