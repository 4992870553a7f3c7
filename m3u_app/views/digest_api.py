"""The digest for programs (20 §21): ``/api/m3u/digest/settings`` and ``/api/m3u/digest/test``."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from m3u_app.digest.edit_digest import change_digest
from m3u_app.digest.models import DigestRecord
from m3u_app.digest.page import test_digest
from m3u_app.digest.values import RECORD_ID, stored_settings
from tasks_app.views.api.answers import Refused, api, body_of


def _show(request: HttpRequest) -> HttpResponse:
    return _settings_answer()


def _change(request: HttpRequest) -> HttpResponse:
    """Any of the settings; those that are not named stay."""
    _only_administrators(request)
    change_digest(body_of(request))
    return _settings_answer()


def _test(request: HttpRequest) -> HttpResponse:
    """Send a sample to the stored ways out."""
    _only_administrators(request)
    current = stored_settings()
    if not current.targets:
        raise Refused(422, "There are no recipients and no messenger is chosen.")
    lines = test_digest(current)
    results = [{"target": line.label, "success": line.success, "message": line.message} for line in lines]
    return JsonResponse({"success": any(line.success for line in lines), "results": results})


def _settings_answer() -> HttpResponse:
    record = DigestRecord.objects.filter(pk=RECORD_ID).first()
    last = record.last_digest_at.isoformat() if record and record.last_digest_at else None
    return JsonResponse({**stored_settings().values(), "last_digest_at": last})


def _only_administrators(request: HttpRequest) -> None:
    if not request.user.is_staff:
        raise Refused(403, "Settings are for administrators.")


settings = api(GET=_show, PUT=_change, PATCH=_change)
test = api(POST=_test)
