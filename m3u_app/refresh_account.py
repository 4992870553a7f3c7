"""Refreshes one account: fetch, import, and the truth about it on the account's row (20 §2)."""

import logging
import time
from typing import Any

from django.db import OperationalError
from django.utils import timezone

from ecm_site.full_disk import full_disk, is_full_disk
from ecm_site.masking import mask_text
from m3u_app.account_journal import CATEGORY, ENTITY
from m3u_app.find_account import find_account
from m3u_app.hold_back import hold_back
from m3u_app.importing.hold_streams import forget_held
from m3u_app.importing.identity import IdentityRefused
from m3u_app.importing.import_report import RefreshReport
from m3u_app.importing.import_source import import_source
from m3u_app.importing.judge import HeldBack, source_mark
from m3u_app.importing.spool import SpoolFull
from m3u_app.mirror.own_identity import is_mirrored_still, own_identity
from m3u_app.models import BUSY_STATUSES, Account, AccountStatus
from m3u_app.providers.registry import ProviderError, after_refresh, provider_for, reopen
from m3u_app.signals import account_refreshed
from tasks_app.journal import log_entry
from tasks_app.progress import Cancelled, Progress

logger = logging.getLogger(__name__)

UNFINISHED = "The refresh did not finish: it was interrupted. What it had read is safe; refresh again."


class RefreshFailed(Exception):
    """The refresh failed, and the account says so too. Text: a masked sentence for the operator."""


def refresh_account(
    account_id: int,
    *,
    progress: Progress,
    accept_shrunken: bool = False,
    from_copy: bool = False,
    even_if_off: bool = False,
) -> RefreshReport:
    """Fetch the account's source and bring groups and streams in line with it.

    Only one refresh of an account may run at a time; callers hold the run lock "m3u:<id>". On any failure the account
    keeps its streams, gets status "error" and a message, and :class:`RefreshFailed` is raised. ``Cancelled`` passes
    through; nothing is marked as missing then. With ``from_copy`` the last good source is read again, if one is kept:
    filters that changed take effect without a download. An account that is off is refused unless ``even_if_off``; it stays
    off. Raises ``Account.DoesNotExist``.
    """
    started, clock = timezone.now(), time.monotonic()
    account = find_account(account_id)
    if account.deleting_since is not None or not (account.is_active or even_if_off):
        raise RefreshFailed(f"“{account.name}” is {'being deleted' if account.deleting_since else 'switched off'}.")
    before = _restable(account.status)
    _set(account_id, status=AccountStatus.FETCHING, last_message="In progress…")
    if is_mirrored_still(account.pk):
        own_identity(account)  # the way back to standalone was interrupted: unknown streams would lose their places on channels
    try:
        kept = reopen(account) if from_copy else None
        from_copy = kept is not None
        with kept or provider_for(account.account_type).fetch(account, progress) as source:
            _set(account_id, status=AccountStatus.PARSING)
            report, total = import_source(source, account, started=started, progress=progress, accept_shrunken=accept_shrunken)
            changes = {**source.account_changes, "playlist_header": source.header}
    except Cancelled:
        _set(account_id, status=before, last_message="The refresh was cancelled. What was there stays.")
        raise
    except HeldBack as held:
        _set(account_id, status=AccountStatus.ERROR)
        hold_back(account, held, started)
        raise RefreshFailed(str(held)) from held
    except (ProviderError, SpoolFull, IdentityRefused) as error:
        raise _failed(account, str(error)) from error
    except (OSError, OperationalError) as error:
        message = _disk_message(error)
        if not message:
            _failed(account, "The refresh failed unexpectedly. The log says more.")
            raise
        raise _failed(account, message) from error
    except BaseException:
        _failed(account, "The refresh failed unexpectedly. The log says more.")
        raise
    report.seconds = time.monotonic() - clock
    if from_copy:
        report.notes.append("Nothing was downloaded: the copy of the last refresh was read again.")
        changes = {}
    else:
        changes |= {"updated_at": timezone.now(), "held_back": {}}
        forget_held(account_id)
    _succeeded(account, report, total, changes)
    if not from_copy:
        after_refresh(account, progress)
    return report


def mend_unfinished(account_ids: list[int] | None = None) -> int:
    """Turn leftovers of a killed refresh into errors (20 §2.1); None = all accounts. Returns how many there were."""
    accounts = Account.objects.filter(status__in=BUSY_STATUSES)
    if account_ids is not None:
        accounts = accounts.filter(pk__in=account_ids)
    return accounts.update(status=AccountStatus.ERROR, last_message=UNFINISHED)


def _succeeded(account: Account, report: RefreshReport, total: int, changes: dict[str, Any]) -> None:
    waits_for_setup = not report.streams_total and report.disabled
    message = (
        "Groups are known, but none is switched on. Choose groups, then refresh." if waits_for_setup else report.sentence()
    )
    current = find_account(account.pk)
    if (current.server_url, current.file_path) != (account.server_url, account.file_path):
        changes = {key: value for key, value in changes.items() if key not in ("etag", "last_modified")}
    _set(
        account.pk,
        **changes,
        last_message=message,
        last_report=report.as_json() | {"source": source_mark(account)},
        stream_count=total,
    )
    # Filters that were changed while this ran wait for the next import.
    Account.objects.filter(pk=account.pk, filters_changed_at=account.filters_changed_at).update(filters_changed_at=None)
    # A switch thrown meanwhile must not be overwritten.
    status = AccountStatus.PENDING_SETUP if waits_for_setup else AccountStatus.SUCCESS
    Account.objects.filter(pk=account.pk, status__in=BUSY_STATUSES, is_active=True).update(status=status)
    Account.objects.filter(pk=account.pk, is_active=False).update(status=AccountStatus.DISABLED)
    logger.info("[M3U] Refreshed account id=%s: %s", account.pk, message)
    _journal(account, message, report)
    tell_others(account.pk, report)


def tell_others(account_id: int, report: RefreshReport) -> None:
    """Let the after-work begin if anything changed. Its failures are logged and change nothing (20 §2.2 step 10)."""
    if not report.changed_anything:
        return
    for receiver, answer in account_refreshed.send_robust(sender=Account, account_id=account_id, report=report):
        if isinstance(answer, Exception):
            logger.error("[M3U] %r failed after the refresh of account id=%s", receiver, account_id, exc_info=answer)


def _journal(account: Account, message: str, report: RefreshReport) -> None:
    log_entry(
        CATEGORY,
        "refresh",
        entity_type=ENTITY,
        entity_id=account.pk,
        entity_name=account.name,
        description=f"Refreshed “{account.name}”: {mask_text(message)}"[:2000],
        before={"streams": account.stream_count},
        after=report.counts() | {"groups_renamed": [list(names) for names in report.groups_renamed[:100]]},
    )


def _failed(account: Account, message: str) -> RefreshFailed:
    message = mask_text(message)
    _set(account.pk, status=AccountStatus.ERROR, last_message=message)
    logger.warning("[M3U] Refresh of account id=%s failed: %s", account.pk, message)
    return RefreshFailed(message)


def _set(account_id: int, **columns: Any) -> None:
    """Write only these columns: whoever edits the account meanwhile keeps what they typed (20 §24 trap 22)."""
    Account.objects.filter(pk=account_id).update(**columns)


def _restable(status: str) -> str:
    """The status an account goes back to when nothing happened after all."""
    return AccountStatus.IDLE if status in BUSY_STATUSES else status


def _disk_message(error: Exception) -> str:
    return full_disk(then="refresh again; what was there stays.") if is_full_disk(error) else ""
