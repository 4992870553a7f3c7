"""Tells the guide which channels have none, for the matching of a mirrored server (30 §8.11)."""

from channels_app.models import Channel
from epg_app.guideless import Guideless


def channels_without_guide() -> Guideless:
    """Channels for which somebody decided "no guide", or locked the guide, are only counted. Two queries."""
    bare = Channel.objects.filter(guide_entry=None).order_by()
    ids = tuple(bare.filter(no_epg=False, epg_locked=False).values_list("pk", flat=True))
    return Guideless(ids, bare.count() - len(ids))
