"""Settings → Dispatcharr: try a server with what is typed, before anything is saved; change over to an API key."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from ecm_site.conf import get_settings
from ecm_site.dispatcharr.check import ConnectionReport, check_connection
from ecm_site.dispatcharr.credentials import API_KEY, PASSWORD, Credentials
from ecm_site.htmx import go_to, render_dialog, wants_partial
from ecm_site.settings_forms import SettingsPage, find_page
from ecm_site.settings_forms.dispatcharr import AUTH_WORDS, SECRET_OF, TRIED, DispatcharrForm
from ecm_site.take_api_key import KeyRefused, can_take_key, take_api_key
from ecm_site.views.switching import switching_context


@never_cache
@sensitive_post_parameters("dispatcharr_password", "dispatcharr_api_key")
@require_http_methods(["GET", "POST"])
def test_connection(request: HttpRequest) -> HttpResponse:
    """Say what the typed address and credentials lead to; nothing typed means the stored ones. Changes nothing, here or there.

    At most one sign-in at the server.
    """
    if request.method == "GET":  # a reload of the answer
        return redirect("settings_dispatcharr")
    _administrators_only(request)
    record = get_settings()
    if "dispatcharr_url" not in request.POST:
        report = check_connection(record.dispatcharr_url, Credentials.from_settings(record))
        return _tested(request, DispatcharrForm(current=record), report, is_stored=True)
    form = DispatcharrForm(request.POST, current=record)
    form.is_valid()  # only what is tried has to be in order
    if form.tried_errors():
        return _tested(request, form, None)
    return _tested(request, form, tried(form), is_stored=form.is_as_stored)


def tried(form: DispatcharrForm) -> ConnectionReport:
    """What comes of trying a form that has no errors in what is tried."""
    return check_connection(form.cleaned_data["dispatcharr_url"], form.tried)


def error_slots(form: DispatcharrForm) -> dict[str, list[str]]:
    """For every field that is tried what is wrong with it, an empty list where nothing is."""
    return {name: [] for name in TRIED} | form.tried_errors()


def secret_typed(form: DispatcharrForm) -> str:
    """What the secret is called that was typed and that the browser does not get back, "" when there is none."""
    auth = str(form.data.get("dispatcharr_auth", ""))
    words = {PASSWORD: "password", API_KEY: "API key"}
    return words[auth] if auth in SECRET_OF and form.data.get(SECRET_OF[auth]) else ""


def _tested(
    request: HttpRequest, form: DispatcharrForm, report: ConnectionReport | None, *, is_stored: bool = False
) -> HttpResponse:
    offers_key = report is not None and report.ok and is_stored and can_take_key(form.current)
    context = {"form": form, "report": report, "offers_key": offers_key}
    status = 200 if report else 422
    if wants_partial(request):
        slots = {"tried_errors": error_slots(form) if form.is_bound else {}}
        return render(request, "settings/_dispatcharr_tested.html", context | slots, status=status)
    more = {"page": _page(), "type_again": secret_typed(form)} | switching_context(request)
    return render(request, "settings/form_page.html", context | more, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def take_key(request: HttpRequest) -> HttpResponse:
    """GET says what it means and asks nobody; POST takes the account's API key, or makes one, and saves it."""
    _administrators_only(request)
    if request.method != "POST":
        return _key_dialog(request)
    try:
        taken = take_api_key(_page().title)
    except KeyRefused as refused:
        return _key_dialog(request, problem=str(refused))
    what = "a new API key" if taken.was_made else "the API key it already had"
    messages.success(request, f"ECM works with {what} from now on, as {taken.user}. The password is no longer kept.")
    return go_to(request, reverse("settings_dispatcharr"))


def _key_dialog(request: HttpRequest, *, problem: str = "") -> HttpResponse:
    record = get_settings()
    context = {
        "user": record.dispatcharr_user,
        "address": record.dispatcharr_url,
        "can_take": record.dispatcharr_auth == PASSWORD and can_take_key(record),
        "key_words": AUTH_WORDS["api_key"],
        "problem": problem,
    }
    return render_dialog(request, "settings/_take_key.html", context, title="Use an API key", status=422 if problem else 200)


def _page() -> SettingsPage:
    page = find_page("dispatcharr")
    if page is None:
        raise LookupError("The settings page dispatcharr is not registered.")
    return page


def _administrators_only(request: HttpRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("Settings are for administrators.")
