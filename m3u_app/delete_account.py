"""Deletes a provider with its groups and streams (20 §1.5), a small chunk at a time: others can write in between."""

import logging
import time
from dataclasses import dataclass, field

from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.utils import timezone

from ecm_site.wording import counted
from m3u_app.account_journal import CATEGORY, ENTITY, shown_values
from m3u_app.account_users import Loss, foreseen_losses, remove_dependents
from m3u_app.account_values import AccountLocked
from m3u_app.changes.forget import forget_account
from m3u_app.find_account import find_account
from m3u_app.hold_back import take_back_notice
from m3u_app.importing.cached_copy import CachedCopy
from m3u_app.kept_uploads import let_go_of_upload
from m3u_app.models import Account, Stream, StreamGroup
from m3u_app.request_refresh import cancel_work, lock_key
from m3u_app.stream_users import announce_removal
from tasks_app import engine
from tasks_app.journal import build_entry, log_entries, new_batch_id
from tasks_app.models import TaskRun
from tasks_app.progress import NoProgress, Progress
from tasks_app.queries import active_runs

logger = logging.getLogger(__name__)

DELETE_TASK = "m3u_delete_account"
AT_ONCE_LIMIT = 2000
"""Accounts with at most this many streams go within the request (well under a second); larger ones in the background."""
CHUNK = 500  # streams a transaction; about 20 ms with their search rows
PAUSE_SECONDS = 0.005
WAIT_SECONDS = 120.0  # for a running refresh to notice that it should stop
SAMPLES = 5
NAMES_IN_JOURNAL = 100


class AccountBusy(Exception):
    """Something still works on the account and does not stop."""


@dataclass(frozen=True)
class DeletionPreview:
    """What the confirmation says: counts, up to five names each, and what others lose."""

    streams: int
    groups: int
    stream_samples: list[str]
    group_samples: list[str]
    losses: list[Loss]
    is_busy: bool
    in_background: bool


@dataclass
class Deletion:
    """What a finished deletion did."""

    name: str
    streams: int = 0
    groups: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def deletion_lock_key(account_id: int) -> str:
    """Not the refresh's lock: a deletion must be able to queue while it waits for a refresh to stop."""
    return f"m3u_delete:{account_id}"


def is_being_deleted(account_id: int) -> bool:
    """Whether a deletion of the account waits or runs."""
    return bool(active_runs([deletion_lock_key(account_id)]))


def preview_deletion(account_id: int) -> DeletionPreview:
    """Count what goes away. The number of queries does not depend on the account's size."""
    if not Account.objects.filter(pk=account_id).exists():
        raise Account.DoesNotExist
    streams = Stream.objects.filter(account_id=account_id)
    groups = StreamGroup.objects.filter(account_id=account_id)
    count = streams.count()
    return DeletionPreview(
        streams=count,
        groups=groups.count(),
        stream_samples=list(streams.order_by("pk").values_list("name", flat=True)[:SAMPLES]),
        group_samples=list(groups.order_by("pk").values_list("name", flat=True)[:SAMPLES]),
        losses=foreseen_losses(account_id),
        is_busy=_is_worked_on(account_id),
        in_background=count > AT_ONCE_LIMIT,
    )


def request_deletion(account_id: int) -> Deletion | TaskRun:
    """Delete a small account at once, or queue the deletion of a large or busy one; running work is told to stop.

    From now on nothing refreshes the account. Raises :class:`AccountLocked` and ``Account.DoesNotExist``.
    """
    account = find_account(account_id)
    if account.locked:
        raise AccountLocked(account)
    account.deleting_since = account.deleting_since or timezone.now()
    account.is_active = False
    account.save(update_fields=["deleting_since", "is_active"])
    cancel_work(account_id)
    if not _is_worked_on(account_id) and Stream.objects.filter(account_id=account_id).count() <= AT_ONCE_LIMIT:
        return delete_account(account_id)
    try:
        return engine.start_run(DELETE_TASK, {"account_id": account_id})
    except engine.AlreadyRunning as running:
        return running.run


