"""Deleting an account: first what goes away, then the deed (20 §1.5)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from ecm_site.wording import counted
from m3u_app.account_values import AccountLocked
from m3u_app.delete_account import AccountBusy, Deletion, preview_deletion, request_deletion
from m3u_app.views._answers import ACCOUNTS, account_or_404, dialog, say
from tasks_app.mirror.state import is_connected


def delete(request: HttpRequest, account_id: int) -> HttpResponse:
    """GET shows counts and names of what is lost; POST deletes, in the background when it is much."""
    account = account_or_404(account_id)
    if account.locked:
        return say(request, account_id, messages.WARNING, str(AccountLocked(account)))
    if request.method != "POST":
        context = {
            "feed": account,
            "action": request.path,
            "back": ACCOUNTS.back_to(request),
            "preview": preview_deletion(account_id),
            "is_connected": is_connected(),
        }
        return dialog(request, "m3u_app/_delete.html", context, title="Delete account")
    try:
        outcome = request_deletion(account_id)
    except AccountBusy as busy:  # a refresh began in the very moment of deleting
        return say(request, account_id, messages.WARNING, str(busy))
    if isinstance(outcome, Deletion):
        text = (
            f"Deleted “{outcome.name}” with {counted(outcome.streams, 'stream')} and {counted(len(outcome.groups), 'group')}."
        )
    else:
        text = f"“{account.name}” is being deleted in the background."
    return say(request, None, messages.SUCCESS, text)
