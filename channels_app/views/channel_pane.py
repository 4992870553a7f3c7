"""Parts of the left pane: after a search, after an edit, rows of a group, streams of a channel, ids of a selection."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET
from django_htmx.http import reswap

from channels_app.channel_queries import (
    ROWS_PER_PAGE,
    channel_ids,
    channel_rows,
    channel_streams,
    rows_by_id,
)
from channels_app.channel_tree import GROUPS_PER_PAGE, GroupNode, attach_streams, channel_tree, refreshed_tree
from channels_app.finding.group_picker import group_choices
from channels_app.group_summaries import lineup_summary, lineup_totals
from channels_app.models import Channel
from channels_app.pane_filters import ChannelFilter, StreamFilter
from channels_app.targets import matching_count
from channels_app.views.manager import channel_pane_context, stream_pane_context
from channels_app.views.posted import ids_in, pairs_in


@require_GET
def tree(request: HttpRequest) -> HttpResponse:
    """The list after a search or filter, with the chips and the sentence for screen readers around it.

    The figures over the whole lineup follow by :func:`totals` when nothing more is typed.
    """
    wanted = ChannelFilter.read(request.GET)
    first = pairs_in(request.GET, "from")
    offset = min(next(iter(first), 0), 1_000_000)
    found = channel_tree(wanted, open_groups=ids_in(request.GET, "open"), first_group=offset, totals=False)
    template = "channels_app/_channel_groups.html" if offset else "channels_app/_channel_tree_answer.html"
    return render(request, template, _context(request, wanted, tree=found, announce=not offset))


@require_GET
def totals(request: HttpRequest) -> HttpResponse:
    """The figures at the top of the pane."""
    context = {"totals": lineup_totals(), "channels_url": reverse("channels:manager")}
    return render(request, "channels_app/_channel_total.html", context)


@require_GET
def refresh(request: HttpRequest) -> HttpResponse:
    """The list after an edit, as it was left: same groups open, same channels expanded; only what changed when that is known.

    ``channels``: just the headers of their groups, and those of their rows that the page shows (``rows``). ``only``: just
    those groups, if ``order`` (the order of groups that the page shows) still holds.
    """
    wanted = ChannelFilter.read(request.GET)
    expanded = ids_in(request.GET, "expanded")
    if "channels" in request.GET:
        return _refreshed_rows(request, wanted, expanded)
    found, is_part = refreshed_tree(
        wanted,
        open_rows=pairs_in(request.GET, "open"),
        expanded=expanded,
        groups=_groups_shown(request),
        only=ids_in(request.GET, "only") if "only" in request.GET else None,
        known_order=request.GET.get("order", ""),
    )
    context = _context(request, wanted, tree=found)
    if is_part:
        return _parts_only(render(request, "channels_app/_channel_groups_changed.html", context))
    return render(request, "channels_app/_channel_tree_answer.html", context)


def _refreshed_rows(request: HttpRequest, wanted: ChannelFilter, expanded: tuple[int, ...]) -> HttpResponse:
    changed = rows_by_id(ids_in(request.GET, "channels"), wanted)
    shown = set(ids_in(request.GET, "rows"))
    rows = [row for row in changed if row.channel.pk in shown]
    summary = lineup_summary(wanted)
    touched = {row.channel.group_id or 0 for row in changed}
    listed = summary.groups[: max(_groups_shown(request), GROUPS_PER_PAGE)]
    attach_streams(rows, expanded)
    opened = pairs_in(request.GET, "open")
    context = {
        "rows": rows,
        "summary": summary,
        "heads": [GroupNode(item, is_open=item.pk in opened) for item in listed if item.pk in touched],
    }
    return _parts_only(render(request, "channels_app/_channel_rows_changed.html", _context(request, wanted, **context)))


def _groups_shown(request: HttpRequest) -> int:
    """How many groups the page has loaded, from the first on."""
    text = request.GET.get("groups", "")
    return min(int(text), 100_000) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _parts_only(response: HttpResponse) -> HttpResponse:
    """Every part of the answer finds its own place; nothing goes into the place that was asked for."""
    return reswap(response, "none")


@require_GET
def group_rows(request: HttpRequest, group_id: int) -> HttpResponse:
    """A page of a group's rows."""
    wanted = ChannelFilter.read(request.GET)
    typed = request.GET.get("offset", "")
    offset = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0
    page = channel_rows(wanted, group_id, offset=min(offset, 10_000_000), limit=ROWS_PER_PAGE)
    return render(request, "channels_app/_channel_rows.html", _context(request, wanted, page=page))


@require_GET
def expanded_channel(request: HttpRequest, channel_id: int) -> HttpResponse:
    """The streams of one channel in their order."""
    channel = Channel.objects.filter(pk=channel_id).only("pk", "name").first()
    if channel is None:
        raise Http404
    links = channel_streams([channel_id])[channel_id]
    context = _context(request, ChannelFilter.read(request.GET), channel=channel, links=links)
    return render(request, "channels_app/_channel_streams.html", context)


@require_GET
def selected_ids(request: HttpRequest) -> JsonResponse:
    """Ids of all channels of some groups that pass the filter: what ticking a group's box selects."""
    return JsonResponse({"ids": channel_ids(ChannelFilter.read(request.GET), ids_in(request.GET, "of"))})


@require_GET
def matching(request: HttpRequest) -> JsonResponse:
    """How many channels match, over all groups and pages: what "select all matching" confirms."""
    return JsonResponse({"count": matching_count(ChannelFilter.read(request.GET))})


@require_GET
def options(request: HttpRequest) -> HttpResponse:
    """Choices of the group picker that match its own search: picked first, then natural order, with counts (10 §4)."""
    wanted = ChannelFilter.read(request.GET)
    text = request.GET.get("find", "").replace("\x00", "").strip()[:100]
    found = group_choices(wanted, text)
    return render(request, "channels_app/_channel_group_options.html", {"found": found})


def _context(request: HttpRequest, wanted: ChannelFilter, **values: Any) -> dict[str, Any]:
    shared = stream_pane_context(StreamFilter.read(request.GET))
    return {"page_size": GROUPS_PER_PAGE, **shared, **channel_pane_context(wanted), **values}
