"""Server groups (20 §7): accounts that share the logins of one provider."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from ecm_site.htmx import done, render_page
from m3u_app.models import ServerGroup
from m3u_app.natural_order import natural_key
from m3u_app.server_groups import (
    ServerGroupRefused,
    accounts_to_choose,
    change_server_group,
    create_server_group,
    delete_server_group,
    server_group_rows,
)
from m3u_app.views._answers import dialog, posted_ids
from tasks_app.mirror_pages.waits import waiting_rows

HEADING = "Server groups"
EVENTS = ("server-groups:changed", "accounts:changed")


@require_safe
def server_groups(request: HttpRequest) -> HttpResponse:
    """The list."""
    rows = server_group_rows()
    context = {"rows": rows, "waits": waiting_rows({"server_group": [row.group.pk for row in rows]})}
    return render_page(request, "m3u_app/server_groups.html", "m3u_app/_server_groups.html", context)


def add(request: HttpRequest) -> HttpResponse:
    """GET shows the form, POST saves."""
    if request.method != "POST":
        return _show(request, None, "", set())
    return _save(request, None)


def edit(request: HttpRequest, group_id: int) -> HttpResponse:
    """As :func:`add` for a stored one."""
    group = _group_or_404(group_id)
    if request.method != "POST":
        return _show(request, group, group.name, set(group.accounts.values_list("pk", flat=True)))
    return _save(request, group)


def delete(request: HttpRequest, group_id: int) -> HttpResponse:
    """GET asks, POST deletes."""
    group = _group_or_404(group_id)
    if request.method != "POST":
        context = {"group": group, "members": group.accounts.count()}
        return dialog(request, "m3u_app/_server_group_delete.html", context, title="Delete server group", heading=HEADING)
    name, entry_id = delete_server_group(group_id)
    messages.success(request, f"Deleted the server group “{name}”.", extra_tags=f"undo:{entry_id}" if entry_id else "")
    return done(request, reverse("m3u:server_groups"), *EVENTS)


def _save(request: HttpRequest, group: ServerGroup | None) -> HttpResponse:
    name, chosen = request.POST.get("name", ""), posted_ids(request, "accounts")
    try:
        if group is None:
            saved, entry_id = create_server_group(name, chosen)
        else:
            saved, entry_id = change_server_group(group.pk, name, chosen)
    except ServerGroupRefused as refusal:
        return _show(request, group, name, chosen, errors=refusal.errors)
    verb = "Saved" if entry_id else "Nothing changed in"
    messages.success(request, f"{verb} the server group “{saved.name}”.", extra_tags=f"undo:{entry_id}" if entry_id else "")
    return done(request, reverse("m3u:server_groups"), *EVENTS)


def _show(
    request: HttpRequest, group: ServerGroup | None, name: str, chosen: set[int], *, errors: dict[str, str] | None = None
) -> HttpResponse:
    accounts = sorted(accounts_to_choose().select_related("server_group"), key=lambda account: natural_key(account.name))
    context: dict[str, Any] = {
        "group": group,
        "name": name,
        "accounts": accounts,
        "chosen": chosen,
        "errors": errors or {},
        "limit": ServerGroup.NAME_LIMIT,
    }
    status = 422 if errors else 200
    return dialog(request, "m3u_app/_server_group_form.html", context, title="Server group", heading=HEADING, status=status)


def _group_or_404(group_id: int) -> ServerGroup:
    try:
        return ServerGroup.objects.get(pk=group_id)
    except ServerGroup.DoesNotExist:
        raise Http404("There is no such server group.") from None
