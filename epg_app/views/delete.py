"""Deleting a guide source: first what goes away, then the deed (30 §2.2)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from epg_app.delete_source import Deletion, preview_deletion, request_deletion
from epg_app.source_lock import SourceBusy
from epg_app.views._answers import SOURCES, dialog, say, source_or_404
from tasks_app.mirror.state import is_connected


def delete(request: HttpRequest, source_id: int) -> HttpResponse:
    """GET shows counts and the channels that lose their guide; POST deletes, in the background when it is much."""
    source = source_or_404(source_id)
    if request.method != "POST":
        context = {
            "feed": source,
            "action": request.path,
            "back": SOURCES.back_to(request),
            "preview": preview_deletion(source_id),
            "is_connected": is_connected(),
        }
        return dialog(request, "epg_app/_delete.html", context, title="Delete guide source")
    try:
        outcome = request_deletion(source_id)
    except SourceBusy as busy:  # a refresh began in the very moment of deleting
        return say(request, None, messages.WARNING, f"{busy} Delete it again in a moment.")
    if isinstance(outcome, Deletion):
        text = f"Deleted “{outcome.name}” with {outcome.entries:,} guide channels and {outcome.programmes:,} programmes."
    else:
        text = f"“{source.name}” is being deleted in the background."
    return say(request, None, messages.SUCCESS, text)
