"""A refresh that would have removed too much waits here for a yes or a no (20 §23 shrink guard)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from ecm_site.htmx import done, render_page
from m3u_app.account_values import AccountLocked
from m3u_app.answer_held_back import accept_held_back, dismiss_held_back, read_held_back
from m3u_app.request_refresh import RefreshRefused
from m3u_app.views._answers import account_or_404
from tasks_app.engine import AlreadyRunning


def held_back(request: HttpRequest, account_id: int) -> HttpResponse:
    """GET shows what would vanish; POST with ``answer`` accept or keep decides."""
    account = account_or_404(account_id)
    found = read_held_back(account)
    if found is None:
        messages.info(request, f"No refresh of “{account.name}” waits for an answer.")
        return done(request, reverse("m3u:account", args=[account_id]), "accounts:changed")
    if request.method != "POST":
        context = {"account": account, "held": found}
        return render_page(request, "m3u_app/held_back.html", "m3u_app/_held_back.html", context)
    if request.POST.get("answer") != "accept":
        dismiss_held_back(account_id)
        messages.success(request, f"Everything of “{account.name}” stays as it is.")
        return redirect("m3u:account", account_id)
    try:
        run = accept_held_back(account_id)
    except AlreadyRunning:
        messages.info(request, f"“{account.name}” is being refreshed already. Look again when it has finished.")
    except (RefreshRefused, AccountLocked) as refusal:
        messages.warning(request, str(refusal))
    else:
        text = f"Refreshing “{account.name}”; this time the smaller playlist is accepted."
        messages.success(request, text, extra_tags=f"run:{run.pk}")
    return redirect("m3u:account", account_id)