def delete_account(account_id: int, *, progress: Progress | None = None) -> Deletion:
    """Delete everything of the account. May be called again after it was interrupted: it goes on where it stopped.

    Channels built by hand keep their other streams; whoever uses streams is told before each chunk goes. Raises
    :class:`AccountBusy` when a refresh does not stop, ``Cancelled``, and ``Account.DoesNotExist``.
    """
    progress = progress or NoProgress()
    account = find_account(account_id)
    batch_id = new_batch_id()
    before = shown_values(account)
    _wait_until_idle(account_id, progress)
    total = Stream.objects.filter(account_id=account_id).count()
    progress.report(phase="Deleting", current=0, total=total)
    dependents = remove_dependents(account_id, batch_id)
    deletion = Deletion(account.name, kept=dependents.kept, failed=dependents.failed)
    deletion.streams = _delete_streams(account, batch_id, total, progress)
    deletion.groups = _delete_groups(account_id, progress)
    forget_account(account_id, between=progress.raise_if_cancelled)
    file_path = account.file_path
    entry = build_entry(
        CATEGORY,
        "delete",
        entity_type=ENTITY,
        entity_id=account_id,
        entity_name=account.name,
        description=_sentence(deletion),
        before=before,
        after={
            "deleted": {
                "streams": deletion.streams,
                "groups": deletion.groups[:NAMES_IN_JOURNAL],
                "group_count": len(deletion.groups),
                "others": dependents.deleted[:NAMES_IN_JOURNAL],
            },
            "kept": deletion.kept[:NAMES_IN_JOURNAL],
            "failed": deletion.failed[:NAMES_IN_JOURNAL],
        },
        batch_id=batch_id,
    )
    with transaction.atomic():
        Account.objects.filter(pk=account_id).delete()
        log_entries([entry])
    let_go_of_upload(file_path)
    take_back_notice(account_id)
    CachedCopy(account_id).forget()  # it holds stream addresses with their logins
    logger.info("[M3U] Deleted account id=%s with %s streams", account_id, deletion.streams)
    return deletion


def _is_worked_on(account_id: int) -> bool:
    return lock_key(account_id) in active_runs([lock_key(account_id)])


def _wait_until_idle(account_id: int, progress: Progress) -> None:
    """Wait for a refresh that was asked to stop; it looks every half second or so."""
    deadline = time.monotonic() + WAIT_SECONDS
    while _is_worked_on(account_id):
        progress.report(phase="Waiting for the refresh to stop")
        cancel_work(account_id)  # again: a run that was queued meanwhile must stop too
        if time.monotonic() > deadline:
            raise AccountBusy("The refresh of this account does not stop. Stop it on the Tasks page, then delete again.")
        time.sleep(0.25)
        progress.raise_if_cancelled()


def _delete_streams(account: Account, batch_id: str, total: int, progress: Progress) -> int:
    reason = f"account “{account.name}” was deleted"
    deleted = 0
    streams = Stream.objects.filter(account_id=account.pk).order_by("pk")
    while ids := list(streams.values_list("pk", flat=True)[:CHUNK]):
        progress.raise_if_cancelled()
        _remove(ids, reason, batch_id)
        deleted += len(ids)
        progress.report(current=deleted, total=max(total, deleted))
        time.sleep(PAUSE_SECONDS)
    return deleted


def _remove(ids: list[int], reason: str, batch_id: str) -> None:
    """One chunk in one transaction. Whoever uses streams has let go of them, so plain SQL will do.

    Where something else still points at one of them, the ORM, four times slower, finds and removes that too.
    """
    try:
        with transaction.atomic():
            announce_removal(ids, reason, batch_id)
            Stream.objects.filter(pk__in=ids)._raw_delete(DEFAULT_DB_ALIAS)
    except IntegrityError:
        logger.warning("[M3U] Something unannounced refers to streams of a deleted account; deleting it along")
        with transaction.atomic():
            announce_removal(ids, reason, batch_id)
            Stream.objects.filter(pk__in=ids).delete()


def _delete_groups(account_id: int, progress: Progress) -> list[str]:
    names: list[str] = []
    groups = StreamGroup.objects.filter(account_id=account_id).order_by("pk")
    while rows := list(groups.values_list("pk", "name")[:CHUNK]):
        progress.raise_if_cancelled()
        with transaction.atomic():
            StreamGroup.objects.filter(pk__in=[pk for pk, _ in rows]).delete()
        names += [name for _, name in rows]
        time.sleep(PAUSE_SECONDS)
    return names


def _sentence(deletion: Deletion) -> str:
    parts = [counted(deletion.streams, "stream"), counted(len(deletion.groups), "group")]
    failed = f"; {len(deletion.failed):,} things could not be deleted" if deletion.failed else ""
    kept = f"; {len(deletion.kept):,} kept" if deletion.kept else ""
    return f"Deleted account “{deletion.name}” with {' and '.join(parts)}{kept}{failed}"
