"""How runs and journal entries are worded and coloured."""

from datetime import timedelta

from django import template

from tasks_app.registry import UnknownTask, get_task

register = template.Library()

_STATUS_COLOURS = {
    "queued": "secondary",
    "running": "blue",
    "completed": "green",
    "failed": "red",
    "cancelled": "yellow",
    "terminated": "red",
}
_ACTION_COLOURS = {  # 50 §2.3
    "green": {"create", "start", "started", "complete", "completed", "login", "add", "restore", "import"},
    "red": {"delete", "stop", "fail", "failed", "error", "remove", "revoke", "purge"},
    "blue": {"update", "rename", "renumber", "reorder", "move", "merge", "sort", "commit"},
    "yellow": {"refresh", "cancel", "undo", "upload", "cleanup"},
}


@register.filter
def short_duration(value: timedelta | None) -> str:
    """``5.0 s``, ``3 min 20 s``, ``1 h 5 min``, ``2 d 3 h``; "" for None."""
    if value is None:
        return ""
    seconds = value.total_seconds()
    if seconds < 0.05:
        return "< 0.1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, smaller_size, smaller_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller_size
            return f"{whole // size} {unit} {rest} {smaller_unit}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


@register.filter
def rough_duration(value: timedelta | None) -> str:
    """As :func:`short_duration`, but without pretending precision: "less than 10 s", "about 3 min"."""
    if value is None:
        return ""
    seconds = value.total_seconds()
    if seconds < 10:
        return "less than 10 s"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} s"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min"
    return f"about {round(seconds / 3600)} h"


@register.filter
def status_colour(status: str) -> str:
    return _STATUS_COLOURS.get(status, "secondary")


@register.filter
def severity_colour(severity: str) -> str:
    return {"success": "green", "warning": "yellow", "error": "red"}.get(severity, "secondary")


@register.filter
def action_colour(action: str) -> str:
    """Create and start green, delete and stop red, update blue, refresh amber; compound ones by their last word."""
    for word in (action, action.rpartition("_")[2]):
        for colour, actions in _ACTION_COLOURS.items():
            if word in actions:
                return colour
    return "blue" if action.startswith("bulk_") else "secondary"


@register.filter
def for_whom(task_id: str) -> str:
    """Who may start and stop this task, in the words of ``data-for``."""
    try:
        return "administrators" if get_task(task_id).admin_only else "editors"
    except UnknownTask:
        return "editors"


@register.filter
def words(name: str) -> str:
    """``stream_add`` → ``Stream add``."""
    return name.replace("_", " ").strip().capitalize()


_CATEGORIES = {"m3u": "M3U", "epg": "Guide", "tls": "TLS", "auth": "Sign-in", "channel": "Channels", "task": "Tasks"}


@register.filter
def category_name(category: str) -> str:
    """The category of a journal entry as people call it."""
    return _CATEGORIES.get(category) or words(category)
