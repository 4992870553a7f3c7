"""What a notification offers to do, and where each of these leads."""

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

from tasks_app.models import Notification
from tasks_app.notifications.store import is_own_path

CONFIGURE_TASK = "configure_task"


@dataclass(frozen=True)
class Action:
    """A way to go on. ``where`` names it in :func:`target`."""

    where: str
    label: str


def links(notification: Notification) -> list[Action]:
    """Places to go to, the notification's own first. Following one marks it as read (N-6)."""
    found = []
    if notification.action_url:
        found.append(Action("action", notification.action_label or "Open"))
    if notification.run is not None:
        found.append(Action("run", "Open run"))
    if notification.metadata.get("action_type") == CONFIGURE_TASK and notification.metadata.get("task_id"):
        found.append(Action("task", "Edit schedule"))
    return found


def target(notification: Notification, where: str) -> str | None:
    """The path that a link of :func:`links` leads to, None when there is no such link."""
    if where == "action" and is_own_path(notification.action_url):
        return notification.action_url
    if where == "run" and notification.run is not None:
        return reverse("tasks:run", args=[notification.run.pk])
    task_id = notification.metadata.get("task_id")
    if where == "task" and task_id:
        try:
            return reverse("tasks:scheduled", query={"task": task_id})
        except NoReverseMatch:  # an install without the pages of schedules
            return reverse("tasks:runs")
    return None


def main_target(notification: Notification) -> Action | None:
    """The first link, for a toast, which has room for one."""
    return next(iter(links(notification)), None)
