"""The guide entries that the edit dialog offers for a channel (10 §7.2)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from channels_app.views.posted import ids_in
from epg_app.find_entries import search_entries

_FOUND = 100


@require_GET
def guide_entries(request: HttpRequest) -> HttpResponse:
    """Hits of the dialog's guide search, best source first; without words the first. ``guide_suffix``: ids ending so."""
    text = request.GET.get("guide_find", "").replace("\x00", "")[:200]
    suffix = request.GET.get("guide_suffix", "").replace("\x00", "").strip()[:60]
    found = search_entries(text, source_ids=ids_in(request.GET, "guide_source"), suffix=suffix, limit=_FOUND)
    context: dict[str, object] = {"found": found, "find": " ".join(filter(None, (text.strip(), suffix)))}
    context["more"] = max(0, found.total - len(found.entries))
    return render(request, "channels_app/_guide_entries.html", context)
