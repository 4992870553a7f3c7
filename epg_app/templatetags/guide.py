"""How guide data is worded."""

from datetime import datetime

from django import template
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from epg_app.queries import Airing
from tasks_app.models import TaskRun
from tasks_app.templatetags.runs import rough_duration

register = template.Library()

_BYTE_PHASES = ("download", "unpack", "reading")


@register.filter
def work_done(run: TaskRun) -> str:
    """``12.3 MB of 50.0 MB · about 20 s left`` while bytes are counted, else ``1,200 of 5,000``."""
    if run.current <= 0:
        return ""
    if run.phase.lower().startswith(_BYTE_PHASES):
        done = filesizeformat(run.current) + (f" of {filesizeformat(run.total)}" if run.total else "")
    else:
        done = f"{run.current:,}" + (f" of {run.total:,}" if run.total else "")
    left = run.time_left
    return f"{done} · {rough_duration(left)} left" if left else done


@register.filter
def episode_words(airing: Airing) -> str:
    """``S2 E5``, ``E5``, ``S2`` or nothing."""
    season = "" if airing.season is None else f"S{airing.season}"
    episode = "" if airing.episode is None else f"E{airing.episode}"
    return f"{season} {episode}".strip()


@register.filter
def flag_words(airing: Airing) -> list[str]:
    """Flags of a programme as people read them."""
    return [str(flag).replace("_", " ") for flag in airing.extra.get("flags", [])]


@register.filter
def is_on_now(airing: Airing) -> bool:
    return airing.start <= timezone.now() < airing.stop


@register.filter
def clock(moment: datetime) -> str:
    """``20:15`` in the time zone of the page."""
    return timezone.localtime(moment).strftime("%H:%M")
