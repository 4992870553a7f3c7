"""Django admin has no sign-in of its own here: there is one door, and it is throttled."""

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from ecm_site.middleware import public


@public
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        raise PermissionDenied("Raw data is for administrators.")
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
