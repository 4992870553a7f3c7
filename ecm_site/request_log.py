"""What every request leaves in the log, and the id under which it is found there (50 O-1, O-2)."""

import logging
import time
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ecm_site.log_level import follow_log_level
from ecm_site.masking import mask_text
from ecm_site.request_rates import RAPID_HITS, WINDOW_SECONDS, RequestRates
from ecm_site.tracing import begin_trace, clean_trace_id, end_trace, new_trace_id

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

SLOW_MS = 1000
HEALTH_PATHS = ("/api/health", "/api/version", "/metrics")
HEADER = "X-Request-ID"


@cache
def request_rates() -> RequestRates:
    """The counters that all web processes share."""
    return RequestRates(settings.TEMP_DIR / "request-rates.bin")


class RequestLogMiddleware:
    """First of all: names the request, times it, tells about it. Static files and health would drown the rest."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        follow_log_level()
        trace_id = clean_trace_id(request.headers.get(HEADER, "")) or new_trace_id()
        begin_trace(trace_id)
        started = time.perf_counter()
        response = self.get_response(request)
        if not is_exempt(request.path_info):
            tell(request, response.status_code, round((time.perf_counter() - started) * 1000))
        response[HEADER] = trace_id
        # Not before: Django itself logs errors after us, and a streamed answer is still being made.
        response._resource_closers.append(end_trace)  # type: ignore[attr-defined]
        return response


class HealthWithoutSessionMiddleware:
    """Health answers never depend on who asks; without cookies no session is looked up, so they also work without a
    database (50 §11.1)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_health(request.path_info):
            request.META.pop("HTTP_COOKIE", None)
            request.__dict__.pop("COOKIES", None)
        return self.get_response(request)


def is_exempt(path: str) -> bool:
    """Requests that are neither logged nor counted."""
    return _is_health(path) or path.startswith(settings.STATIC_URL)


def tell(request: HttpRequest, status: int, milliseconds: int) -> None:
    """One line for the request, one more when it was slow or comes too often.

    The route pattern stands for the address, so that ids, tokens and searches stay out of the log.
    """
    match = request.resolver_match
    shown = f"/{match.route}" if match else mask_text(request.path_info)[:200]
    method = request.method or "?"
    logger.info("[REQUEST] %s %s %s %s ms", method, shown, status, milliseconds)
    if milliseconds > SLOW_MS:
        logger.info("[SLOW-REQUEST] %s %s took %s ms", method, shown, milliseconds)
    try:
        is_rapid = request_rates().record(method, mask_text(request.path_info))
    except OSError:  # a full disk must not cost answers
        logger.exception("[REQUEST] Requests cannot be counted")
        return
    if is_rapid:
        message = "[RAPID-POLLING] %s %s was asked for %s times or more within %s s"
        logger.warning(message, method, mask_text(request.path_info)[:200], RAPID_HITS, WINDOW_SECONDS)


def _is_health(path: str) -> bool:
    return path in HEALTH_PATHS or path.startswith("/api/health/")
