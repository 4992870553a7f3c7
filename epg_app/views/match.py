"""The mirrored server's own guide matching: what it will look at, then the run (30 §8.11)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from epg_app.guideless import guideless_channels
from epg_app.mirror.match_on_server import request_match
from epg_app.views._answers import dialog, say
from tasks_app.engine import AlreadyRunning
from tasks_app.mirror.state import is_connected


def match(request: HttpRequest) -> HttpResponse:
    """GET shows how many channels have no guide; POST lets the server look for theirs."""
    if not is_connected():
        return say(request, None, messages.INFO, "No Dispatcharr server is connected: there is nobody to match guides.")
    guideless = guideless_channels()
    if request.method != "POST":
        return dialog(request, "epg_app/_match.html", {"guideless": guideless}, title="Let Dispatcharr match guides")
    if not guideless.ids:
        return say(request, None, messages.INFO, "Every channel that may have a guide has one.")
    try:
        request_match()
    except AlreadyRunning:
        return say(request, None, messages.INFO, "Dispatcharr is looking for guides already.")
    return say(request, None, messages.SUCCESS, "Dispatcharr looks for guides. What it finds is brought over afterwards.")
