"""Put something under the bell: what every part of the product calls."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from tasks_app.models import Notification, ToldOnce
from tasks_app.notifications import store

logger = logging.getLogger(__name__)

REPEATS_WITHIN = timedelta(minutes=10)


def notify(
    kind: str,
    message: str,
    *,
    title: str = "",
    source: str = "",
    source_id: object = "",
    action_label: str = "",
    action_url: str = "",
    metadata: dict[str, Any] | None = None,
    expires_at: datetime | None = None,
) -> Notification | None:
    """Tell everybody who uses this install; never raises, None when it could not be stored (then the log says why).

    ``kind`` is info, success, warning or error. The same ``source``, ``source_id`` and ``title`` within ten minutes of an
    unread notification updates that one and counts (N-4); without a source nothing is ever the same. ``action_url`` is a
    path of this site. ``metadata={"toast": True}`` lets it pop up (N-5); ``{"action_type": "configure_task", "task_id": …}``
    offers that task's settings (N-6). Whether a task may use the bell is the caller's question; runs are told about by
    themselves (:mod:`tasks_app.notifications.run_notices`).
    """
    try:
        values = store.clean_values(
            kind=kind,
            message=message,
            title=title,
            source=source,
            source_id=source_id,
            action_label=action_label,
            action_url=action_url,
            metadata=metadata,
            expires_at=expires_at,
        )
        with transaction.atomic():  # a savepoint: a failure must not poison the caller's transaction
            return _put(values)
    except Exception:  # telling must never fail what is being told about
        logger.exception("[NOTIFY] A notification by %s could not be stored", source or "?")
        return None


def notify_once(key: str, kind: str, message: str, **rest: Any) -> Notification | None:
    """As :func:`notify`, but only the first time this ``key`` (at most 150 characters) comes up, ever. Never raises."""
    try:
        with transaction.atomic():
            mark, is_new = ToldOnce.objects.get_or_create(key=key[:150])
            if not is_new:
                return None
            told = notify(kind, message, **rest)
            if told is None:
                mark.delete()  # so that the next attempt may tell it
            return told
    except Exception:
        logger.exception("[NOTIFY] %s could not be told", key)
        return None


def _put(values: dict[str, Any]) -> Notification:
    now = timezone.now()
    earlier = _same_as(values, now)
    if earlier is not None:
        return store.repeat(earlier, values, now)
    revision = store.next_revision()
    news = revision if store.deserves_a_word(values["kind"], values["metadata"]) else 0
    return Notification.objects.create(**values, created_at=now, last_at=now, revision=revision, news=news)


def _same_as(values: dict[str, Any], now: datetime) -> Notification | None:
    if not values["source"]:
        return None
    same = {name: values[name] for name in ("source", "source_id", "title")}
    rows = Notification.objects.filter(**same, read=False, live=False, last_at__gte=now - REPEATS_WITHIN)
    return rows.order_by("-last_at").first()
