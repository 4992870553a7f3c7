"""The M3U Manager: one row per account, alive while something works (20 §1.1)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from ecm_site.htmx import render_page, wants_partial
from m3u_app.queries import account_rows, account_total
from m3u_app.server_groups import server_group_names
from tasks_app.mirror_pages.waits import waiting_rows

MAX_POLLED = 200
SEARCH_FROM = 8
"""Lists shorter than this are seen at a glance; a search box would be in the way."""


@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """The page, or for htmx just its list."""
    text = request.GET.get("q", "").strip()[:255]
    total = account_total()
    typed = request.GET.get("server_group", "")
    server_group = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None
    rows = account_rows(text=text, server_group=server_group)
    context = {
        "server_groups": server_group_names(),
        "server_group": server_group,
        "is_narrowed": bool(text) or server_group is not None,
        "rows": rows,
        "busy": [row for row in rows if row.is_busy],
        "q": text,
        "total": total,
        "offers_search": total >= SEARCH_FROM or bool(text),
        "is_partial": wants_partial(request),
        "waits": waiting_rows({"account": [row.account.pk for row in rows]}),
        "can_refresh_all": any(row.account.is_active and not row.is_busy and not row.account.locked for row in rows),
    }
    return render_page(request, "m3u_app/accounts.html", "m3u_app/_account_list.html", context)


@require_safe
def busy(request: HttpRequest) -> HttpResponse:
    """What the page asks every two seconds while accounts named by ``id`` are busy.

    Answers just the moving parts; as soon as one of them is done, the page is told to load the whole list.
    """
    asked = {int(text) for text in request.GET.getlist("id")[:MAX_POLLED] if text.isdecimal() and len(text) < 19}
    rows = account_rows(ids=asked)
    still = [row for row in rows if row.is_busy]
    finished = [row for row in rows if not row.is_busy]
    vanished = len(asked) - len(rows)
    response = render(request, "m3u_app/_busy.html", {"busy": still, "finished": finished, "vanished": vanished})
    if finished or vanished:
        trigger_client_event(response, "accounts:changed", {})
    return response
