"""The EPG Manager: one row per guide source, alive while something works (30 §2.1)."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ecm_site.htmx import render_page
from epg_app.mirror.guide_sources import KIND
from epg_app.source_rows import source_rows, source_total
from epg_app.views._answers import SOURCES
from tasks_app.mirror.state import is_connected
from tasks_app.mirror_pages.waits import waiting_rows


@require_safe
def sources(request: HttpRequest) -> HttpResponse:
    """The page, or for htmx just its list."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:255]
    rows = source_rows(text=text)
    context = SOURCES.list_context(request, rows, text=text, total=source_total()) | {
        "standard": [row for row in rows if not row.is_generated],
        "generated": [row for row in rows if row.is_generated],
        "can_refresh_all": any(row.can_refresh for row in rows),
        "is_connected": is_connected(),
        "waits": waiting_rows({KIND: [row.source.pk for row in rows]}),
    }
    return render_page(request, "epg_app/sources.html", "epg_app/_source_list.html", context)


@require_safe
def busy(request: HttpRequest) -> HttpResponse:
    """What the list asks while sources are busy."""
    return SOURCES.busy_parts(request, lambda ids: source_rows(ids=ids))
