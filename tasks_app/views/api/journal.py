"""The journal for programs (50 §2.3)."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from tasks_app import journal_purge, journal_tally
from tasks_app.api_shapes import moment
from tasks_app.journal_export import entry_shape
from tasks_app.journal_pages import page_of_entries, total_of
from tasks_app.journal_query import read_query
from tasks_app.views.api.answers import Refused, whole


def list_entries(request: HttpRequest) -> HttpResponse:
    """A page of entries, newest first. A batch that nobody knows is an empty list."""
    query = read_query(request.GET.dict())
    count = total_of(query.wanted)
    entries = page_of_entries(query.wanted, number=query.page, size=query.page_size)
    return JsonResponse(
        {
            "count": count,
            "page": query.page,
            "page_size": query.page_size,
            "total_pages": max(1, -(-count // query.page_size)),
            "results": [entry_shape(entry) for entry in entries],
        }
    )


def show_statistics(request: HttpRequest) -> HttpResponse:
    figures = journal_tally.statistics()
    return JsonResponse(
        {
            "total": figures.total,
            "by_category": figures.categories,
            "by_action": figures.actions,
            "oldest": moment(figures.oldest),
            "newest": moment(figures.newest),
        }
    )


def purge(request: HttpRequest) -> HttpResponse:
    """``?days=90``: forget what is older. For administrators; leaves an entry that says so."""
    if not request.user.is_staff:
        raise Refused(403, "Only administrators may delete journal entries.")
    days = whole(request, "days", journal_purge.DEFAULT_DAYS, journal_purge.SHORTEST_DAYS, journal_purge.LONGEST_DAYS)
    deleted = journal_purge.purge(timezone.now() - timedelta(days=days), days)
    return JsonResponse({"deleted": deleted, "days": days})
