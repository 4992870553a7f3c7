"""Template helpers that every page uses; loaded as built-ins."""

from django import template
from django.http import QueryDict
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ecm_site.masking import mask_text
from ecm_site.navigation import MENU, MenuEntry, active_entry
from ecm_site.toasts import Toast, waiting_toasts

register = template.Library()


@register.simple_tag
def icon(name: str, extra_class: str = "") -> SafeString:
    """``{% icon "refresh" %}``: an outline icon of Tabler, cut into the sprite at installation."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        extra_class,
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: object) -> str:
    """The current query string with some values exchanged; an empty value drops the key."""
    query: QueryDict = context["request"].GET.copy()
    for key, value in changes.items():
        if value in (None, ""):
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def navigation(context: template.Context) -> list[tuple[MenuEntry, bool]]:
    """The main menu; the entry that the current page belongs to is marked."""
    active = active_entry(context["request"].path)
    return [(entry, entry is active) for entry in MENU]


@register.simple_tag(takes_context=True)
def toasts(context: template.Context) -> list[Toast]:
    """Messages for the operator that no page has shown yet."""
    return waiting_toasts(context["request"])


@register.filter
def masked(text: str) -> str:
    """Hide credentials in an address or a message."""
    return mask_text(str(text))
