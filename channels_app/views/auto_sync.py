"""Auto-sync of one account: which groups follow, how the last run ended, sync now, and what becomes of leftovers."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from channels_app.autosync.change_settings import change_leftovers
from channels_app.autosync.overview import read_overview
from channels_app.autosync.tasks import TASK_ID, THERE
from channels_app.models import LeftoverChoice
from ecm_site.htmx import done
from m3u_app.find_account import find_account
from m3u_app.models import Account
from tasks_app import engine
from tasks_app.mirror.state import is_connected

CHANGED = "autosync:changed"


def account_or_404(account_id: int) -> Account:
    try:
        return find_account(account_id)
    except Account.DoesNotExist:
        raise Http404("There is no such account.") from None


@require_safe
def overview(request: HttpRequest, account_id: int) -> HttpResponse:
    """The page; it asks for itself again when a run ends or a setting changes."""
    account = account_or_404(account_id)
    text = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    typed = request.GET.get("page", "")
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1
    page = read_overview(account.pk, text=text, page=number)
    context = {
        "account": account,
        "page": page,
        "q": text,
        "offers_search": page.pages > 1 or bool(text),
        "choices": LeftoverChoice.choices,
        "is_connected": is_connected(),
    }
    return render(request, "channels_app/auto_sync.html", context)


@require_POST
def run_now(request: HttpRequest, account_id: int) -> HttpResponse:
    """Start a sync by hand."""
    account = account_or_404(account_id)
    if is_connected():
        messages.info(request, THERE)
        return done(request, reverse("channels:auto_sync", args=[account.pk]), CHANGED)
    try:
        engine.start_run(TASK_ID, {"account_ids": [account.pk]})
    except engine.AlreadyRunning as running:
        messages.info(request, f"{running}.")
    else:
        messages.success(request, f"Channels of “{account.name}” are being brought in step.")
    return done(request, reverse("channels:auto_sync", args=[account.pk]), CHANGED, "runs:changed")


@require_POST
def leftovers(request: HttpRequest, account_id: int) -> HttpResponse:
    """Store what becomes of channels whose streams are gone."""
    account = account_or_404(account_id)
    choice = request.POST.get("leftovers", "")
    if choice not in LeftoverChoice.values:
        messages.error(request, "Choose one of the list.")
        return redirect("channels:auto_sync", account.pk)
    entry_id = change_leftovers(account.pk, LeftoverChoice(choice))
    if entry_id is None:
        messages.info(request, "Nothing was changed.")
    else:
        messages.success(request, "Saved.", extra_tags=f"undo:{entry_id}")
    return done(request, reverse("channels:auto_sync", args=[account.pk]), CHANGED)
