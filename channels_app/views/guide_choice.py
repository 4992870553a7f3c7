"""The guide entries that the edit dialog offers for a channel (10 §7.2)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from channels_app.views.posted import ids_in
from epg_app.find_entries import search_entries

_FOUND = 50


@require_GET
def guide_entries(request: HttpRequest) -> HttpResponse:
    """Hits of the dialog's guide search, best source first; without words the first entries."""
    text = request.GET.get("guide_find", "").replace("\x00", "")[:200]
    found = search_entries(text, source_ids=ids_in(request.GET, "guide_source"), limit=_FOUND)
    context = {"found": found, "find": text.strip(), "more": max(0, found.total - len(found.entries))}
    return render(request, "channels_app/_guide_entries.html", context)
