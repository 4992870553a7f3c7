"""Parts of the right pane: after a search, groups of a provider, streams of a group, marks, ids, choices of the filter."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from channels_app.pane_filters import StreamFilter
from channels_app.stream_queries import (
    ProviderNode,
    any_mapped,
    group_options,
    mapped_marks,
    provider_groups,
    selected_stream_ids,
    stream_rows,
    stream_tree,
)
from channels_app.views.manager import stream_pane_context
from channels_app.views.posted import ids_in

_MOST_MARKS = 2000


@require_GET
def tree(request: HttpRequest) -> HttpResponse:
    """The list after a search or filter. ``full``: count all hits, not just the first ones."""
    wanted = StreamFilter.read(request.GET)
    full = request.GET.get("full") == "1"
    context = {
        "stream_tree": stream_tree(wanted, full=full),
        "closed_providers": ids_in(request.GET, "closed"),
        "announce": not full,  # the same search is not read out twice
    }
    return render(request, "channels_app/_stream_tree_answer.html", _context(wanted, **context))


@require_GET
def provider(request: HttpRequest, account_id: int) -> HttpResponse:
    """A page of the groups of one provider."""
    wanted = StreamFilter.read(request.GET)
    node: ProviderNode = provider_groups(wanted, account_id, offset=_offset(request))
    return render(request, "channels_app/_stream_groups.html", _context(wanted, provider=node))


@require_GET
def group_rows(request: HttpRequest, account_id: int, group_id: int) -> HttpResponse:
    """A page of the streams of one group."""
    wanted = StreamFilter.read(request.GET)
    page = stream_rows(wanted, (account_id, group_id), offset=_offset(request))
    return render(request, "channels_app/_stream_rows.html", _context(wanted, page=page))


@require_POST
def marks(request: HttpRequest) -> HttpResponse:
    """The "mapped" marks of the streams that the page shows, after an edit. By POST because the list can be long."""
    stream_ids = ids_in(request.POST, "ids")[:_MOST_MARKS]
    found = mapped_marks(stream_ids)
    context = {
        "marks": [(stream_id, found.get(stream_id, ())) for stream_id in stream_ids],
        "has_mapped": any_mapped(),
        "channels_url": reverse("channels:manager"),
    }
    return render(request, "channels_app/_stream_marks.html", context)


@require_GET
def selected_ids(request: HttpRequest) -> JsonResponse:
    """Ids of all streams of one group that pass the filter: what ticking its box selects while a search is on."""
    account, _, group = request.GET.get("of", "").partition("-")
    if not (account.isascii() and account.isdigit() and group.isascii() and group.isdigit() and len(account + group) < 36):
        return JsonResponse({"ids": [], "more": False})
    ids, more = selected_stream_ids(StreamFilter.read(request.GET), (int(account), int(group)))
    return JsonResponse({"ids": ids, "more": more})


@require_GET
def options(request: HttpRequest) -> HttpResponse:
    """Choices of the group filter that match its own search."""
    wanted = StreamFilter.read(request.GET)
    text = request.GET.get("find", "").replace("\x00", "").strip()[:100]
    return render(request, "channels_app/_stream_group_options.html", {"options": group_options(wanted, text), "text": text})


def _offset(request: HttpRequest) -> int:
    text = request.GET.get("offset", "")
    return min(int(text), 10_000_000) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _context(wanted: StreamFilter, **values: Any) -> dict[str, Any]:
    return {"channels_url": reverse("channels:manager"), **stream_pane_context(wanted), **values}
