"""Answers that several account pages share."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from ecm_site.htmx import done, render_dialog
from m3u_app.account_values import RESERVED_NAME
from m3u_app.find_account import find_account
from m3u_app.models import Account


def account_or_404(account_id: int) -> Account:
    """The account; 404 for unknown ones and for the built-in one, which no page shows."""
    try:
        account = find_account(account_id)
    except Account.DoesNotExist:
        raise Http404("There is no such account.") from None
    if account.name.lower() == RESERVED_NAME:
        raise Http404("There is no such account.")
    return account


def back_to(request: HttpRequest, account_id: int | None = None) -> str:
    """Where a plain form goes on: the account's own page when it came from there, else the list."""
    if account_id is not None and request.POST.get("back") == "account":
        return reverse("m3u:account", args=[account_id])
    return reverse("m3u:accounts")


def say(request: HttpRequest, account_id: int | None, level: int, text: str, *, undo: int | None = None) -> HttpResponse:
    """Toast a sentence, tell the page that accounts changed, and close the dialog."""
    messages.add_message(request, level, text, extra_tags=f"undo:{undo}" if undo else "")
    return done(request, back_to(request, account_id), "accounts:changed")


def dialog(
    request: HttpRequest,
    partial: str,
    context: dict[str, Any],
    *,
    title: str,
    heading: str = "M3U Manager",
    status: int = 200,
) -> HttpResponse:
    """A dialog, or the same on a page of its own for a plain request."""
    return render_dialog(
        request, partial, context, title=title, heading=heading, page="m3u_app/dialog_page.html", status=status
    )


def posted_ids(request: HttpRequest, name: str) -> set[int]:
    """The ids of ticked boxes; anything else is left out."""
    return {int(text) for text in request.POST.getlist(name) if text.isascii() and text.isdigit() and len(text) < 19}
