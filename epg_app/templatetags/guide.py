"""How guide data is worded."""

from datetime import datetime

from django import template
from django.utils import timezone

from epg_app.queries import Airing

register = template.Library()


@register.filter
def episode_words(airing: Airing) -> str:
    """``S2 E5``, ``E5``, ``S2`` or nothing."""
    season = "" if airing.season is None else f"S{airing.season}"
    episode = "" if airing.episode is None else f"E{airing.episode}"
    return f"{season} {episode}".strip()


@register.filter
def flag_words(airing: Airing) -> list[str]:
    """Flags of a programme as people read them."""
    return [str(flag).replace("_", " ") for flag in airing.extra.get("flags", [])]


@register.filter
def clock(moment: datetime) -> str:
    """``20:15`` in the time zone of the page."""
    return timezone.localtime(moment).strftime("%H:%M")
