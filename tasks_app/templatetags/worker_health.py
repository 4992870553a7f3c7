"""The mark in the header that says whether background work gets done."""

from django import template
from django.utils import timezone

from tasks_app.watchdog import problems

register = template.Library()


@register.inclusion_tag("tasks_app/_health_mark.html")
def worker_health_mark() -> dict[str, int]:
    """A heart, green, or red with the number of problems; it opens what is wrong in words."""
    return {"count": len(problems(timezone.now()))}
