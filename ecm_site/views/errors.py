"""Error pages: what happened and what to do, nothing about the inside (50 O-4)."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import REASON_BAD_ORIGIN, REASON_BAD_REFERER
from django.shortcuts import render
from django.template.loader import render_to_string

from ecm_site.middleware import public
from ecm_site.theme import theme_without_user

EXPIRED_FORM = "This form was open for too long, or you signed in again since. Go back, reload the page and send it again."
WRONG_ORIGIN = (
    "The browser says that this form came from another address than the one ECM knows itself by. If ECM stands behind a "
    "reverse proxy with TLS, start it with ECM_BEHIND_TLS=1, or name the address: ECM_TRUSTED_ORIGINS=https://tv.example.org"
)
GONE = "There is nothing at this address. It was removed, or the link is mistyped."
REFUSED = "You may not do this."
BROKEN = "ECM met an error of its own. What you were doing may not be done; the log of the server says more."
MALFORMED = "The browser sent something that ECM cannot read."


@public
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, "That did not work", MALFORMED)


@public
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, "Not allowed", str(exception) or REFUSED)


@public
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path_info.startswith("/api/"):
        if not request.user.is_authenticated:  # strangers do not learn which addresses exist
            return JsonResponse({"detail": "Sign in first."}, status=401)
        return JsonResponse({"detail": GONE}, status=404)
    return _answer(request, 404, "Not found", GONE)


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    foreign = reason.startswith((REASON_BAD_ORIGIN.split("%")[0], REASON_BAD_REFERER.split("%")[0]))
    return _answer(request, 403, "The form was not accepted", WRONG_ORIGIN if foreign else EXPIRED_FORM)


@public
def server_error(request: HttpRequest) -> HttpResponse:
    """Built without the database, the session or any context: one of them may be what failed."""
    if _wants_text(request):
        return HttpResponse(BROKEN, status=500, content_type="text/plain; charset=utf-8")
    return HttpResponse(
        render_to_string("ecm_site/server_error.html", {"sentence": BROKEN, "theme": theme_without_user(request)}), status=500
    )


def unavailable(request: HttpRequest, sentence: str) -> HttpResponse:
    """503: it is nobody's mistake and may work in a moment."""
    answer = _answer(request, 503, "Not now", sentence)
    answer["Retry-After"] = "10"
    answer._has_been_logged = True  # type: ignore[attr-defined]  # whoever answers so has written a line already
    return answer


def _answer(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": sentence}, status=status)
    if _wants_text(request):
        return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
    return render(request, "ecm_site/error.html", {"title": title, "sentence": sentence, "status": status}, status=status)


def _wants_text(request: HttpRequest) -> bool:
    """Parts of pages show the sentence as a toast; programs read it as it is."""
    return request.headers.get("HX-Request") == "true" or request.path.startswith(("/api/", "/output/", "/hdhr/", "/stream/"))
