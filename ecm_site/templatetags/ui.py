"""Template helpers that every page uses; loaded as built-ins."""

from dataclasses import dataclass

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.http import QueryDict
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ecm_site.conf import get_settings
from ecm_site.masking import mask_text
from ecm_site.navigation import MenuEntry, active_entry, entries_for
from ecm_site.settings_navigation import Section, active_section, visible_sections
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
    request = context["request"]
    active = active_entry(request.path)
    return [(entry, entry is active) for entry in entries_for(request)]


@register.simple_tag(takes_context=True)
def settings_menu(context: template.Context) -> list[tuple[Section, bool]]:
    """The sections of the settings that this user sees; the one that the page belongs to is marked."""
    request = context["request"]
    sections = visible_sections(is_admin=request.user.is_staff)
    active = active_section(request.path, sections)
    return [(section, section is active) for section in sections]


@register.simple_tag(takes_context=True)
def settings_section_title(context: template.Context) -> str:
    """The title of the section that the page belongs to."""
    return next((section.title for section, is_active in settings_menu(context) if is_active), "Settings")


@dataclass(frozen=True)
class ThemeChoice:
    """An entry of the menu of colours: what is stored, and what then is shown."""

    value: str
    shows: str
    label: str
    icon: str


@register.simple_tag
def theme_choices() -> list[ThemeChoice]:
    """The menu of colours. The last entry gives the choice back to the settings."""
    return [
        ThemeChoice("light", "light", "Light", icon="sun"),
        ThemeChoice("dark", "dark", "Dark", icon="moon"),
        ThemeChoice("high-contrast", "high-contrast", "High contrast", icon="contrast-2"),
        ThemeChoice("system", "system", "Like this device", icon="device-desktop"),
        ThemeChoice("", get_settings().theme, "As in the settings", icon="settings"),
    ]


@register.simple_tag(takes_context=True)
def toasts(context: template.Context) -> list[Toast]:
    """Messages for the operator that no page has shown yet."""
    return waiting_toasts(context["request"])


@register.inclusion_tag("_field.html")
def form_field(field: BoundField, extra_class: str = "mb-3") -> dict[str, object]:
    """``{% form_field form.name %}``: label, control, help and errors in the look of all forms, tied together for readers."""
    widget = field.field.widget
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):  # these are selects too, so they are asked for first
        widget.attrs.setdefault("class", "form-check-input")
        return {"field": field, "kind": "choices", "extra_class": extra_class}
    css = "form-control"
    if isinstance(widget, CheckboxInput):
        css = "form-check-input"
    elif isinstance(widget, Select):
        css = "form-select"
    described = [f"{field.auto_id}_help"] if field.help_text else []
    described += [f"{field.auto_id}_errors"] if field.errors else []
    attributes: dict[str, str | bool] = {
        "class": f"{css} {widget.attrs.get('class', '')}{' is-invalid' if field.errors else ''}".strip()
    }
    if described:
        attributes["aria-describedby"] = " ".join(described)
    kind = "check" if isinstance(widget, CheckboxInput) else "control"
    return {
        "field": field,
        "control": field.as_widget(attrs=attributes),
        "kind": kind,
        "extra_class": extra_class,
        "is_marked": field.field.required and not isinstance(widget, Select),  # a list always has something chosen
    }


@register.filter
def masked(text: str) -> str:
    """Hide credentials in an address or a message."""
    return mask_text(str(text))
