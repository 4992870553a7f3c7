"""How changes are worded and coloured."""

from datetime import datetime, timedelta
from functools import lru_cache

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html

from m3u_app.changes.models import ChangeType

register = template.Library()

_COLOURS = {
    ChangeType.GROUP_ADDED: "green",
    ChangeType.STREAMS_ADDED: "green",
    ChangeType.GROUP_REMOVED: "red",
    ChangeType.STREAMS_REMOVED: "red",
}


@register.filter
def recently(at: datetime) -> str:
    """ "3 hours ago" for up to seven days, then the date (20 §10.4)."""
    now = timezone.now()
    return str(naturaltime(at)) if now - at < timedelta(days=7) else timezone.localtime(at).strftime("%Y-%m-%d")


@register.simple_tag
def when(at: datetime) -> str:
    """A moment as people read it, with the exact one behind it. The lines of one refresh share theirs."""
    return _when(at, timezone.get_current_timezone_name(), int(timezone.now().timestamp()) // 60)


@lru_cache(maxsize=2048)
def _when(at: datetime, _zone: str, _minute: int) -> str:
    local = timezone.localtime(at)
    return format_html(
        '<time class="change-time" datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        date_format(local, "Y-m-d H:i:s"),
        recently(at),
    )


@register.filter
def change_colour(change_type: str) -> str:
    """The colour of a badge: what came, what went, what became different."""
    return _COLOURS.get(ChangeType(change_type), "azure")
