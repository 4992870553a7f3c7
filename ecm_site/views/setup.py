"""First run: the page that creates the administrator (50 U-1)."""

from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from ecm_site.create_administrator import AlreadySetUp, create_administrator, is_set_up
from ecm_site.forms import SetupForm
from ecm_site.middleware import public

ALREADY = "ECM is set up already. Sign in instead."


@public
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """Create the administrator, sign in, go on to the wizard. 403 once anybody exists."""
    if is_set_up():
        raise PermissionDenied(ALREADY)
    form = SetupForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "ecm_site/setup.html", {"form": form}, status=422 if form.is_bound else 200)
    values = form.cleaned_data
    try:
        user = create_administrator(values["username"], values["email"], values["password"])
    except AlreadySetUp:
        raise PermissionDenied(ALREADY) from None
    login(request, user)
    return redirect("welcome")
