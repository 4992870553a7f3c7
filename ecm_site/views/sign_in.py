"""Sign-in, sign-out, own password (50 §7.3, §7.5)."""

from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, login, logout, update_session_auth_hash
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from ecm_site.check_sign_in import check_sign_in
from ecm_site.client_address import client_network
from ecm_site.create_administrator import is_set_up
from ecm_site.dispatcharr.people import PersonRefused
from ecm_site.forms import ChangePasswordForm, SignInForm
from ecm_site.identities.providers import DISPATCHARR, is_open
from ecm_site.identities.sign_in_with import sign_in_with_dispatcharr
from ecm_site.middleware import public
from ecm_site.set_password import set_password
from ecm_site.sign_in_limits import TooManyAttempts

WRONG = "That username and password do not match. After many wrong attempts a name has to wait for 15 minutes."


@public
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Check name and password; every reason for a no reads the same (U-9)."""
    if not is_set_up():
        return redirect("setup")
    target = _safe_target(request)
    if request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(request.POST or None)
    if request.method != "POST":
        return _form(request, form, target)
    if not form.is_valid():
        return _form(request, form, target, status=422)
    try:
        user = check_sign_in(form.cleaned_data["username"], form.cleaned_data["password"], client_network(request))
    except TooManyAttempts as error:
        return _form(request, form, target, problem=str(error), status=429, retry_after=error.retry_after)
    if user is None:
        return _form(request, form, target, problem=WRONG, status=401)
    return _enter(request, user, target)


@public
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def sign_in_at_dispatcharr(request: HttpRequest) -> HttpResponse:
    """The second button of the same form: the Dispatcharr server of the settings looks at name and password (U-17)."""
    if not is_open(DISPATCHARR) or not is_set_up():
        raise Http404("Signing in with Dispatcharr is switched off.")
    target = _safe_target(request)
    if request.user.is_authenticated:
        return redirect(target)
    if request.method != "POST":  # a reload of a refusal
        return redirect("sign_in")
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _form(request, form, target, status=422)
    try:
        user = sign_in_with_dispatcharr(form.cleaned_data["username"], form.cleaned_data["password"], client_network(request))
    except TooManyAttempts as error:
        return _form(request, form, target, problem=str(error), status=429, retry_after=error.retry_after)
    except PersonRefused as error:
        return _form(request, form, target, problem=str(error), status=error.status, retry_after=error.retry_after)
    return _enter(request, user, target)


def _form(
    request: HttpRequest, form: SignInForm, target: str, *, problem: str = "", status: int = 200, retry_after: int = 0
) -> HttpResponse:
    context = {"form": form, "next": target, "problem": problem, "with_dispatcharr": is_open(DISPATCHARR)}
    response = render(request, "ecm_site/sign_in.html", context, status=status)
    if retry_after:
        response["Retry-After"] = str(retry_after)
    return response


def _enter(request: HttpRequest, user: User, target: str) -> HttpResponse:
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    login(request, user)
    return redirect(target)


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Also works when the sign-in has ended meanwhile: what the operator wants is true then."""
    logout(request)
    messages.success(request, "You are signed out.")
    return redirect("sign_in")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Needs the current password (U-14); the browser that asked stays signed in, all others do not."""
    if not isinstance(request.user, User):
        return redirect("sign_in")
    if not request.user.has_usable_password():
        return redirect("settings_linked_accounts")  # there is none to change, but one can be set
    form = ChangePasswordForm(request.user, request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "ecm_site/change_password.html", {"form": form}, status=422 if form.is_bound else 200)
    set_password(request.user, form.cleaned_data["password"])
    update_session_auth_hash(request, request.user)
    messages.success(request, "Your password is changed.")
    return redirect("dashboard")


def _safe_target(request: HttpRequest) -> str:
    """Where to go after signing in: a page of this site, never another one."""
    wished = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    hosts = {request.get_host()}
    if "/" in wished and url_has_allowed_host_and_scheme(wished, allowed_hosts=hosts, require_https=request.is_secure()):
        return wished
    return reverse("dashboard")
