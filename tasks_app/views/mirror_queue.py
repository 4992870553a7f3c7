"""What waits for the server: the list, one change, and the answers to what cannot be delivered."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from ecm_site.htmx import render_page
from tasks_app.models import OutboxEntry


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    rows = OutboxEntry.objects.order_by("queued_at", "pk")[:100]
    return render(request, "tasks_app/mirror/queue.html", {"rows": rows})


@require_safe
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(OutboxEntry, pk=pk)
    return render_page(request, "tasks_app/mirror/entry.html", "tasks_app/mirror/_entry.html", {"row": row})
