"""What "M3U Refresh" does while a server is mirrored: the server refreshes, then what came of it is brought over (20 §2.3)."""

import logging
from typing import Any

from ecm_site.dispatcharr.errors import DispatcharrError
from ecm_site.dispatcharr.session import stopping_when
from ecm_site.dispatcharr.shapes import Account as Row
from ecm_site.masking import mask_text
from ecm_site.wording import counted
from m3u_app.account_journal import CATEGORY, ENTITY
from m3u_app.answer_held_back import read_held_back
from m3u_app.find_account import find_account
from m3u_app.importing.judge import HeldBack
from m3u_app.mirror.account_terms import our_books
from m3u_app.mirror.run_when_free import GaveWay, bring_over, deliver_first
from m3u_app.mirror.wait_for_refresh import MayStillRun, RefreshFailedThere, Wait
from m3u_app.models import Account, StreamGroup
from tasks_app.journal import log_entry
from tasks_app.mirror.which_server import mirrored_client
from tasks_app.models import MirrorLink, OutboxEntry, OutboxState, RunStatus
from tasks_app.progress import Progress
from tasks_app.registry import TaskResult

logger = logging.getLogger(__name__)


def refresh_through_server(account_id: int, progress: Progress, *, only_accept: bool = False) -> TaskResult:
    """Refresh one account there and mirror it. Raises ``Cancelled``; the server then goes on by itself.

    With ``only_accept`` nothing is asked for: what was held back and is accepted by now is read and taken over.
    """
    if not Account.objects.filter(pk=account_id).exists():
        return TaskResult(success=False, message="The account does not exist any more.", error="CONFIG_INVALID")
    try:
        return _refresh(account_id, progress, only_accept=only_accept)
    except GaveWay as gave_way:
        return _failed(account_id, str(gave_way))


def _refresh(account_id: int, progress: Progress, *, only_accept: bool) -> TaskResult:
    deliver_first(progress)
    problem = _not_there(account_id)
    if problem:
        return TaskResult(success=False, message=problem, failed_count=1)
    warning = ""
    if not only_accept:
        try:
            _wait(account_id, progress)
        except MayStillRun as unsure:
            warning = str(unsure)
        except (RefreshFailedThere, DispatcharrError) as error:
            return _failed(account_id, mask_text(str(error)))
    run = bring_over(progress)
    if run.status != RunStatus.COMPLETED or not run.success:
        words = f"What the server found could not be read: {run.message} The next sync tries again."
        return TaskResult(success=bool(warning), message=f"{warning} {words}".strip(), failed_count=1)
    return _result(account_id, warning)


def _not_there(account_id: int) -> str:
    """Why the server cannot refresh the account, "" when it can."""
    if MirrorLink.objects.filter(kind="account", local_id=account_id).exists():
        return ""
    entry = OutboxEntry.objects.filter(kind="account", local_id=account_id).first()
    if entry is None:
        return "The server does not have this account. Sync with the server, then refresh it again."
    return f"The account is not on the server yet. {entry.reason}".strip()


def _wait(account_id: int, progress: Progress) -> None:
    def should_stop() -> bool:
        progress.raise_if_cancelled()
        return False

    def seen(row: Row) -> None:
        books = our_books(row)  # masked: what a provider answers quotes the login
        columns: dict[str, Any] = {name: books[name] for name in ("status", "last_message")}
        Account.objects.filter(pk=account_id).exclude(**columns).update(**columns)

    account_there = MirrorLink.objects.get(kind="account", local_id=account_id).remote_id
    progress.report(phase="asking the server")
    with stopping_when(should_stop):
        wait = Wait(mirrored_client(), account_there, progress, seen)
        if _groups_wait(account_id):  # of a new account: the server has to know the groups before it is told which are off
            wait.settle()
            deliver_first(progress)
        wait.refresh()


def _groups_wait(account_id: int) -> bool:
    groups = StreamGroup.objects.filter(account_id=account_id).values("pk")
    return OutboxEntry.objects.filter(kind="account_group", state=OutboxState.WAITING, local_id__in=groups).exists()


def _failed(account_id: int, message: str) -> TaskResult:
    account = find_account(account_id)
    logger.warning("[M3U] Refresh of account id=%s on the server failed: %s", account_id, message)
    log_entry(
        CATEGORY,
        "refresh",
        entity_type=ENTITY,
        entity_id=account_id,
        entity_name=account.name,
        description=f"The server could not refresh “{account.name}”: {message}"[:2000],
    )
    return TaskResult(success=False, message=message, failed_count=1)


def _result(account_id: int, warning: str) -> TaskResult:
    account = Account.objects.filter(pk=account_id).first()
    if account is None:
        return TaskResult(success=False, message="The account was deleted on the server.", failed_count=1)
    held = read_held_back(account)
    if held is not None:
        return TaskResult(success=False, message=str(HeldBack(held.before, held.after, account.held_back)), failed_count=1)
    counts = account.last_report if isinstance(account.last_report, dict) else {}
    message = (
        f"{counted(int(counts.get('streams_total', 0)), 'stream')}: {counts.get('created', 0):,} new,"
        f" {counts.get('updated', 0):,} changed, {counts.get('stale', 0):,} missing, {counts.get('removed', 0):,} removed."
    )
    log_entry(
        CATEGORY,
        "refresh",
        entity_type=ENTITY,
        entity_id=account_id,
        entity_name=account.name,
        description=f"Refreshed “{account.name}” on the server: {message}",
        after={key: value for key, value in counts.items() if isinstance(value, int | float)},
    )
    return TaskResult(
        success=True,
        message=f"{warning} {message}".strip(),
        success_count=int(counts.get("streams_total", 0)),
        failed_count=int(bool(warning)),
        details={key: value for key, value in counts.items() if isinstance(value, int | float)},
    )
