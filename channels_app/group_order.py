"""The order in which groups stand: by their own position, else by their lowest channel number (10 §2.2)."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Subquery

from channels_app.models import Channel, ChannelGroup
from channels_app.numbering import natural_key


def groups_in_order(
    lowest: Mapping[int | None, Decimal | None] | None = None, *, only: Collection[int] | None = None
) -> list[ChannelGroup]:
    """All groups as the pane, the published lineup and reordering see them, or ``only`` some of them. One query.

    ``lowest``: the lowest channel number of each group, where it is known already.
    """
    groups = ChannelGroup.objects.all() if only is None else ChannelGroup.objects.filter(pk__in=only)
    if lowest is not None:
        return sorted(groups, key=lambda group: _key(group, lowest.get(group.pk)))
    # One look into the index for each group, instead of reading all of it.
    numbered = Channel.objects.filter(group=OuterRef("pk"), number__isnull=False).order_by("number")
    with_lowest: Any = groups.annotate(lowest_number=Subquery(numbered.values("number")[:1]))
    return sorted(with_lowest, key=lambda group: _key(group, group.lowest_number))


def _key(group: ChannelGroup, lowest: Decimal | None) -> tuple[object, ...]:
    return (
        group.position is None,
        group.position or 0,
        lowest is None,
        lowest or Decimal(0),
        natural_key(group.name),
        group.pk,
    )
