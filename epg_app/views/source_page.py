"""One guide source in full: how it stands, the report of its last refresh, its runs."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from epg_app.source_page import read_source_page
from tasks_app.mirror.state import is_connected


@require_safe
def source(request: HttpRequest, source_id: int) -> HttpResponse:
    """The page; it reloads its parts when the source's run has finished."""
    page = read_source_page(source_id)
    if page is None:
        raise Http404("There is no such guide.")
    context = {"page": page, "source": page.row.source, "row": page.row, "is_connected": is_connected()}
    return render(request, "epg_app/source.html", context)
