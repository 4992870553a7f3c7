"""What a page is told about its draft: that it cannot be used, is being applied, or went on in another tab."""

from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import HttpResponseClientRefresh, trigger_client_event

from channels_app.models import Draft
from ecm_site.full_disk import full_disk, is_full_disk
from ecm_site.htmx import wants_partial

HEADER = "X-Draft"
"""Sent by the channel manager's scripts: the id of the draft that the page shows, 0 for the lineup itself."""

MANAGER = "channels:manager"


def is_for_another_draft(request: HttpRequest, draft: Draft | None) -> bool:
    """Whether the page was made before edit mode began or ended in another tab: its edit must not go somewhere unseen."""
    return shows_another_draft(request, draft.pk if draft else 0)


def shows_another_draft(request: HttpRequest, draft_id: int) -> bool:
    shown = request.headers.get(HEADER)
    return shown is not None and shown != str(draft_id)


def edit_mode_changed(request: HttpRequest) -> HttpResponse:
    messages.warning(request, "Edit mode began or ended in another tab. The page shows the lineup as it is now; try again.")
    return HttpResponseClientRefresh()


def busy(request: HttpRequest, reason: str) -> HttpResponse:
    """The draft cannot be changed now; a plain request goes back to the page, which says how things stand."""
    return not_stored(request, reason)


def not_stored(request: HttpRequest, reason: str) -> HttpResponse:
    messages.error(request, reason)
    if not wants_partial(request):
        return redirect(MANAGER)
    response = trigger_client_event(HttpResponse(status=204), "dialog:close", {})
    return trigger_client_event(response, "lineup:changed", {})


def unusable(request: HttpRequest, draft: Draft, reason: str) -> HttpResponse:
    """A page that offers the ways out, in place of what was asked for."""
    if wants_partial(request):
        return HttpResponseClientRefresh()
    return render(request, "channels_app/drafts/unusable.html", {"draft": draft, "reason": reason}, status=409)


def reason_for(error: DatabaseError) -> str:
    """Why nothing could be stored, for failures that are nobody's mistake; "" for all others."""
    if is_full_disk(error):
        return full_disk(then="try again: the edit was not stored, and your draft is as it was.")
    if "database is locked" in str(error):
        return "Your draft is busy with another edit. Wait a moment, then try again."
    return ""
