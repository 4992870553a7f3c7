"""The page "Changes": what providers added, took away and changed, and when (20 §10.4)."""

from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from ecm_site.htmx import render_page
from ecm_site.typed_numbers import number_in
from m3u_app.changes.export import csv_lines
from m3u_app.changes.filters import RANGES
from m3u_app.changes.find_text import MOST_FOUND, find_text
from m3u_app.changes.forms import ChangeFilterForm, account_choices
from m3u_app.changes.models import Change, ChangeType
from m3u_app.changes.queries import PAGE_SIZES, Summary, change_page, has_any_change, summarise, type_choices
from m3u_app.changes.sorted_page import SORTS
from m3u_app.changes.stream_lines import FIRST_LINES, MORE_LINES, stream_lines
from m3u_app.changes.timeline import HEIGHT, MIDDLE, WIDTH, timelines

SORT_LABELS = {
    "time": "Time",
    "account": "Account",
    "type": "Change",
    "group": "Group",
    "count": "Count",
    "enabled": "State",
}
COLUMNS = [(key, SORT_LABELS[key]) for key in SORTS]
LARGEST_OFFSET = 10_000_000


@dataclass(frozen=True)
class Card:
    """A figure above the list; a click on it shows its changes only."""

    type: str
    label: str
    icon: str
    colour: str = ""
    number: int = 0


@require_GET
def changes(request: HttpRequest) -> HttpResponse:
    """Cards, charts and a page of changes; all obey the same filters, which stand in the address."""
    now = timezone.now()
    form = ChangeFilterForm(request.GET)
    values, wanted = form.values(), form.filter(now)
    wanted, is_cut = find_text(wanted)
    summary = summarise(wanted)
    page = change_page(
        wanted,
        summary.rows,
        sort=values["sort"],
        descending=values["order"] == "desc",
        number=values["page"],
        size=values["size"],
    )
    context = {
        "values": values,
        "summary": summary,
        "most_found": MOST_FOUND if is_cut else 0,
        "cards": _cards(summary),
        "page": page,
        "timelines": timelines(wanted, now=now),
        "chart": {"width": WIDTH, "height": HEIGHT, "middle": MIDDLE},
        "accounts": account_choices(),
        "types": type_choices(),
        "ranges": [(key, label) for key, (label, _) in RANGES.items()],
        "sizes": PAGE_SIZES,
        "columns": COLUMNS,
        "is_recorded": bool(summary.rows) or has_any_change(),
    }
    return render_page(request, "m3u_app/changes.html", "m3u_app/_changes.html", context)


@require_GET
def streams(request: HttpRequest, change_id: int) -> HttpResponse:
    """The streams behind a line: the first few, then on request the others, a portion at a time."""
    change = get_object_or_404(
        Change.objects.select_related("account", "batch").defer("names", "batch__snapshot"), pk=change_id
    )
    start = min(number_in(request.GET.get("offset"), figures=11) or 0, LARGEST_OFFSET)
    text = request.GET.get("q", "")[:200]
    found = stream_lines(change, text=text, offset=start, limit=MORE_LINES if start else FIRST_LINES)
    context = {"change": change, "found": found, "text": text, "is_more": start > 0}
    partial = "m3u_app/_change_lines.html" if start else "m3u_app/_change.html"
    if start and not getattr(request, "htmx", False):
        partial = "m3u_app/_change.html"
    return render_page(request, "m3u_app/change.html", partial, context | {"partial": partial})


@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """What the filter shows, as CSV, written while it is read."""
    wanted = ChangeFilterForm(request.GET).filter(timezone.now())
    found = wanted.changes().select_related("account").defer("names").order_by("-at", "-id").iterator(chunk_size=500)
    response = StreamingHttpResponse(csv_lines(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="changes.csv"'
    return response


def _cards(summary: Summary) -> list[Card]:
    looks = (
        Card(ChangeType.GROUP_ADDED, "Groups added", icon="folder-plus", colour="text-success"),
        Card(ChangeType.GROUP_REMOVED, "Groups removed", icon="folder-minus", colour="text-danger"),
        Card(ChangeType.STREAMS_ADDED, "Streams added", icon="plus", colour="text-success"),
        Card(ChangeType.STREAMS_REMOVED, "Streams removed", icon="minus", colour="text-danger"),
        Card(ChangeType.STREAMS_RENAMED, "Streams renamed", icon="pencil"),
        Card(ChangeType.STREAMS_MOVED, "Streams moved", icon="arrows-exchange"),
    )
    return [replace(card, number=summary.of(card.type)) for card in looks]
