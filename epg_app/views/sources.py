"""The EPG Manager: one row per guide source, alive while something works (30 §2.1)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from ecm_site.htmx import render_page, wants_partial
from epg_app.mirror.guide_sources import KIND
from epg_app.source_rows import source_rows, source_total
from tasks_app.mirror.state import is_connected
from tasks_app.mirror_pages.waits import waiting_rows

MAX_POLLED = 200
SEARCH_FROM = 8
"""Lists shorter than this are seen at a glance; a search box would be in the way."""


@require_safe
def sources(request: HttpRequest) -> HttpResponse:
    """The page, or for htmx just its list."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:255]
    total = source_total()
    rows = source_rows(text=text)
    context = {
        "rows": rows,
        "standard": [row for row in rows if not row.is_generated],
        "generated": [row for row in rows if row.is_generated],
        "busy": [row for row in rows if row.is_busy],
        "q": text,
        "total": total,
        "offers_search": total >= SEARCH_FROM or bool(text),
        "is_partial": wants_partial(request),
        "can_refresh_all": any(row.can_refresh for row in rows),
        "is_connected": is_connected(),
        "waits": waiting_rows({KIND: [row.source.pk for row in rows]}),
    }
    return render_page(request, "epg_app/sources.html", "epg_app/_source_list.html", context)


@require_safe
def busy(request: HttpRequest) -> HttpResponse:
    """What the page asks every two seconds while sources named by ``id`` are busy.

    Answers just the moving parts; as soon as one of them is done, the page is told to load the whole list.
    """
    asked = {int(text) for text in request.GET.getlist("id")[:MAX_POLLED] if text.isdecimal() and len(text) < 19}
    rows = source_rows(ids=asked)
    still = [row for row in rows if row.is_busy]
    finished = [row for row in rows if not row.is_busy]
    vanished = len(asked) - len(rows)
    response = render(request, "epg_app/_busy.html", {"busy": still, "finished": finished, "vanished": vanished})
    if finished or vanished:
        trigger_client_event(response, "guides:changed", {})
    return response
