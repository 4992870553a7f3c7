"""A refresh that looks like the provider's fault waits here for a yes or a no (20 §23 shrink guard)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from ecm_site.htmx import done, wants_partial
from ecm_site.typed_numbers import number_in
from m3u_app.account_values import AccountLocked
from m3u_app.answer_held_back import accept_held_back, dismiss_held_back, follows_at_once, read_held_back
from m3u_app.held_streams import held_page
from m3u_app.request_refresh import RefreshRefused
from m3u_app.views._answers import account_or_404
from tasks_app.engine import AlreadyRunning
from tasks_app.mirror.state import is_connected


def held_back(request: HttpRequest, account_id: int) -> HttpResponse:
    """GET shows what would vanish and what would come; POST with ``answer`` accept or keep decides."""
    account = account_or_404(account_id)
    found = read_held_back(account)
    if found is None:
        messages.info(request, f"No refresh of “{account.name}” waits for an answer.")
        return done(request, reverse("m3u:account", args=[account_id]), "accounts:changed")
    if request.method != "POST":
        arrives = request.GET.get("show") == "new"
        text = request.GET.get("q", "")[:200]
        number = number_in(request.GET.get("page", "1"), figures=8)
        page = held_page(account_id, arrives=arrives, text=text, number=1 if number is None else number)
        context = {"account": account, "held": found, "page": page, "arrives": arrives, "q": text}
        partial = wants_partial(request)
        if not partial:
            context["is_connected"] = is_connected()
            context["follows_at_once"] = not context["is_connected"] and follows_at_once(account_id)
        return render(request, "m3u_app/_held_streams.html" if partial else "m3u_app/held_back.html", context)
    if request.POST.get("answer") != "accept":
        dismiss_held_back(account_id)
        messages.success(request, f"Everything of “{account.name}” stays as it is.")
        return redirect("m3u:account", account_id)
    try:
        accept_held_back(account_id)
    except AlreadyRunning:
        messages.info(request, f"“{account.name}” is being refreshed already. Look again when it has finished.")
    except (RefreshRefused, AccountLocked) as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, f"Refreshing “{account.name}”; this time the playlist is accepted.")
    return redirect("m3u:account", account_id)
