"""The journal as a download, with the filters of the page (50 §2.3, §16)."""

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from tasks_app.forms import JournalFilterForm
from tasks_app.journal_export import csv_lines, json_lines
from tasks_app.journal_walk import walk

_WRITERS = {"csv": (csv_lines, "text/csv; charset=utf-8"), "json": (json_lines, "application/json")}


@require_GET
def journal_export(request: HttpRequest, form: str) -> HttpResponseBase:
    """All entries that the filters in the address leave; ``form`` is csv or json. 422 when a filter cannot be read."""
    filters = JournalFilterForm(request.GET)
    if not filters.is_valid():
        return render(request, "tasks_app/journal_export_refused.html", {"form": filters}, status=422)
    write, content_type = _WRITERS[form]
    answer = StreamingHttpResponse(write(walk(filters.filter())), content_type=content_type)
    name = f"ecm-journal-{timezone.localtime():%Y-%m-%d-%H%M}.{form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Accel-Buffering"] = "no"  # a proxy shall pass it on as it comes
    return answer
