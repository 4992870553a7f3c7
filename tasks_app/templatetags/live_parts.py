"""Draws the parts of the task cards that are kept fresh."""

from django import template
from django.utils.safestring import SafeString

from tasks_app.task_cards import TaskCard
from tasks_app.task_parts import render_part

register = template.Library()


@register.simple_tag
def live_part(kind: str, card: TaskCard) -> SafeString:
    """``{% live_part "head" card %}``: a part that the page's poller exchanges when it changed."""
    return render_part(kind, card)
