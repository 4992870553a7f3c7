"""The page "Server": whether the mirrored server answers, the last pull of each kind, "Sync now"; and the header's mark."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tasks_app.mirror.state import mirror_state
from tasks_app.mirror_pages.header import server_mark


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "tasks_app/mirror/home.html", {"state": mirror_state()})


@never_cache
@require_safe
def mark(request: HttpRequest) -> HttpResponse:
    """The header's mark for a page that is open; nothing (204) while it looks the same."""
    found = server_mark(request)
    if request.GET.get("seen") == (found.token if found else ""):
        return HttpResponse(status=204)
    return render(request, "tasks_app/mirror/_mark.html", {"mark": found})
