"""Template helpers for channels."""

from decimal import Decimal

from django import template

from channels_app.channel_from_stream import usable_logo
from channels_app.logos.thumbnails import shown_address
from channels_app.numbering import format_number

register = template.Library()


@register.filter
def channel_number(number: Decimal | None) -> str:
    """A number as operators read it: ``101``, ``4.1``, nothing for an empty one."""
    return format_number(number)


@register.filter
def logo(address: str) -> str:
    """Where a page gets the picture ``address`` from: our small copy of it, or the original when copies are switched off."""
    return shown_address(address)


@register.filter(name="usable_logo")
def usable_address(address: str) -> str:
    """A provider's logo address if a browser could load it, else nothing."""
    return usable_logo(address)
