"""Streams onto channels: by drag, by the "Add to channel" dialog, and their order inside a channel (10 §9.1)."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from channels_app.arrange_streams import add_streams, remove_streams, reorder_streams, stream_ids_of
from channels_app.bulk_options import Selection
from channels_app.bulk_streams import read_selection
from channels_app.channel_from_stream import NumberTaken, create_channel_from_stream
from channels_app.channel_queries import search_channels
from channels_app.commands import AddStreams, RemoveStreams, ReorderStreams
from channels_app.errors import EditRefused
from channels_app.views.answers import carried_out, dialog, edited, refused
from channels_app.views.posted import id_in, ids_in, parameters
from ecm_site.htmx import wants_partial
from ecm_site.wording import counted

_FOUND = 50


@require_POST
def add(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Streams dropped onto a channel, or sent to it from a menu."""
    stream_ids = _selected(request)

    def act() -> HttpResponse:
        outcome = add_streams(AddStreams(channel_id, stream_ids))
        return edited(request, outcome, channels=[channel_id], streams=outcome.added)

    return carried_out(request, act)


@require_POST
def remove(request: HttpRequest, channel_id: int) -> HttpResponse:
    stream_ids = ids_in(request.POST, "stream")
    command = RemoveStreams(channel_id, stream_ids)
    return carried_out(request, lambda: edited(request, remove_streams(command), channels=[channel_id], streams=stream_ids))


@require_POST
def reorder(request: HttpRequest, channel_id: int) -> HttpResponse:
    """The whole list in its new order."""
    command = ReorderStreams(channel_id, ids_in(request.POST, "stream"))
    return carried_out(request, lambda: edited(request, reorder_streams(command), channels=[channel_id]))


@require_POST
def step(request: HttpRequest, channel_id: int, stream_id: int) -> HttpResponse:
    """One place up or down: the way without dragging."""
    order = stream_ids_of(channel_id)

    def act() -> HttpResponse:
        if stream_id not in order:
            raise EditRefused("This stream is not on the channel any more.")
        at = order.index(stream_id)
        to = max(0, at - 1) if request.POST.get("direction") == "up" else min(len(order) - 1, at + 1)
        order.insert(to, order.pop(at))
        return edited(request, reorder_streams(ReorderStreams(channel_id, tuple(order))), channels=[channel_id])

    return carried_out(request, act)


@require_POST
def create_channel(request: HttpRequest) -> HttpResponse:
    """One stream dropped onto a group becomes a channel at once; when its number is taken, bulk creation asks what to do."""
    stream_ids, group_id = ids_in(request.POST, "stream"), id_in(request.POST, "group")
    if len(stream_ids) != 1:
        return refused(request, EditRefused("Choose one stream, or create several channels with the dialog."))

    def act() -> HttpResponse:
        try:
            outcome = create_channel_from_stream(stream_ids[0], group_id)
        except NumberTaken:
            return _ask_bulk_creation(request, stream_ids[0], group_id)
        return edited(request, outcome, groups=[group_id], streams=stream_ids, reveal=outcome.channel_ids[0])

    return carried_out(request, act)


@require_http_methods(["GET", "POST"])
def add_to_channel(request: HttpRequest) -> HttpResponse:
    """The dialog that finds a channel for the selected streams. Asked for by POST when the selection is long."""
    values = parameters(request)
    context = {
        "stream_ids": ",".join(map(str, ids_in(values, "stream"))),
        "group_ids": ",".join(map(str, ids_in(values, "stream_group"))),
        "excluded_ids": ",".join(map(str, ids_in(values, "except"))),
        "channels": search_channels(values.get("find", ""), limit=_FOUND),
        "find": values.get("find", ""),
        "action": reverse("channels:add_to_channel"),
    }
    count = values.get("count", "")
    title = f"Add {counted(int(count), 'stream')} to a channel" if count.isdigit() and len(count) < 9 else "Add to a channel"
    return dialog(request, "channels_app/_add_to_channel.html", title, context)


@require_GET
def find_channels(request: HttpRequest) -> HttpResponse:
    """The hits of that dialog's search."""
    text = request.GET.get("find", "").replace("\x00", "").strip()[:200]
    return render(request, "channels_app/_found_channels.html", {"channels": search_channels(text, limit=_FOUND), "find": text})


def _ask_bulk_creation(request: HttpRequest, stream_id: int, group_id: int | None) -> HttpResponse:
    values = {"stream": stream_id, "group": group_id or 0}
    if wants_partial(request):
        return trigger_client_event(HttpResponse(status=204), "lineup:ask", values)
    return redirect(f"{reverse('channels:bulk_create')}?{urlencode(values)}")


def _selected(request: HttpRequest) -> tuple[int, ...]:
    """Single streams first, then all of whole groups, without those that were un-ticked inside them."""
    single, groups = ids_in(request.POST, "stream"), ids_in(request.POST, "stream_group")
    if not groups:
        return single
    selection = Selection(single, groups, excluded_ids=frozenset(ids_in(request.POST, "except")))
    found = [row.id for section in read_selection(selection).sections for row in section.streams]
    return tuple(dict.fromkeys([*single, *found]))
