"""What helps to find out why something is slow or loud. For administrators (50 O-2, U-5)."""

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ecm_site.request_log import request_rates
from ecm_site.request_rates import WINDOW_SECONDS


@never_cache
@require_safe
def rates(request: HttpRequest) -> HttpResponse:
    """How often each address was asked for within the last ten seconds, busiest first."""
    if not request.user.is_staff:
        return JsonResponse({"detail": "This is for administrators."}, status=403)
    return JsonResponse({"window_seconds": WINDOW_SECONDS, "rates": [asdict(rate) for rate in request_rates().current()]})
