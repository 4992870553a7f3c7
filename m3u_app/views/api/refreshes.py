"""``/api/m3u/refresh``: start the refresh of one account or of all."""

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, JsonResponse

from m3u_app.request_refresh import request_refresh, request_refresh_all
from m3u_app.views.api.reading import account_or_refuse, address


def _all(request: HttpRequest) -> HttpResponse:
    return JsonResponse(asdict(request_refresh_all()), status=202)


def _one(request: HttpRequest, account_id: int) -> HttpResponse:
    """202 with the run; 409 when the account is off, locked or being refreshed."""
    account_or_refuse(account_id)
    return JsonResponse({"run_id": request_refresh(account_id).pk}, status=202)


refresh_all = address(POST=_all)
refresh = address(POST=_one)
