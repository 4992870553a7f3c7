"""Takes guide addresses that came with a playlist (20 §3.2): offered on the page of an account, a floor below."""

from django.urls import reverse

from epg_app.create_source import create_source
from epg_app.models import GuideSource
from epg_app.request_refresh import refresh_after_change
from epg_app.source_values import SourceRefused, SourceValues, same_address
from m3u_app.guide_offers import GuideRefused, GuideTaken, register_guide_taker


def take_guide(name: str, address: str) -> GuideTaken:
    """Make a guide source of ``address`` and start its first refresh. Raises ``GuideRefused`` when it is there already."""
    other = same_address(address)
    if other is not None:
        raise GuideRefused(f"This guide is there already: “{other.name}”.")
    try:
        source = create_source(SourceValues(name=free_name(name), url=address))
    except SourceRefused as refusal:
        raise GuideRefused(str(refusal)) from refusal
    refresh_after_change(source.pk)
    return GuideTaken(reverse("guide:sources"), f"Added the guide “{source.name}”. Its first refresh has been started.")


def free_name(name: str) -> str:
    """``name``, or with a number behind it when a guide of that name exists."""
    taken = {known.casefold() for known in GuideSource.objects.values_list("name", flat=True)}
    candidate, number = name[:250], 2
    while candidate.casefold() in taken:
        candidate = f"{name[:245]} {number}"
        number += 1
    return candidate


def register() -> None:
    """Called when the app starts."""
    register_guide_taker(take_guide)
