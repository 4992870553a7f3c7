"""The M3U Manager: one row per account, alive while something works (20 §1.1)."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ecm_site.htmx import render_page
from ecm_site.typed_numbers import number_in
from m3u_app.queries import account_rows, account_total
from m3u_app.server_groups import server_group_names
from m3u_app.views._answers import ACCOUNTS
from tasks_app.mirror.state import is_connected
from tasks_app.mirror_pages.waits import waiting_rows


@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """The page, or for htmx just its list."""
    text = request.GET.get("q", "").strip()[:255]
    server_group = number_in(request.GET.get("server_group"))
    rows = account_rows(text=text, server_group=server_group)
    context = ACCOUNTS.list_context(request, rows, text=text, total=account_total()) | {
        "server_groups": server_group_names(),
        "server_group": server_group,
        "is_narrowed": bool(text) or server_group is not None,
        "is_connected": any(row.account.cron_expression for row in rows) and is_connected(),  # asked for by these only
        "waits": waiting_rows({"account": [row.account.pk for row in rows]}),
        "can_refresh_all": any(row.account.is_active and not row.is_busy and not row.account.locked for row in rows),
    }
    return render_page(request, "m3u_app/accounts.html", "m3u_app/_account_list.html", context)


@require_safe
def busy(request: HttpRequest) -> HttpResponse:
    """What the list asks while accounts are busy."""
    return ACCOUNTS.busy_parts(request, lambda ids: account_rows(ids=ids))
