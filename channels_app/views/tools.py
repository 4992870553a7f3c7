"""The left pane's own menu as a page (10 §5.4), and the list of keys (10 §5.5)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from channels_app.keys import SECTIONS
from channels_app.views.answers import dialog


@require_GET
def tools(request: HttpRequest) -> HttpResponse:
    """What the three dots of the left pane offer, for browsers without scripts."""
    return render(request, "channels_app/tools.html", {"channels_url": reverse("channels:manager")})


@require_GET
def keys(request: HttpRequest) -> HttpResponse:
    """Every key of the channel manager."""
    return dialog(request, "channels_app/_keys.html", "Keys", {"sections": SECTIONS})
