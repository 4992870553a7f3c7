"""What the left pane of the channel manager reads: groups with counts, rows of a group, ids of a selection (10 §2.2–4).

Everything is filtered, sorted, counted and paged here. The number of queries does not depend on the number of rows.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import Cast, RowNumber

from channels_app.drafts.marks import row_marks
from channels_app.finding.group_kinds import groups_of_kinds
from channels_app.finding.now_airing import NowAiring, now_airing
from channels_app.first_streams import first_stream_urls
from channels_app.groups.hidden import hidden_group_ids
from channels_app.models import Channel, ChannelStream
from channels_app.pane_filters import ChannelFilter
from channels_app.pane_order import ids_in_order, inside_groups

V = TypeVar("V")
ROWS_PER_PAGE = 100
MOST_ROWS = 2000  # rows of one group that a refresh brings back at once

_MISSING = {
    "logo": Q(logo_url=""),
    "tvg_id": Q(tvg_id=""),
    "guide": Q(guide_entry=None, no_epg=False),  # "no guide wanted" is not missing
    "gracenote": Q(gracenote_id=""),
}


@dataclass
class StreamState:
    """Streams on a channel: how many, and how many of them the provider no longer lists."""

    count: int = 0
    stale: int = 0

    @property
    def kind(self) -> str:
        """ "none", "stale" when all are stale, else "ok" (10 §2.2)."""
        if not self.count:
            return "none"
        return "stale" if self.stale == self.count else "ok"


@dataclass
class ChannelRow:
    """``links`` are the streams in their order when the channel is shown expanded, else None. ``now``: what is on air.

    ``mark``: how the channel stands in the draft (:mod:`channels_app.drafts.marks`), "" when it is as on the server.
    """

    channel: Channel
    streams: StreamState
    shares_number: bool = False
    links: list[ChannelStream] | None = None
    now: NowAiring | None = None
    first_url: str = ""
    mark: str = ""


@dataclass
class RowPage:
    """Rows of one group from ``offset`` on; ``next_offset`` is None at the end."""

    group_id: int
    rows: list[ChannelRow]
    offset: int = 0
    next_offset: int | None = None
    total: int = 0


def matching_channels(wanted: ChannelFilter, *, hidden_groups: Collection[int] | None = None) -> QuerySet[Channel]:
    """Channels that pass the filter, over the whole lineup but for hidden groups. Without a filter: all of them.

    ``hidden_groups``: those of :func:`hidden_group_ids` when they are known already, else they are asked for.
    """
    channels = channels_in_sight(hidden_groups)
    if wanted.groups:
        picked = Q(group_id__in=wanted.groups) | Q(group_id=None)
        if wanted.groups_until:
            picked |= Q(group_id__gt=wanted.groups_until)
        channels = channels.filter(picked)
    if hidden := groups_of_kinds(wanted.hide) if wanted.hide else set():
        channels = channels.exclude(group_id__in=hidden)
    if wanted.stream:
        channels = channels.filter(channel_streams__stream_id=wanted.stream)
    if wanted.text:
        channels = channels.annotate(number_text=Cast("number", CharField())).filter(name_or_number(wanted.text))
    if wanted.missing:
        lacks = Q()
        for name in wanted.missing:
            lacks |= _MISSING[name]
        channels = channels.filter(lacks)
    links = ChannelStream.objects.filter(channel=OuterRef("pk"))
    if wanted.without_streams:
        channels = channels.filter(~Exists(links))
    if wanted.only_stale:
        channels = channels.filter(Exists(links), ~Exists(links.filter(stream__is_stale=False)))
    if wanted.duplicates:
        channels = channels.filter(number__in=shared_numbers().values("number"))
    return channels


def channels_in_sight(hidden_groups: Collection[int] | None = None) -> QuerySet[Channel]:
    """All channels but those of hidden groups (10 §7.4)."""
    hidden = hidden_group_ids() if hidden_groups is None else hidden_groups
    return Channel.objects.exclude(group_id__in=hidden) if hidden else Channel.objects.all()


def name_or_number(text: str) -> Q:
    """Case-insensitive substring of the name, or substring of the number (10 §3); ``number_text`` must be annotated.

    SQLite ignores case only for ASCII letters; any other text goes through a pattern, which is slower but right.
    """
    name = Q(name__icontains=text) if text.isascii() else Q(name__iregex=re.escape(text))
    return name | Q(number_text__contains=text) if re.fullmatch(r"[0-9]*\.?[0-9]*", text) else name


def channel_rows(wanted: ChannelFilter, group_id: int, *, offset: int = 0, limit: int = ROWS_PER_PAGE) -> RowPage:
    """A page of a group's rows in the order the filter asks for. Three queries, four on the first page."""
    channels = matching_channels(wanted).filter(group_id=group_id or None)
    limit = max(1, min(limit, MOST_ROWS))
    offset = max(0, offset)
    found = list(_for_rows(channels).order_by(*inside_groups(wanted.sort))[offset : offset + limit + 1])
    has_more = len(found) > limit
    found = found[:limit]
    total = channels.count() if has_more else offset + len(found)
    rows = dressed(found, wanted)
    return RowPage(group_id, rows, offset, offset + limit if has_more else None, total)


