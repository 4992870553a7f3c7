"""Buttons that start, stop and switch: refresh, refresh all, cancel, enable, disable."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from m3u_app.account_values import AccountLocked
from m3u_app.request_refresh import RefreshRefused, cancel_work, request_refresh, request_refresh_all
from m3u_app.toggle_account import toggle_account
from m3u_app.views._answers import account_or_404, say
from tasks_app.engine import AlreadyRunning


@require_POST
def refresh(request: HttpRequest, account_id: int) -> HttpResponse:
    """Queue a refresh; a second one while the first runs is answered "already running" (20 §2.1)."""
    account = account_or_404(account_id)
    try:
        request_refresh(account_id)
    except AlreadyRunning:
        return say(request, account_id, messages.INFO, f"“{account.name}” is already being refreshed.")
    except (RefreshRefused, AccountLocked) as refusal:
        return say(request, account_id, messages.WARNING, str(refusal))
    return say(request, account_id, messages.SUCCESS, f"Refreshing “{account.name}”.")


@require_POST
def refresh_all(request: HttpRequest) -> HttpResponse:
    """Queue a refresh of every account that is switched on."""
    report = request_refresh_all()
    parts = []
    if report.started:
        count = len(report.started)
        parts.append(f"Refreshing {count:,} account{'' if count == 1 else 's'}.")
    if report.already_running:
        parts.append(f"{len(report.already_running):,} already running.")
    if report.skipped:
        parts.append(f"{len(report.skipped):,} skipped because they are switched off or locked.")
    level = messages.SUCCESS if report.started else messages.INFO
    return say(request, None, level, " ".join(parts) or "There is no account to refresh.")


@require_POST
def cancel(request: HttpRequest, account_id: int) -> HttpResponse:
    """Ask what works on the account to stop; nothing is marked missing after a cancelled run (20 §2.2)."""
    account = account_or_404(account_id)
    if cancel_work(account_id):
        return say(request, account_id, messages.INFO, f"Stopping the refresh of “{account.name}”.")
    return say(request, account_id, messages.INFO, f"Nothing is running for “{account.name}” any more.")


@require_POST
def toggle(request: HttpRequest, account_id: int) -> HttpResponse:
    """Switch on (``active=1``) or off."""
    account_or_404(account_id)
    active = request.POST.get("active") == "1"
    try:
        account, entry_id = toggle_account(account_id, active=active)
    except AccountLocked as refusal:
        return say(request, account_id, messages.WARNING, str(refusal))
    word = "enabled" if active else "disabled"
    if entry_id is None:
        return say(request, account_id, messages.INFO, f"“{account.name}” was {word} already.")
    return say(request, account_id, messages.SUCCESS, f"“{account.name}” is {word}.", undo=entry_id)
