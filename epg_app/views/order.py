"""Puts guide sources into order (30 §2.3): rows are dragged or moved by buttons, and saved as one operation."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from ecm_site.typed_numbers import numbers_in
from epg_app.edit_source import reorder_sources
from epg_app.models import GuideSource
from epg_app.views._answers import dialog, say


def order(request: HttpRequest) -> HttpResponse:
    """GET shows the list. POST saves the order of ``order`` (ids), or shows it again with one row moved: ``up`` or
    ``down`` names it, for browsers without scripts."""
    sources = list(GuideSource.objects.only("id", "name", "priority", "is_active", "source_type"))
    if request.method != "POST":
        return _show(request, sources)
    wanted = numbers_in(request.POST.getlist("order"))
    for key, step in (("up", -1), ("down", 1)):
        if key in request.POST:
            return _show(request, _moved(_in_order(sources, wanted), request.POST[key], step))
    entry_id = reorder_sources(wanted)
    if entry_id is None:
        return say(request, None, messages.INFO, "The order stays as it was.")
    return say(request, None, messages.SUCCESS, "Saved the order of the guides.", undo=entry_id)


def _in_order(sources: list[GuideSource], wanted: list[int]) -> list[GuideSource]:
    places = {pk: place for place, pk in enumerate(wanted)}
    return sorted(sources, key=lambda source: places.get(source.pk, len(places)))


def _moved(sources: list[GuideSource], source_id: str, step: int) -> list[GuideSource]:
    place = next((index for index, source in enumerate(sources) if str(source.pk) == source_id), -1)
    other = place + step
    if place >= 0 and 0 <= other < len(sources):
        sources[place], sources[other] = sources[other], sources[place]
    return sources


def _show(request: HttpRequest, sources: list[GuideSource]) -> HttpResponse:
    return dialog(request, "epg_app/_order.html", {"sources": sources}, title="Order of the guide sources")
