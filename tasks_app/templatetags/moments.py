"""Moments past and to come, in words."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone

from tasks_app import moments
from tasks_app.models import Schedule
from tasks_app.schedule_words import schedule_words

register = template.Library()


@register.filter
def until(at: datetime | None) -> str:
    """``in 12m``, ``Overdue``; "" for None."""
    return moments.until(at, timezone.now()) if at else ""


@register.filter
def short_ago(at: datetime | None) -> str:
    """``just now``, ``5m ago``, ``3h ago``, ``6d ago``; "" for None."""
    return moments.ago(at, timezone.now()) if at else ""


@register.filter
def long_words(length: timedelta | None) -> str:
    """``3d 7h``, ``1h 5m``, ``12m``: the two largest units; "" for None."""
    return moments.long_words(length) if length is not None else ""


@register.filter
def schedule_title(schedule: Schedule) -> str:
    """The name of a schedule, or its rule in words."""
    return schedule.name or schedule_words(schedule)
