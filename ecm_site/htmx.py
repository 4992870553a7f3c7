"""The one place that decides between page and partial (DESIGN §6)."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event
from django_htmx.middleware import HtmxDetails


def wants_partial(request: HttpRequest) -> bool:
    """True for an htmx request that swaps a part; a restored history entry always needs the whole page."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.history_restore_request and not htmx.boosted


def render_page(request: HttpRequest, page: str, partial: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Render ``partial`` for htmx and ``page`` (which includes it) for everybody else."""
    return render(request, partial if wants_partial(request) else page, context, status=status)


def render_dialog(
    request: HttpRequest,
    partial: str,
    context: dict[str, Any],
    *,
    title: str,
    heading: str = "",
    page: str = "dialog_page.html",
    status: int = 200,
) -> HttpResponse:
    """Render ``partial`` as a dialog for htmx, and for everybody else in a card on a page of its own.

    That ``page`` extends ``dialog_page.html`` where an app's dialogs need style sheets or scripts. Its ``heading`` is the
    title unless given.
    """
    values = {**context, "title": title, "heading": heading or title, "partial": partial}
    return render_page(request, page, partial, values, status)


def done(request: HttpRequest, url: str, *events: str) -> HttpResponse:
    """Answer a form that succeeded: htmx closes the dialog and tells the page what changed; a plain form goes to ``url``, and
    so does one that htmx sent from a page of its own, where no dialog could be closed."""
    if not wants_partial(request):
        return redirect(url)
    if _is_sent_from_its_own_page(request) and urlsplit(url).path != request.path:
        return HttpResponseClientRedirect(url)
    response = HttpResponse(status=204)
    trigger_client_event(response, "dialog:close", {})
    for event in events:
        trigger_client_event(response, event, {})
    return response


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """Answer a form after which the whole page is another one, not only what the dialog covers."""
    return HttpResponseClientRedirect(url) if wants_partial(request) else redirect(url)


def _is_sent_from_its_own_page(request: HttpRequest) -> bool:
    """Whether the dialog's address is what the browser shows: opened by a bookmark, or in another tab."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    shown = htmx.current_url_abs_path if htmx else None
    return shown is not None and urlsplit(shown).path == request.path
