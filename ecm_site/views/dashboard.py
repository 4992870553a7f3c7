"""The dashboard: how everything is doing, and what to do next."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels_app.publishing.overview import addresses, publish_state
from channels_app.publishing.player_addresses import TOKEN_PLACEHOLDER
from ecm_site.conf import get_settings, save_settings
from ecm_site.getting_started import progress
from ecm_site.htmx import render_page
from ecm_site.overview import overview


@never_cache
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """While something runs the page asks for its lower part again every few seconds."""
    hidden = get_settings().getting_started_hidden
    context = {
        "overview": overview(),
        "steps": [] if hidden else progress().steps,
        "published": publish_state(),
        **_player_base(request),
    }
    return render_page(request, "ecm_site/dashboard.html", "ecm_site/_overview.html", context)


def _player_base(request: HttpRequest) -> dict[str, object]:
    """Where players find the lineup; other devices cannot use the 127.0.0.1 that this browser may have typed."""
    known = addresses(request)
    base = known["loopback_hint"] or known["base"]
    return {
        "player_base": f"{base}/t/{TOKEN_PLACEHOLDER}" if known["needs_token"] else base,
        "needs_token": known["needs_token"],
    }


@require_POST
def hide_getting_started(request: HttpRequest) -> HttpResponse:
    save_settings(getting_started_hidden=True)
    return redirect("dashboard")
