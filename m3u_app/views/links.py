"""Linked accounts (20 §8): which accounts keep the same choice of groups, and bringing them in line."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from ecm_site.htmx import done, render_page
from m3u_app.linked_accounts import (
    Link,
    LinkRefused,
    change_link,
    create_link,
    delete_link,
    links,
    preview_sync,
    sync_all,
)
from m3u_app.natural_order import natural_key
from m3u_app.server_groups import accounts_to_choose
from m3u_app.views._answers import dialog, posted_ids

HEADING = "Linked accounts"
EVENTS = ("links:changed", "accounts:changed")


@require_safe
def link_list(request: HttpRequest) -> HttpResponse:
    """The list of links."""
    return render_page(request, "m3u_app/links.html", "m3u_app/_links.html", {"links": links()})


def add(request: HttpRequest) -> HttpResponse:
    """GET shows the form, POST saves."""
    return _form_view(request, None)


def edit(request: HttpRequest, link_id: int) -> HttpResponse:
    """As :func:`add` for a stored link."""
    return _form_view(request, _link_or_404(link_id))


def delete(request: HttpRequest, link_id: int) -> HttpResponse:
    """GET asks, POST takes the link apart."""
    link = _link_or_404(link_id)
    if request.method != "POST":
        return dialog(request, "m3u_app/_link_delete.html", {"link": link}, title="Unlink accounts", heading=HEADING)
    entry_id = delete_link(link_id)
    messages.success(request, "The accounts are no longer linked.", extra_tags=f"undo:{entry_id}" if entry_id else "")
    return done(request, reverse("m3u:links"), *EVENTS)


def sync(request: HttpRequest) -> HttpResponse:
    """GET shows what “Sync groups” would enable, POST does it (20 §8)."""
    if request.method != "POST":
        context = {"changes": preview_sync(), "has_links": bool(links())}
        return dialog(request, "m3u_app/_links_sync.html", context, title="Sync groups", heading=HEADING)
    synced = sync_all()
    if synced.total or synced.failed:
        level = messages.WARNING if synced.failed else messages.SUCCESS
        tags = f"undo-batch:{synced.batch_id}" if synced.total else ""
        text = synced.sentence().replace("Also switched", "Enabled") + " It is imported with the next refresh."
        messages.add_message(request, level, text, extra_tags=tags)
    else:
        messages.info(request, "All linked accounts agree already.")
    return done(request, reverse("m3u:links"), *EVENTS)


def _form_view(request: HttpRequest, link: Link | None) -> HttpResponse:
    chosen = {pk for pk, _ in link.accounts} if link else set()
    if request.method != "POST":
        return _show(request, link, chosen)
    chosen = posted_ids(request, "accounts")
    try:
        if link is None:
            saved, entry_id = create_link(chosen)
        else:
            saved, entry_id = change_link(link.id, chosen)
    except LinkRefused as refusal:
        return _show(request, link, chosen, error=str(refusal))
    text = f"{len(saved.accounts)} accounts are linked." if entry_id else "Nothing was changed."
    messages.success(request, text, extra_tags=f"undo:{entry_id}" if entry_id else "")
    return done(request, reverse("m3u:links"), *EVENTS)


def _show(request: HttpRequest, link: Link | None, chosen: set[int], *, error: str = "") -> HttpResponse:
    accounts = sorted(accounts_to_choose(), key=lambda account: natural_key(account.name))
    taken = {account.pk for account in accounts if account.link_group_id and (link is None or account.link_group_id != link.id)}
    context = {"link": link, "accounts": accounts, "chosen": chosen, "taken": taken, "error": error}
    status = 422 if error else 200
    return dialog(request, "m3u_app/_link_form.html", context, title=HEADING, heading=HEADING, status=status)


def _link_or_404(link_id: int) -> Link:
    found = next((link for link in links() if link.id == link_id), None)
    if found is None:
        raise Http404("There is no such link.")
    return found
