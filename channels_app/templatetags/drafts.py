"""The word about a waiting draft in the head of every page."""

from typing import Any

from django import template

from channels_app.drafts.bar import waiting_changes

register = template.Library()


@register.inclusion_tag("channels_app/drafts/_hint.html", takes_context=True)
def draft_hint(context: template.Context) -> dict[str, Any]:
    """How many changes wait in the draft of the person who looks; nothing on the page that has the bar."""
    request = context.get("request")
    if request is None or "bar" in context:
        return {"changes": None}
    return {"changes": waiting_changes(getattr(request, "user", None))}
