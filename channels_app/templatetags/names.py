"""Template helpers about names."""

from django import template

from channels_app.normalizing.proposals import hinted_name as proposed_name

register = template.Library()


@register.filter
def hinted_name(name: str) -> str:
    """The name that normalizing proposes, "" when it changes nothing (10 §11.2)."""
    return proposed_name(name)
