"""The wizard's way to a Dispatcharr server: address and credentials, a test, and only then *Save* (50 U-2)."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from ecm_site.conf import get_settings
from ecm_site.dispatcharr.check import ConnectionReport
from ecm_site.dispatcharr.tested import is_proven, proof_for
from ecm_site.htmx import go_to, render_dialog, wants_partial
from ecm_site.settings_forms.dispatcharr import FirstConnectionForm
from ecm_site.views.dispatcharr import error_slots, secret_typed, tried
from tasks_app.change_settings import change_settings

SECTION = "Dispatcharr"
TEST_FIRST = "Test these values first. They are saved once the test has succeeded."


@never_cache
@sensitive_post_parameters("dispatcharr_password", "dispatcharr_api_key")
@require_http_methods(["GET", "POST"])
def connect(request: HttpRequest) -> HttpResponse:
    """GET asks, POST tries, POST with ``do=save`` saves what was tried. A house that has a server goes to its settings."""
    if not request.user.is_staff:
        raise PermissionDenied("Connecting to a server is for administrators.")
    record = get_settings()
    if record.dispatcharr_url:
        return redirect("settings_dispatcharr")
    if request.method != "POST":
        return _dialog(request, FirstConnectionForm(current=record))
    form = FirstConnectionForm(request.POST, current=record)
    is_right = form.is_valid()
    if request.POST.get("do") != "save":
        return _tested(request, form, tried(form) if is_right else None)
    if not is_right:
        return _dialog(request, form, status=422)
    if not is_proven(request.POST.get("proof", ""), form.cleaned_data["dispatcharr_url"], form.tried):
        return _dialog(request, form, problem=TEST_FIRST, status=422)
    change_settings(SECTION, form.changes())
    messages.success(request, "The server is saved. Choose now how ECM is to work with it.")
    return go_to(request, f"{reverse('settings_dispatcharr')}#connection")


def _tested(request: HttpRequest, form: FirstConnectionForm, report: ConnectionReport | None) -> HttpResponse:
    proof = proof_for(form.cleaned_data["dispatcharr_url"], form.tried) if report and report.ok else ""
    status = 200 if report else 422
    if not wants_partial(request):
        return _dialog(request, form, report=report, proof=proof, status=status)
    context = {"report": report, "tried_errors": error_slots(form), "proof": proof, "out_of_band": True}
    return render(request, "ecm_site/_connect_tested.html", context, status=status)


def _dialog(
    request: HttpRequest,
    form: FirstConnectionForm,
    *,
    report: ConnectionReport | None = None,
    proof: str = "",
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "report": report,
        "proof": proof,
        "problem": problem,
        "type_again": secret_typed(form) if form.is_bound else "",
    }
    return render_dialog(request, "ecm_site/_connect.html", context, title="Connect a Dispatcharr server", status=status)
