"""A method that keeps failing cannot tell so by itself: the bell does (A-7)."""

from django.urls import reverse

from tasks_app.notifications.notify import notify


def tell(method_id: int, name: str, problem: str) -> None:
    """One warning under the bell; called when three attempts in a row have failed."""
    notify(
        "warning",
        f"Three attempts in a row failed. The last one: {problem}",
        title=f"Alerts do not reach “{name}”",
        source="alert_method",
        source_id=method_id,
        action_label="Notification settings",
        action_url=reverse("alerts:settings"),
    )
