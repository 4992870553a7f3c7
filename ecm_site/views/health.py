"""For container checks and monitoring (50 §11.1). Open to everybody, so it says nothing beyond its state."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ecm_site.health import readiness
from ecm_site.middleware import public
from ecm_site.schema_state import schema_state
from ecm_site.version import build


@public
@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 while the process serves; touches nothing else."""
    return JsonResponse({"status": "healthy", "service": "ecm", **_build()})


@public
@never_cache
@require_safe
def version(request: HttpRequest) -> HttpResponse:
    return JsonResponse(_build())


@public
@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when everything works that work depends on, else 503 with the part that does not."""
    state = readiness()
    return JsonResponse({"status": state.status, "checks": state.checks}, status=200 if state.is_ready else 503)


@public
@never_cache
@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """Which migrations are applied. 200 also while some are missing: what that means is for the reader to decide."""
    state = schema_state()
    return JsonResponse(state.as_dict(), status=503 if state.error else 200)


def _build() -> dict[str, str]:
    found = build()
    return {"version": found.version, "commit": found.commit, "release_channel": found.release_channel}
