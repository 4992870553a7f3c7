"""Another stream for one that a provider took away: the best candidate with one click, or chosen from a list."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from channels_app.arrange_streams import replace_stream
from channels_app.commands import ReplaceStream
from channels_app.errors import EditRefused
from channels_app.find_replacement import best_of, find_replacements
from channels_app.models import Channel
from channels_app.views.answers import dialog, tell
from channels_app.views.posted import id_in, parameters
from ecm_site.htmx import wants_partial
from ecm_site.wording import shortened


@require_http_methods(["GET", "POST"])
def replace(request: HttpRequest, channel_id: int) -> HttpResponse:
    """GET lists candidates; POST takes ``with``, or the best one when none is named."""
    values = parameters(request)
    lost_id, position = id_in(values, "stream") or 0, id_in(values, "position") or 0
    lost_name = values.get("name", "").replace("\x00", "")[:512]
    try:
        candidates = find_replacements(channel_id, lost_name, lost_id=lost_id)
        if request.method == "GET":
            context = {
                "candidates": candidates,
                "channel": Channel.objects.only("name").get(pk=channel_id),
                "lost_id": lost_id,
                "lost_name": lost_name,
                "position": position,
                "back": _back(request, values.get("back", "")),
                "action": reverse("channels:replace_stream", args=[channel_id]),
            }
            return dialog(request, "channels_app/_replace_stream.html", f"Replace “{shortened(lost_name)}”", context)
        chosen = id_in(values, "with") or best_of(candidates, lost_name)
        outcome = replace_stream(ReplaceStream(channel_id, lost_id, chosen, position))
    except EditRefused as refusal:
        messages.error(request, str(refusal))
        return _answer(request)
    tell(request, outcome)
    return _answer(request)


def _answer(request: HttpRequest) -> HttpResponse:
    if not wants_partial(request):
        return redirect(_back(request, request.POST.get("back", "")))
    response = trigger_client_event(HttpResponse(status=204), "dialog:close", {})
    return trigger_client_event(response, "lineup:changed", {})


def _back(request: HttpRequest, asked: str) -> str:
    """Where to go on: a page of ours, whatever the address asked for."""
    safe = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()})
    return asked if safe else reverse("channels:manager")
