"""What is being watched on the server: the strip of open pages, and a page with all of it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ecm_site.htmx import wants_partial
from tasks_app.mirror_pages.header import server_mark
from tasks_app.mirror_pages.live import live_status, look


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Looking asks for a fresh answer, which the next look shows. The strip gets nothing (204) while it looks the same."""
    is_connected = server_mark(request) is not None
    if is_connected:
        look()
    found = live_status()
    if not wants_partial(request):
        return render(request, "tasks_app/mirror/live.html", {"live": found, "is_connected": is_connected})
    if not is_connected:
        return HttpResponse("")  # disconnected meanwhile: the strip goes
    if request.GET.get("seen") == found.token:
        return HttpResponse(status=204)
    return render(request, "tasks_app/mirror/_live.html", {"live": found, "asks_at_once": False})
