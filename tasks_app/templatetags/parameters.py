"""How the parameters of a task are drawn."""

from django import template
from django.forms import BoundField

from tasks_app.parameter_fields import NamesField

register = template.Library()


@register.filter
def names_are_all(field: BoundField) -> bool:
    """Whether "all" is chosen in a list of names."""
    names = field.field
    return isinstance(names, NamesField) and names.is_all(field.value())
