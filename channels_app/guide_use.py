"""Tells the guide which of its entries the lineup uses, so that programmes are kept for those (30 §3)."""

from collections.abc import Iterable

from channels_app.models import Channel


def used_guide_entries() -> Iterable[int]:
    """Ids of all guide entries that a channel is linked to; one query."""
    linked = Channel.objects.filter(guide_entry__isnull=False).order_by()
    return (entry_id for entry_id in linked.values_list("guide_entry_id", flat=True).distinct() if entry_id is not None)
