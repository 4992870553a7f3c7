"""Settings → Dispatcharr: try the server of the settings."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ecm_site.conf import get_settings
from ecm_site.dispatcharr.check import check_connection
from ecm_site.dispatcharr.credentials import Credentials
from ecm_site.htmx import wants_partial
from ecm_site.settings_forms import find_page
from ecm_site.views.switching import switching_context


@never_cache
@require_http_methods(["GET", "POST"])
def test_connection(request: HttpRequest) -> HttpResponse:
    """Say what the stored address and credentials lead to. Changes nothing, here or there."""
    if request.method == "GET":  # a reload of the answer
        return redirect("settings_dispatcharr")
    if not request.user.is_staff:
        raise PermissionDenied("Settings are for administrators.")
    record = get_settings()
    report = check_connection(record.dispatcharr_url, Credentials.from_settings(record))
    if wants_partial(request):
        return render(request, "settings/_dispatcharr_report.html", {"report": report})
    page = find_page("dispatcharr")
    if page is None:
        raise LookupError("The settings page dispatcharr is not registered.")
    context = {"page": page, "form": page.form(current=record), "report": report} | switching_context(request)
    return render(request, "settings/form_page.html", context)
