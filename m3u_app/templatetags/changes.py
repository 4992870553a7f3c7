"""How changes are worded and coloured."""

from datetime import datetime, timedelta

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone

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


@register.filter
def change_colour(change_type: str) -> str:
    """The colour of a badge: what came, what went, what became different."""
    return _COLOURS.get(ChangeType(change_type), "azure")
