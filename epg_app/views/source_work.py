"""Buttons that start, stop and switch: refresh, refresh all, cancel, enable, disable, accept a smaller guide."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from epg_app.edit_source import toggle_source
from epg_app.request_refresh import RefreshRefused, cancel_refresh, request_refresh, request_refresh_all
from epg_app.source_rows import read_smaller
from epg_app.views._answers import dialog, say, source_or_404
from tasks_app.engine import AlreadyRunning


@require_POST
def refresh(request: HttpRequest, source_id: int) -> HttpResponse:
    """Queue a refresh; a second one while the first runs is answered "already running" (30 §3.1)."""
    source = source_or_404(source_id)
    try:
        request_refresh(source_id)
    except AlreadyRunning:
        return say(request, source_id, messages.INFO, f"“{source.name}” is already being refreshed.")
    except RefreshRefused as refusal:
        return say(request, source_id, messages.WARNING, str(refusal))
    return say(request, source_id, messages.SUCCESS, f"Refreshing “{source.name}”.")


@require_POST
def refresh_all(request: HttpRequest) -> HttpResponse:
    """Queue one run that refreshes every guide that is switched on."""
    try:
        request_refresh_all()
    except AlreadyRunning:
        return say(request, None, messages.INFO, "All guides are being refreshed already.")
    except RefreshRefused as refusal:
        return say(request, None, messages.WARNING, str(refusal))
    return say(request, None, messages.SUCCESS, "Refreshing all guides, one after the other.")


@require_POST
def cancel(request: HttpRequest, source_id: int) -> HttpResponse:
    """Ask what works on the source to stop; the guide stays as it was before."""
    source = source_or_404(source_id)
    if cancel_refresh(source_id):
        return say(request, source_id, messages.INFO, f"Stopping the refresh of “{source.name}”.")
    return say(request, source_id, messages.INFO, f"Nothing is running for “{source.name}” any more.")


@require_POST
def toggle(request: HttpRequest, source_id: int) -> HttpResponse:
    """Switch on (``active=1``) or off."""
    if source_or_404(source_id).deleting_since is not None:
        return say(request, source_id, messages.WARNING, "This guide is being deleted. It cannot be switched on or off.")
    active = request.POST.get("active") == "1"
    source, entry_id = toggle_source(source_id, active=active)
    word = "enabled" if active else "disabled"
    if entry_id is None:
        return say(request, source_id, messages.INFO, f"“{source.name}” was {word} already.")
    return say(request, source_id, messages.SUCCESS, f"“{source.name}” is {word}.", undo=entry_id)


def accept_smaller(request: HttpRequest, source_id: int) -> HttpResponse:
    """GET shows how much smaller the waiting guide is; POST refreshes once more and takes what comes."""
    source = source_or_404(source_id)
    smaller = read_smaller(source.held_back)
    if smaller is None:
        return say(request, source_id, messages.INFO, f"No smaller guide of “{source.name}” waits for an answer.")
    if request.method != "POST":
        context = {"source": source, "smaller": smaller}
        return dialog(request, "epg_app/_accept_smaller.html", context, title="Smaller guide")
    try:
        request_refresh(source_id, accept_smaller=True)
    except AlreadyRunning:
        text = f"“{source.name}” is being refreshed already. Look again when it has finished."
        return say(request, source_id, messages.INFO, text)
    except RefreshRefused as refusal:
        return say(request, source_id, messages.WARNING, str(refusal))
    text = f"Refreshing “{source.name}”; this time the smaller guide is accepted."
    return say(request, source_id, messages.SUCCESS, text)
