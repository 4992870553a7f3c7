"""The lineup as one list for programs: found, sorted and cut into pages by the database (10 §21.2)."""

from dataclasses import dataclass

from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy

from channels_app.channel_queries import matching_channels
from channels_app.models import Channel, ChannelGroup
from channels_app.pane_filters import ChannelFilter

CHANNEL_ORDERS: dict[str, tuple[str | OrderBy, ...]] = {
    "number": (F("number").asc(nulls_last=True), "name", "pk"),
    "-number": (F("number").desc(nulls_last=True), "name", "pk"),
    "name": ("name", "pk"),
    "-name": ("-name", "-pk"),
}
"""Channels without a number come last either way (10 §4)."""


@dataclass(frozen=True)
class ChannelList:
    """``group``: the id of a group (0 = Uncategorized) or its name, whatever its case; "" = all. ``sort``: of
    :data:`CHANNEL_ORDERS`."""

    text: str = ""
    group: str = ""
    sort: str = "number"
    page: int = 1
    size: int = 100


def channel_page(wanted: ChannelList) -> tuple[list[Channel], int]:
    """One page of the channels, with their group and the account that made them, and how many there are in all.

    Channels of hidden groups are on no list (10 §7.4). Four queries at most.
    """
    channels = matching_channels(ChannelFilter(text=wanted.text))
    if wanted.group:
        channels = _of_group(channels, wanted.group)
    start = (wanted.page - 1) * wanted.size
    rows = channels.select_related("group", "auto_created_by").order_by(*CHANNEL_ORDERS[wanted.sort])
    return list(rows[start : start + wanted.size]), channels.count()


def _of_group(channels: QuerySet[Channel], group: str) -> QuerySet[Channel]:
    if group.isascii() and group.isdecimal() and len(group) < 19:
        return channels.filter(group_id=int(group) or None)
    name = group.casefold()
    named = [pk for pk, found in ChannelGroup.objects.values_list("pk", "name") if found.casefold() == name]
    return channels.filter(group_id__in=named)
