"""What the pages about drafts need in templates."""

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def for_key(values: Mapping[Any, Any], key: Any) -> Any:
    """The value under a key that is itself a value of the template; "" without one."""
    return values.get(key, "")
