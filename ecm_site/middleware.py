"""Sign-in for every page (50 U-4) and toasts for partial answers."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import resolve, reverse
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

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
        if resolve(request.path_info).namespace == "admin":
            return None  # Django admin brings its own sign-in
        if not get_user_model().objects.exists():
            target = reverse("setup")
            return HttpResponseClientRedirect(target) if getattr(request, "htmx", False) else redirect(target)
        answer = redirect_to_login(request.get_full_path())
        return HttpResponseClientRedirect(answer.url) if getattr(request, "htmx", False) else answer


class HtmxMessagesMiddleware:
    """Hands Django messages of an htmx answer to the page as toasts."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not getattr(request, "htmx", False) or "HX-Redirect" in response or 300 <= response.status_code < 400:
            return response
        toasts = [{"level": message.level_tag, "text": str(message)} for message in messages.get_messages(request)]
        if toasts:
            trigger_client_event(response, "toasts", {"items": toasts})
        return response
