"""What people do with notifications: read, unread, delete, try again. Live ones stay as they are (N-3)."""

from django.utils import timezone

from tasks_app import engine
from tasks_app.models import Notification, TaskRun
from tasks_app.notifications import store
from tasks_app.notifications.dead_ends import over_nothing
from tasks_app.registry import get_task


class StillLive(Exception):
    """The notification belongs to a run that works right now."""

    def __init__(self) -> None:
        super().__init__("This is running right now. Cancel it, or wait until it has ended.")


class CannotRetry(Exception):
    """The run of a notification cannot be started again. The message says why."""


def set_read(notification: Notification, read: bool) -> Notification:
    """Mark as read, or as unread again, which also forgets when it was read. Raises :class:`StillLive`."""
    if notification.live:
        raise StillLive
    if notification.read != read:
        changed = store.touch(
            Notification.objects.filter(pk=notification.pk, live=False), read=read, read_at=timezone.now() if read else None
        )
        if not changed:
            raise StillLive
        notification.refresh_from_db()
    return notification


def mark_all_read() -> int:
    """Return how many there were."""
    return store.touch(Notification.objects.filter(read=False, live=False), read=True, read_at=timezone.now())


def delete(notification: Notification) -> None:
    """Raises :class:`StillLive`."""
    if not Notification.objects.filter(pk=notification.pk, live=False).delete()[0]:
        raise StillLive


def delete_many(*, read_only: bool = True) -> int:
    """Delete the read ones, or all that are over; return how many."""
    rows = Notification.objects.filter(live=False)
    return (rows.filter(read=True) if read_only else rows).delete()[0]


def delete_by_source(source: str, source_id: str = "") -> int:
    """Delete those of one source, or of one thing of that source, once what they told has passed; return how many."""
    rows = Notification.objects.filter(source=source, live=False)
    return (rows.filter(source_id=source_id) if source_id else rows).delete()[0]


def retry(notification: Notification) -> TaskRun:
    """Start the run of a notification again with the same parameters, and mark the notification as read.

    Raises :class:`CannotRetry`, and what :func:`tasks_app.engine.start_run` raises.
    """
    run = notification.run
    if run is None:
        raise CannotRetry("The run is no longer kept. Start the task from the Tasks page.")
    if not get_task(run.task_id).by_hand:
        raise CannotRetry(f"{run.title} cannot be started again from here.")
    if over_nothing([run]):
        raise CannotRetry(f"What {run.title} was about is not there any more.")
    started = engine.start_run(run.task_id, run.parameters)
    if not notification.live:
        set_read(notification, True)
    return started
