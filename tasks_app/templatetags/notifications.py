"""How notifications are drawn, and the bell that every page has."""

import logging
from datetime import datetime, timedelta

from django import template
from django.db import DatabaseError
from django.utils import timezone
from django.utils.formats import date_format

from tasks_app import moments
from tasks_app.models import Notification, TaskRun
from tasks_app.notifications import actions
from tasks_app.notifications.queries import BellState, bell_state, progress_words

logger = logging.getLogger(__name__)
register = template.Library()

_ICONS = {"info": "info-circle", "success": "circle-check", "warning": "alert-triangle", "error": "alert-circle"}
_COLOURS = {"info": "text-info", "success": "text-success", "warning": "text-warning", "error": "text-danger"}
_RELATIVE_UNTIL = timedelta(days=7)


@register.simple_tag
def notification_bell() -> BellState:
    """State of the bell; a bell without anything when the database cannot say, as pages must work all the same."""
    try:
        return bell_state()
    except DatabaseError as error:
        logger.warning("[NOTIFY] The bell cannot be drawn: %s", error)
        return BellState()


@register.filter
def kind_icon(kind: str) -> str:
    return _ICONS.get(kind, "info-circle")


@register.filter
def kind_colour(kind: str) -> str:
    return _COLOURS.get(kind, "text-info")


@register.filter
def bell_time(at: datetime) -> str:
    """``just now``, ``5m ago``, ``3h ago``, ``6d ago``, then the date (N-7)."""
    now = timezone.now()
    if now - at < _RELATIVE_UNTIL:
        return moments.ago(at, now)
    return date_format(timezone.localtime(at), "j M Y")


@register.filter
def action_links(notification: Notification) -> list[actions.Action]:
    return actions.links(notification)


@register.filter
def progress_text(run: TaskRun) -> str:
    return progress_words(run)
