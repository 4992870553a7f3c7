"""How long notifications are kept (N-8). The clean-up task calls this."""

import time
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from tasks_app.models import Notification, ToldOnce

DEFAULT_DAYS = 30
_CHUNK = 2000
_PAUSE_SECONDS = 0.05
_MARKS_KEPT = timedelta(days=400)


def old_notifications(now: datetime, days: int) -> QuerySet[Notification]:
    """Those whose own end has come, and those without one that are older than ``days``. Live ones never."""
    without_end = Q(expires_at=None, last_at__lt=now - timedelta(days=days))
    return Notification.objects.filter(Q(expires_at__lt=now) | without_end, live=False)


def delete_old_notifications(now: datetime, days: int = DEFAULT_DAYS) -> int:
    """Delete them in short transactions; return how many. Also forgets what was told once more than a year ago."""
    deleted = 0
    while chunk := list(old_notifications(now, days).values_list("pk", flat=True)[:_CHUNK]):
        deleted += Notification.objects.filter(pk__in=chunk).delete()[0]
        time.sleep(_PAUSE_SECONDS)  # others want to write, too
    ToldOnce.objects.filter(at__lt=now - _MARKS_KEPT).delete()
    return deleted
