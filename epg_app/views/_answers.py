"""Answers that several guide pages share."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from ecm_site.htmx import done, render_dialog
from epg_app.find_source import find_source
from epg_app.models import GuideSource


def source_or_404(source_id: int) -> GuideSource:
    """The source; 404 when there is none."""
    try:
        return find_source(source_id)
    except GuideSource.DoesNotExist:
        raise Http404("There is no such guide.") from None


def back_to(request: HttpRequest, source_id: int | None = None) -> str:
    """Where a plain form goes on: the guide's own page when it came from there, else the list."""
    if source_id is not None and request.POST.get("back") == "source":
        return reverse("guide:source", args=[source_id])
    return reverse("guide:sources")


def say(request: HttpRequest, source_id: int | None, level: int, text: str, *, undo: int | None = None) -> HttpResponse:
    """Toast a sentence, tell the page that guides changed, and close the dialog."""
    messages.add_message(request, level, text, extra_tags=f"undo:{undo}" if undo else "")
    return done(request, back_to(request, source_id), "guides:changed")


def dialog(request: HttpRequest, partial: str, context: dict[str, Any], *, title: str, status: int = 200) -> HttpResponse:
    """A dialog, or the same on a page of its own for a plain request."""
    return render_dialog(
        request, partial, context, title=title, heading="EPG Manager", page="epg_app/dialog_page.html", status=status
    )
