"""One account in full: its last refresh, what its provider says, its guides, its missing streams, its runs."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from ecm_site.typed_numbers import number_in
from m3u_app.account_page import read_account_page
from m3u_app.guide_offers import GuideRefused, take_guide
from m3u_app.views._answers import account_or_404
from tasks_app.mirror.state import is_connected


@require_safe
def account(request: HttpRequest, account_id: int) -> HttpResponse:
    """The page; parts of it reload when the account's run has finished."""
    page = read_account_page(account_or_404(account_id))
    context = {"page": page, "account": page.row.account, "row": page.row, "is_connected": is_connected()}
    return render(request, "m3u_app/account.html", context)


@require_POST
def add_guide(request: HttpRequest, account_id: int) -> HttpResponse:
    """Make a guide source of the address at ``position``; the address itself never leaves the server."""
    account = account_or_404(account_id)
    position = number_in(request.POST.get("position"), figures=5)
    try:
        taken = take_guide(account, -1 if position is None else position)
    except GuideRefused as refusal:
        messages.warning(request, str(refusal))
        return redirect("m3u:account", account_id)
    messages.success(request, taken.message)
    return redirect(taken.url)
