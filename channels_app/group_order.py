"""The order in which groups stand: by their own position, else by their lowest channel number (10 §2.2)."""

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import Min

from channels_app.models import Channel, ChannelGroup
from channels_app.numbering import natural_key


def lowest_numbers() -> dict[int | None, Decimal | None]:
    """Lowest channel number of every group that has channels; one query over an index."""
    return dict(Channel.objects.order_by().values_list("group_id").annotate(lowest=Min("number")))


def groups_in_order(lowest: Mapping[int | None, Decimal | None] | None = None) -> list[ChannelGroup]:
    """All groups as the pane, the published lineup and reordering see them. Two queries, or one when ``lowest`` is given."""
    numbers = lowest_numbers() if lowest is None else lowest
    return sorted(ChannelGroup.objects.all(), key=lambda group: _key(group, numbers.get(group.pk)))


def _key(group: ChannelGroup, lowest: Decimal | None) -> tuple[object, ...]:
    return (
        group.position is None,
        group.position or 0,
        lowest is None,
        lowest or Decimal(0),
        natural_key(group.name),
        group.pk,
    )
