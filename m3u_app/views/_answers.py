"""Answers that several account pages share."""

from django.http import Http404, HttpRequest

from ecm_site.typed_numbers import numbers_in
from m3u_app.account_values import RESERVED_NAME
from m3u_app.find_account import find_account
from m3u_app.models import Account
from m3u_app.views.feed_pages import FeedPages

ACCOUNTS = FeedPages(
    word="account", namespace="m3u", heading="M3U Manager", frame="m3u_app/dialog_page.html", event="accounts:changed"
)
say, dialog = ACCOUNTS.say, ACCOUNTS.dialog


def account_or_404(account_id: int) -> Account:
    """The account; 404 for unknown ones and for the built-in one, which no page shows."""
    try:
        account = find_account(account_id)
    except Account.DoesNotExist:
        raise Http404("There is no such account.") from None
    if account.name.lower() == RESERVED_NAME:
        raise Http404("There is no such account.")
    return account


def posted_ids(request: HttpRequest, name: str) -> set[int]:
    """The ids of ticked boxes; anything else is left out."""
    return set(numbers_in(request.POST.getlist(name)))