def open_pages(wanted: ChannelFilter, limits: Mapping[int, int], shown: Mapping[int, int]) -> dict[int, RowPage]:
    """The first rows of several groups: ``limits`` says how many of which (0 = Uncategorized), ``shown`` how many there are.

    The groups are ones that the pane lists. Four queries, however many groups.
    """
    channels = matching_channels(wanted, hidden_groups=()).filter(in_groups(limits))
    ranked = channels.annotate(place=Window(RowNumber(), partition_by=F("group_id"), order_by=inside_groups(wanted.sort)))
    places = ranked.filter(place__lte=max(limits.values())).order_by("place").values_list("pk", "group_id", "place")
    ids: dict[int, list[int]] = {group_id: [] for group_id in limits}
    for pk, group_id, place in places:
        if place <= limits[group_id or 0]:
            ids[group_id or 0].append(pk)
    found = _for_rows(Channel.objects.all()).in_bulk([pk for of_group in ids.values() for pk in of_group])
    rows = {row.channel.pk: row for row in dressed(list(found.values()), wanted)}
    pages = {}
    for group_id, of_group in ids.items():
        total = max(shown.get(group_id, 0), len(of_group))
        following = len(of_group) if len(of_group) < total else None
        pages[group_id] = RowPage(group_id, [rows[pk] for pk in of_group if pk in rows], 0, following, total)
    return pages


def rows_by_id(channel_ids: Collection[int], wanted: ChannelFilter | None = None) -> list[ChannelRow]:
    """Rows of certain channels (at most a page of them), in the order of the ids, with the columns that are ``wanted``."""
    found = _for_rows(Channel.objects.all()).in_bulk(list(channel_ids)[:MOST_ROWS])
    return dressed([found[pk] for pk in channel_ids if pk in found], wanted)


def dressed(channels: list[Channel], wanted: ChannelFilter | None = None) -> list[ChannelRow]:
    """Add to channels what their rows show: two queries, and one for each column that is ``wanted`` and kept elsewhere."""
    ids = [channel.pk for channel in channels]
    states = {
        pk: StreamState(count, stale)
        for pk, count, stale in ChannelStream.objects.filter(channel_id__in=ids)
        .order_by()
        .values_list("channel_id")
        .annotate(count=Count("pk"), stale=Count("pk", filter=Q(stream__is_stale=True)))
    }
    numbers = {channel.number for channel in channels if channel.number is not None}
    shared = set(
        Channel.objects.filter(number__in=numbers)
        .order_by()
        .values_list("number", flat=True)
        .annotate(holders=Count("pk"))
        .filter(holders__gt=1)
    )
    on_air = (
        now_airing({item.guide_entry_id for item in channels if item.guide_entry_id})
        if wanted and wanted.shows_column("now")
        else {}
    )
    marks = row_marks(ids)
    urls = first_stream_urls(ids) if wanted and wanted.shows_column("url") else {}
    return [
        ChannelRow(
            item,
            states.get(item.pk, StreamState()),
            item.number in shared,
            now=on_air.get(item.guide_entry_id or 0),
            first_url=urls.get(item.pk, ""),
            mark=marks.get(item.pk, ""),
        )
        for item in channels
    ]


def channel_ids(wanted: ChannelFilter, group_ids: Iterable[int] | None = None) -> list[int]:
    """Ids for "select all": of the given groups (0 = Uncategorized) or of everything that is shown, in row order."""
    channels = matching_channels(wanted)
    if group_ids is not None:
        channels = channels.filter(in_groups(set(group_ids)))
    return ids_in_order(channels, wanted.sort)


def channel_streams(channel_ids: Collection[int]) -> dict[int, list[ChannelStream]]:
    """The streams of expanded channels in order, with stream and provider; one query."""
    found: dict[int, list[ChannelStream]] = {pk: [] for pk in channel_ids}
    links = (
        ChannelStream.objects.filter(channel_id__in=list(channel_ids))
        .select_related("stream__account")
        .only(*_LINK_FIELDS)
        .order_by("channel_id", "position", "pk")
    )
    for link in links:
        found[link.channel_id].append(link)
    return found


def search_channels(text: str, *, limit: int = 50) -> list[Channel]:
    """Channels for a picker: by number, then name."""
    channels = matching_channels(ChannelFilter(text=text)).select_related("group")
    return list(channels.order_by(F("number").asc(nulls_last=True), "name", "pk")[:limit])


# What rows show, and no more: entries carry search texts, accounts carry encrypted addresses.
_ROW_FIELDS = (
    *("name", "number", "group", "tvg_id", "gracenote_id", "logo_url"),
    *("is_hidden", "no_epg", "guide_entry", "guide_entry__name"),
)
_LINK_FIELDS = (
    "channel",
    "position",
    "stream__name",
    "stream__url",
    "stream__logo_url",
    "stream__is_stale",
    "stream__is_custom",
    "stream__account__name",
)


def _for_rows(channels: QuerySet[Channel]) -> QuerySet[Channel]:
    return channels.select_related("guide_entry").only(*_ROW_FIELDS)


# --- helpers ----------------------------------------------------------------------------------------------------------


def in_groups(group_ids: Collection[int]) -> Q:
    """Channels of these groups; 0 = Uncategorized."""
    inside = Q(group_id__in=set(group_ids) - {0})
    return inside | Q(group_id=None) if 0 in group_ids else inside


def shared_numbers() -> QuerySet[Any, Any]:
    numbers = Channel.objects.filter(number__isnull=False).order_by().values("number")
    return numbers.annotate(holders=Count("pk")).filter(holders__gt=1)
