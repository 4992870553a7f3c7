"""A notification that somebody outside posts: under the bell and, unless told otherwise, to the alert methods (50 §3.2)."""

from typing import Any

from tasks_app.alerts.events import AlertEvent
from tasks_app.alerts.raise_alert import raise_alert
from tasks_app.models import Notification
from tasks_app.notifications.notify import notify


def post_notification(kind: str, message: str, *, send_alerts: bool = True, **values: Any) -> Notification | None:
    """Store it (see :func:`~tasks_app.notifications.notify.notify` for ``values``), then offer it to the alert methods."""
    told = notify(kind, message, **values)
    if told is not None and send_alerts:
        raise_alert(
            AlertEvent(severity=told.kind, title=told.title, message=told.message, source=told.source or "notification")
        )
    return told
