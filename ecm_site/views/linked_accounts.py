"""Settings → Linked Accounts: in which ways the person at the screen can sign in, and how to change that (50 U-19)."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from ecm_site.client_address import client_network
from ecm_site.dispatcharr.people import PersonRefused
from ecm_site.forms import FirstPasswordForm, LinkForm
from ecm_site.htmx import done, render_page, wants_partial
from ecm_site.identities import linking
from ecm_site.identities.providers import DISPATCHARR, LOCAL, WORDS, is_open
from ecm_site.sign_in_limits import TooManyAttempts

CHANGED_EVENT = "linked:changed"


@never_cache
@require_safe
def linked_accounts(request: HttpRequest) -> HttpResponse:
    if not isinstance(request.user, User):
        return redirect("sign_in")
    context = {"ways": linking.ways_of(request.user)}
    return render_page(request, "ecm_site/linked_accounts.html", "ecm_site/_linked_accounts.html", context)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def link(request: HttpRequest, provider: str) -> HttpResponse:
    """Prove who one is there, or set a password here."""
    if not isinstance(request.user, User):
        return redirect("sign_in")
    user = request.user
    if provider == LOCAL:
        return _set_first_password(request, user)
    form = LinkForm(request.POST or None)
    if provider != DISPATCHARR:
        return _link_dialog(request, form, provider, problem="There is no such way to sign in.", status=400)
    if not is_open(DISPATCHARR):
        return _link_dialog(request, form, provider, problem="Signing in with Dispatcharr is switched off.", status=404)
    if request.method != "POST" or not form.is_valid():
        return _link_dialog(request, form, provider, status=422 if form.is_bound else 200)
    try:
        linking.link_dispatcharr(user, form.cleaned_data["username"], form.cleaned_data["password"], client_network(request))
    except TooManyAttempts as error:
        return _link_dialog(request, form, provider, problem=str(error), status=429, retry_after=error.retry_after)
    except (PersonRefused, linking.LinkRefused) as error:
        return _link_dialog(request, form, provider, problem=str(error), status=error.status, retry_after=error.retry_after)
    messages.success(request, "Your user is linked with Dispatcharr.")
    return done(request, reverse("settings_linked_accounts"), CHANGED_EVENT)


@never_cache
@require_http_methods(["GET", "POST"])
def unlink(request: HttpRequest, provider: str) -> HttpResponse:
    """Says first what it means: other browsers are signed out, and this way is closed."""
    if not isinstance(request.user, User):
        return redirect("sign_in")
    user = request.user
    if request.method != "POST":
        way = next((way for way in linking.ways_of(user) if way.provider == provider and way.is_linked), None)
        status = 200 if way else 404 if provider in WORDS else 400
        problem = "" if way else "This is not linked."
        return _unlink_dialog(request, provider, way=way, problem=problem, status=status)
    try:
        linking.unlink(user, provider, keep_session=request.session.session_key or "")
    except linking.LinkRefused as error:
        return _unlink_dialog(request, provider, way=None, problem=str(error), status=error.status)
    update_session_auth_hash(request, user)
    messages.success(request, f"{WORDS[provider]} no longer signs you in. Other browsers were signed out.")
    return done(request, reverse("settings_linked_accounts"), CHANGED_EVENT)


def _set_first_password(request: HttpRequest, user: User) -> HttpResponse:
    form = FirstPasswordForm(user, request.POST or None)
    if user.has_usable_password():
        problem = "You have a password of ECM already. Change it instead."
        return _link_dialog(request, form, LOCAL, problem=problem, status=409)
    if request.method != "POST" or not form.is_valid():
        return _link_dialog(request, form, LOCAL, status=422 if form.is_bound else 200)
    linking.link_password(user, form.cleaned_data["password"])
    update_session_auth_hash(request, user)
    messages.success(request, "You can sign in with your username and this password from now on.")
    return done(request, reverse("settings_linked_accounts"), CHANGED_EVENT)


def _link_dialog(
    request: HttpRequest,
    form: LinkForm | FirstPasswordForm,
    provider: str,
    *,
    problem: str = "",
    status: int = 200,
    retry_after: int = 0,
) -> HttpResponse:
    context = {"form": form, "provider": provider, "label": WORDS.get(provider, ""), "problem": problem}
    response = render_page(
        request, "ecm_site/link_account.html", "ecm_site/_link_account.html", context, _shown(request, status)
    )
    if retry_after:
        response["Retry-After"] = str(retry_after)
    return response


def _unlink_dialog(request: HttpRequest, provider: str, *, way: linking.Way | None, problem: str, status: int) -> HttpResponse:
    context = {"way": way, "provider": provider, "label": WORDS.get(provider, ""), "problem": problem}
    return render_page(
        request, "ecm_site/unlink_account.html", "ecm_site/_unlink_account.html", context, _shown(request, status)
    )


def _shown(request: HttpRequest, status: int) -> int:
    """Of the answers that are no success htmx swaps 422 alone: in a dialog every refusal is one of these."""
    return 422 if status >= 400 and wants_partial(request) else status
