"""Alert methods on the settings page: list, add, change, switch, test, delete."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ecm_site.htmx import done, render_page, wants_partial
from ecm_site.wording import counted, shortened
from tasks_app.alerts.apprise_services import SERVICES
from tasks_app.alerts.channel import Channel, InvalidMethod
from tasks_app.alerts.channels import CHANNELS
from tasks_app.alerts.edit_methods import Saved, create_method, delete_method, update_method
from tasks_app.alerts.method_forms import MethodForm
from tasks_app.alerts.queries import method_lines
from tasks_app.alerts.try_method import TestReport, try_method, try_values
from tasks_app.models import AlertMethod

CHANGED = "alerts:changed"


@never_cache
@require_safe
def method_list(request: HttpRequest) -> HttpResponse:
    """The list alone for htmx; otherwise the page that it is part of."""
    if not wants_partial(request):
        return redirect("alerts:settings")
    return render(request, "tasks_app/_alert_methods.html", {"lines": method_lines(timezone.now())})


@require_safe
def choose_type(request: HttpRequest) -> HttpResponse:
    context = {"channels": CHANNELS.values()}
    return render_page(request, "tasks_app/alert_choose_type.html", "tasks_app/_alert_choose_type.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, method_type: str) -> HttpResponse:
    channel = CHANNELS.get(method_type)
    if channel is None:
        raise Http404
    form = MethodForm(request.POST if request.method == "POST" else None, channel=channel)
    if request.method != "POST":
        return _form_page(request, form, channel, None)
    _only_administrators(request)
    if not form.is_valid():
        return _form_page(request, form, channel, None, status=422)
    if "test" in request.POST:
        return _tested(request, form, channel, None, try_values(channel.type, form.config()))
    try:
        saved = create_method(channel.type, form.values())
    except InvalidMethod as error:
        form.add_problem(error.field, str(error))
        return _form_page(request, form, channel, None, status=422)
    messages.success(request, f"Added “{shortened(saved.method.name)}”.", extra_tags=_undo_tag(saved))
    _say_duplicates(request, saved.duplicates)
    return done(request, reverse("alerts:settings"), CHANGED)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, method_id: int) -> HttpResponse:
    method = get_object_or_404(AlertMethod, pk=method_id)
    channel = CHANNELS.get(method.method_type)
    if channel is None:
        raise Http404
    form = MethodForm(request.POST if request.method == "POST" else None, channel=channel, method=method)
    if request.method != "POST":
        return _form_page(request, form, channel, method)
    _only_administrators(request)
    if not form.is_valid():
        return _form_page(request, form, channel, method, status=422)
    if "test" in request.POST:
        return _tested(request, form, channel, method, try_method(method.pk, form.config()))
    try:
        saved = update_method(method.pk, form.values())
    except InvalidMethod as error:
        form.add_problem(error.field, str(error))
        return _form_page(request, form, channel, method, status=422)
    messages.success(request, f"Saved “{shortened(saved.method.name)}”.", extra_tags=_undo_tag(saved))
    _say_duplicates(request, saved.duplicates)
    return done(request, reverse("alerts:settings"), CHANGED)


@require_POST
def switch(request: HttpRequest, method_id: int) -> HttpResponse:
    """Turn a method on or off; what waits for one that is off is given up."""
    _only_administrators(request)
    get_object_or_404(AlertMethod, pk=method_id)
    update_method(method_id, {"enabled": request.POST.get("enabled") == "1"})
    return _row_or_page(request, method_id)


@require_POST
def test(request: HttpRequest, method_id: int) -> HttpResponse:
    """Send a real message through the stored method."""
    _only_administrators(request)
    method = get_object_or_404(AlertMethod, pk=method_id)
    report = try_method(method_id)
    say = messages.success if report.success else messages.error
    say(request, f"{shortened(method.name)}: {report.message}")
    return _row_or_page(request, method_id)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, method_id: int) -> HttpResponse:
    method = get_object_or_404(AlertMethod, pk=method_id)
    if request.method == "POST":
        _only_administrators(request)
        name = delete_method(method_id)
        messages.success(request, f"Deleted “{shortened(name)}”.")
        return done(request, reverse("alerts:settings"), CHANGED)
    context = {"method": method, "waiting": method.pending.count()}
    return render_page(request, "tasks_app/alert_delete.html", "tasks_app/_alert_delete.html", context)


def _form_page(
    request: HttpRequest,
    form: MethodForm,
    channel: Channel,
    method: AlertMethod | None,
    *,
    status: int = 200,
    report: TestReport | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "channel": channel, "method": method, "report": report}
    context["services"] = SERVICES if channel.type == "apprise" else ()
    page, partial = "tasks_app/alert_method_form.html", "tasks_app/_alert_method_form.html"
    response = render_page(request, page, partial, context, status)
    if "test" in request.POST:  # the button aims at the place of the result; errors belong into the form
        response["HX-Retarget"], response["HX-Reswap"] = "#alert-method-form", "outerHTML"
    return response


def _tested(
    request: HttpRequest, form: MethodForm, channel: Channel, method: AlertMethod | None, report: TestReport
) -> HttpResponse:
    """Only the result for htmx: the form with its typed secrets stays as it is."""
    if wants_partial(request):
        return render(request, "tasks_app/_alert_test_result.html", {"report": report})
    return _form_page(request, form, channel, method, report=report)


def _row_or_page(request: HttpRequest, method_id: int) -> HttpResponse:
    if not wants_partial(request):
        return redirect("alerts:settings")
    (line,) = method_lines(timezone.now(), method_id)
    return render(request, "tasks_app/_alert_method_row.html", {"line": line})


def _undo_tag(saved: Saved) -> str:
    return f"undo:{saved.entry_id}" if saved.entry_id else ""


def _say_duplicates(request: HttpRequest, duplicates: int) -> None:
    if duplicates:
        messages.info(request, f"{counted(duplicates, 'duplicate')} removed.")


def _only_administrators(request: HttpRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("Settings are for administrators.")
