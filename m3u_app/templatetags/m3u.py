"""How the progress of a refresh is worded."""

from datetime import datetime

from django import template
from django.template.defaultfilters import filesizeformat

from tasks_app.models import TaskRun
from tasks_app.templatetags.runs import rough_duration

register = template.Library()

_BYTE_PHASES = ("download",)
_ITEM_PHASES = ("delet", "sav", "updat")


@register.filter
def work_done(run: TaskRun) -> str:
    """Bytes while downloading (speed and time left are in the run's item), streams while writing, else a percentage.

    ``12.3 MB of 50.0 MB``
    """
    if run.current <= 0:
        return ""
    phase = run.phase.lower()
    if phase.startswith(_BYTE_PHASES):
        return filesizeformat(run.current) + (f" of {filesizeformat(run.total)}" if run.total else "")
    if phase.startswith(_ITEM_PHASES) or not run.total:
        done = f"{run.current:,}" + (f" of {run.total:,}" if run.total else "")
    else:
        done = f"{run.percentage:g} %"
    left = run.time_left
    return f"{done} · {rough_duration(left)} left" if left else done


@register.filter
def parsed_time(text: str) -> datetime | None:
    """ISO text out of a stored document as a time, or None."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
