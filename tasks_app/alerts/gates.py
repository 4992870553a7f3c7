"""Whether an event goes to a method: all of A-3 in its order, with the first refusal in words."""

from tasks_app.alerts.events import AlertEvent
from tasks_app.alerts.source_filter import read_filter
from tasks_app.models import AlertMethod, Severity, Task

# The switch of a task for each kind of method that has one.
TASK_SWITCH = {"smtp": "send_to_email", "discord": "send_to_discord", "telegram": "send_to_telegram"}


def task_refusal(event: AlertEvent, task: Task | None) -> str:
    """Why the task's own switches keep the event from everybody. ``task`` is None for events of no (readable) task."""
    if task is None:
        return ""
    if not task.send_alerts:
        return f"task {task.task_id} sends no alerts"
    if not getattr(task, f"alert_on_{Severity(event.severity)}"):
        return f"task {task.task_id} does not alert on {event.severity}"
    return ""


def method_refusal(event: AlertEvent, task: Task | None, method: AlertMethod) -> str:
    """Why ``method`` does not get the event; "" when it does."""
    switch = TASK_SWITCH.get(method.method_type)
    if task is not None and switch and not getattr(task, switch):
        return f"task {task.task_id} does not use {method.method_type}"
    if not getattr(method, f"notify_{Severity(event.severity)}"):
        return f"the method does not send {event.severity}"
    return read_filter(method.alert_sources).refusal(event)
