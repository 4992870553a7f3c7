"""The menu of colours at the top of every page, also before sign-in (50 P-1)."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from ecm_site.middleware import public
from ecm_site.theme import COOKIE, choose_theme

YEAR_SECONDS = 365 * 24 * 3600


@public
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember the choice for the user who is signed in, and for this browser, whose sign-in page then looks the same."""
    name = request.POST.get("theme", "")
    try:
        choose_theme(request.user, name)
    except ValueError:
        return HttpResponseBadRequest("There are no such colours.", content_type="text/plain")
    response = HttpResponse(status=204) if request.headers.get("HX-Request") == "true" else redirect(_came_from(request))
    if name:
        response.set_cookie(COOKIE, name, max_age=YEAR_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response


def _came_from(request: HttpRequest) -> str:
    origin = request.headers.get("Referer", "")
    if "/" in origin and url_has_allowed_host_and_scheme(
        origin, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return origin
    return "/"
