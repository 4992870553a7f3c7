"""Sign-in for every page (50 U-4), roles (50 U-5), the operator's time zone, toasts for partial answers."""

import time
import zoneinfo
from collections.abc import Callable

from django.contrib.auth import get_user_model
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from ecm_site.conf import get_settings
from ecm_site.role_rules import refusal_for_viewers
from ecm_site.roles import may_edit
from ecm_site.toasts import waiting_toasts
from tasks_app.journal import Actor, acting_as

GetResponse = Callable[[HttpRequest], HttpResponse]


def public(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Mark a view as reachable without sign-in."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


class SignInRequiredMiddleware:
    """Secure by default: a view is closed unless it is marked :func:`public`. Also says who acts, for the journal."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        with acting_as(Actor(request.user.pk, request.user.get_username(), user_initiated=True)):
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        if request.user.is_authenticated or getattr(view, "is_public", False):
            return None
        htmx = getattr(request, "htmx", None)
        if not get_user_model().objects.exists():
            target = reverse("setup")
            return HttpResponseClientRedirect(target) if htmx else redirect(target)
        if request.path_info.startswith("/api/"):
            return JsonResponse({"detail": "Sign in first."}, status=401)
        if not htmx:
            return redirect_to_login(request.get_full_path())
        # Not a redirect: the page may hold a half-written form. It stays, and says that the sign-in has ended.
        answer = HttpResponse("Your sign-in has ended.", status=401, content_type="text/plain")
        sign_in = redirect_to_login(htmx.current_url_abs_path or reverse("dashboard"))
        return trigger_client_event(answer, "session:expired", {"url": sign_in.url})


class RolesMiddleware:
    """Viewers change nothing, wherever it is (50 §16). Asked once for every request, after sign-in and before any view."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        if not request.user.is_authenticated or may_edit(request.user):
            return None
        route = request.resolver_match.route if request.resolver_match else ""
        reason = refusal_for_viewers(request.method or "", route, view)
        if reason:
            raise PermissionDenied(reason)
        return None


class PossibleIdsMiddleware:
    """An id in an address that no row can have means that there is nothing, not an error: SQLite knows 64 bits only."""

    largest = 2**63 - 1

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: dict[str, object]
    ) -> HttpResponse | None:
        if any(isinstance(value, int) and value > self.largest for value in kwargs.values()):
            raise Http404("No row has this id.")
        return None


class SlidingSessionMiddleware:
    """A sign-in lasts 7 days from the last visit (50 U-13), at the price of one database write a day."""

    renew_after_seconds = 24 * 3600
    key = "renewed_at"

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            if now - request.session.get(self.key, 0) > self.renew_after_seconds:
                request.session[self.key] = now  # a changed session is saved and its cookie sent again, both with 7 days
        return self.get_response(request)


class TimeZoneMiddleware:
    """Pages show times in the operator's time zone; what is stored stays UTC."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = get_settings().time_zone
        if not name:
            return self.get_response(request)
        with timezone.override(zoneinfo.ZoneInfo(name)):
            return self.get_response(request)


class FreshPagesMiddleware:
    """Pages are always asked for anew: an old one names scripts that an upgrade has replaced (50 O-5, trap 38).

    A page and the part of it that htmx fetched have the same address; the Back button must not show one for the other.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ["HX-Request"])
            if "Cache-Control" not in response:
                patch_cache_control(response, no_cache=True, private=True)
        return response


class HtmxMessagesMiddleware:
    """Hands Django messages of an htmx answer to the page as toasts."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not getattr(request, "htmx", False) or 300 <= response.status_code < 400:
            return response
        if "HX-Redirect" in response or "HX-Refresh" in response:
            return response  # the next page shows them
        toasts = waiting_toasts(request)
        if toasts:
            trigger_client_event(response, "toasts", {"items": toasts})
        return response
