"""Guide channels: a searched list, and one of them with its programmes (30 §7)."""

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ecm_site.htmx import render_page
from ecm_site.typed_numbers import number_in
from epg_app.entry_rows import list_entries, read_entry_page
from epg_app.models import GuideEntry, GuideSource
from tasks_app.mirror.state import is_connected


@require_safe
def entries(request: HttpRequest) -> HttpResponse:
    """Guide channels with every word of ``q``, a hundred a page; ``source`` restricts to one guide."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    source_id = number_in(request.GET.get("source"), figures=9)
    sources = list(GuideSource.objects.only("id", "name", "is_active"))
    chosen = next((source for source in sources if source.pk == source_id), None)
    found = list_entries(text, source_id=chosen.pk if chosen else None, page=number_in(request.GET.get("page"), figures=9) or 1)
    context = {"found": found, "q": text, "sources": sources, "chosen": chosen, "now": timezone.now()}
    return render_page(request, "epg_app/entries.html", "epg_app/_entry_list.html", context)


@require_safe
def entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    """One guide channel and the programmes of a day (``day``, by default today)."""
    found = GuideEntry.objects.filter(pk=entry_id).defer("search_text", "source__url", "source__password")
    row = found.select_related("source").first()
    if row is None:
        raise Http404("There is no such guide channel.")
    page = read_entry_page(row, _day(request.GET.get("day", "")))
    context = {
        "page": page,
        "entry": row,
        "is_connected": is_connected(),
        "now": timezone.now(),
        "today": timezone.localdate(),
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, "epg_app/entry.html", context)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
