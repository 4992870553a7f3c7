"""For container checks and monitoring (50 §11.1). Open to everybody, so it says nothing beyond its state."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ecm_site.health import readiness
from ecm_site.middleware import public
from ecm_site.version import VERSION


@public
@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 while the process serves; touches nothing else."""
    return JsonResponse({"status": "healthy", "service": "ecm", "version": VERSION})


@public
@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when everything works that work depends on, else 503 with the part that does not."""
    state = readiness()
    return JsonResponse({"status": state.status, "checks": state.checks}, status=200 if state.is_ready else 503)
