"""The left pane as it is shown: groups, which of them are open, their rows, which channels are expanded.

The page, the answer to a search and the refresh after an edit are all made here, so they cannot differ.
"""

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from channels_app.channel_queries import ROWS_PER_PAGE, ChannelRow, RowPage, channel_streams, open_pages
from channels_app.group_summaries import GroupSummary, LineupSummary, found_groups, lineup_summary
from channels_app.pane_filters import ChannelFilter

GROUPS_PER_PAGE = 80
GROUPS_FOUND, ROWS_FOUND = 20, 28  # of a search or filter: all its groups are open, and it is asked for while typing
ROWS_AT_ONCE = 45  # rows that arrive with a first page or a search; further open groups load when they come into view
MOST_REFRESHED = 3000  # rows a refresh brings back at once


@dataclass
class GroupNode:
    """A group as it arrives. ``page`` None and ``is_open``: its rows load when it comes into view."""

    summary: GroupSummary
    is_open: bool = False
    page: RowPage | None = None


@dataclass
class ChannelTree:
    """``order`` changes whenever groups come, go or change places; ``next_groups`` is the offset of the groups not sent."""

    wanted: ChannelFilter
    summary: LineupSummary
    nodes: list[GroupNode]
    order: str
    next_groups: int | None = None


def channel_tree(
    wanted: ChannelFilter,
    *,
    open_groups: Sequence[int] = (),
    first_group: int = 0,
    groups: int | None = None,
    totals: bool = True,
) -> ChannelTree:
    """The pane for a first view. With a filter that narrows, every group is open: hits are seen at once.

    Without ``totals``, a search does not count the whole lineup: that would be a third of the time it takes.
    """
    groups = groups or (GROUPS_FOUND if wanted.narrows else GROUPS_PER_PAGE)
    is_search = wanted.narrows and not totals
    summary = found_groups(wanted, first=first_group, limit=groups) if is_search else lineup_summary(wanted)
    listed = summary.groups[first_group : first_group + groups]
    opened = set(open_groups)
    nodes = [GroupNode(item, is_open=bool(item.shown) and (wanted.narrows or item.pk in opened)) for item in listed]
    limits: dict[int, int] = {}
    room = ROWS_FOUND if wanted.narrows else ROWS_AT_ONCE
    for node in nodes:
        if node.is_open and room > 0:
            limits[node.summary.pk] = min(ROWS_PER_PAGE, max(room, 20))
            room -= min(node.summary.shown, limits[node.summary.pk])
    _fill(nodes, wanted, limits)
    following = first_group + groups if first_group + groups < len(summary.groups) else None
    return ChannelTree(wanted, summary, nodes, order_mark(summary), following)


def refreshed_tree(
    wanted: ChannelFilter,
    *,
    open_rows: Mapping[int, int],
    expanded: Sequence[int] = (),
    groups: int = GROUPS_PER_PAGE,
    only: Sequence[int] | None = None,
    known_order: str = "",
) -> tuple[ChannelTree, bool]:
    """The pane as it was left, with today's content: ``open_rows`` says how many rows of which groups were loaded.

    With ``only`` (groups) and an order that is still ``known_order``, just those groups are returned and the second value
    is True; otherwise the whole pane. Six to nine queries however much is open.
    """
    summary = lineup_summary(wanted)
    order = order_mark(summary)
    is_part = only is not None and order == known_order
    listed = summary.groups[: max(groups, GROUPS_PER_PAGE)]
    if is_part and only is not None:
        listed = [item for item in listed if item.pk in set(only)]
    nodes = [GroupNode(item, is_open=item.pk in open_rows) for item in listed]
    limits: dict[int, int] = {}
    room = MOST_REFRESHED
    for node in nodes:
        if node.is_open and room > 0:
            limits[node.summary.pk] = max(ROWS_PER_PAGE, min(open_rows[node.summary.pk], room))
            room -= limits[node.summary.pk]
    _fill(nodes, wanted, limits)
    following = None if len(summary.groups) <= max(groups, GROUPS_PER_PAGE) else max(groups, GROUPS_PER_PAGE)
    attach_streams([row for node in nodes if node.page for row in node.page.rows], expanded)
    return ChannelTree(wanted, summary, nodes, order, following), is_part


def order_mark(summary: LineupSummary) -> str:
    """A short fingerprint of which groups are listed and in which order."""
    return f"{zlib.crc32(','.join(str(item.pk) for item in summary.groups).encode()):08x}"


def attach_streams(rows: Iterable[ChannelRow], expanded: Collection[int]) -> None:
    """Give those rows that are expanded their streams; one query."""
    wanted = {row.channel.pk: row for row in rows if row.channel.pk in set(expanded)}
    for pk, links in (channel_streams(wanted) if wanted else {}).items():
        wanted[pk].links = links


def _fill(nodes: list[GroupNode], wanted: ChannelFilter, limits: Mapping[int, int]) -> None:
    shown = {node.summary.pk: node.summary.shown for node in nodes}
    pages = open_pages(wanted, limits, shown) if limits else {}
    for node in nodes:
        node.page = pages.get(node.summary.pk)
