"""Which accounts want a refresh by their interval, asked about once a minute (20 §1.3, §2.1)."""

import logging
from datetime import datetime, timedelta

from django.db.models import Max

from m3u_app.account_values import RESERVED_NAME
from m3u_app.models import BUSY_STATUSES, Account
from m3u_app.refresh_account import mend_unfinished
from m3u_app.request_refresh import REFRESH_TASK, lock_key, request_refresh
from tasks_app import engine
from tasks_app.mirror.state import is_the_servers
from tasks_app.models import TaskRun, Trigger
from tasks_app.queries import active_runs

logger = logging.getLogger(__name__)

RETRY_AFTER = timedelta(hours=1)
"""How soon a failed refresh is tried again, unless the interval is shorter still."""


def queue_due_refreshes(now: datetime) -> None:
    """Queue a refresh of every account whose interval has passed, and mend accounts that a killed process left busy.

    Rests while a server is mirrored: that has the intervals then, and says itself what it is doing.
    """
    if is_the_servers():
        return
    _mend_abandoned()
    if active_runs([REFRESH_TASK]):
        return  # a run over several accounts works through them; what it leaves is still due afterwards
    accounts = Account.objects.filter(is_active=True, locked=False, deleting_since=None, refresh_interval__gt=0)
    rows = list(
        accounts.exclude(name__iexact=RESERVED_NAME).values_list(
            "pk", "refresh_interval", "updated_at", "created_at", "held_back"
        )
    )
    attempts = dict(
        TaskRun.objects.filter(lock_key__in=[lock_key(pk) for pk, *_ in rows])
        .values_list("lock_key")
        .annotate(at=Max("queued_at"))
        .values_list("lock_key", "at")
    )
    for pk, hours, updated_at, created_at, held_back in rows:
        interval = timedelta(hours=hours)
        since_success = now - (updated_at or created_at)
        if updated_at is not None and since_success < interval:
            continue
        attempt = attempts.get(lock_key(pk))
        patience = interval if held_back else min(interval, RETRY_AFTER)
        if attempt is not None and now - attempt < patience:
            continue
        try:
            request_refresh(pk, triggered_by=Trigger.SCHEDULED)
        except engine.AlreadyRunning:
            continue
        except Account.DoesNotExist:
            continue  # deleted since it was listed
        logger.info("[M3U] Account id=%s is due for its refresh", pk)


def _mend_abandoned() -> None:
    """An account that is busy without a run was left so by a process that died outside the worker."""
    busy = list(Account.objects.filter(status__in=BUSY_STATUSES).values_list("pk", flat=True))
    if not busy:
        return
    running = active_runs(lock_key(pk) for pk in busy)
    abandoned = [pk for pk in busy if lock_key(pk) not in running]
    if abandoned and mend_unfinished(abandoned):
        logger.warning("[M3U] Refreshes of accounts %s had not finished", abandoned)
