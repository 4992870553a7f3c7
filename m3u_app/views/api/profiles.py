"""``/api/m3u/accounts/<id>/profiles`` (20 §6). Patterns hold logins: they can be set, and are never told."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from m3u_app.edit_profiles import ProfileValues, add_profile, change_profile, remove_profile
from m3u_app.models import AccountProfile
from m3u_app.views.api.reading import account_or_refuse, address, changed_by
from tasks_app.views.api.answers import Refused, body_of


def _list(request: HttpRequest, account_id: int) -> HttpResponse:
    account_or_refuse(account_id)
    return JsonResponse({"results": [_shape(row) for row in AccountProfile.objects.filter(account_id=account_id)]})


def _add(request: HttpRequest, account_id: int) -> HttpResponse:
    account = account_or_refuse(account_id)
    stored, _ = add_profile(account_id, changed_by(ProfileValues(max_streams=account.max_streams), body_of(request)))
    return JsonResponse(_shape(stored), status=201)


def _show(request: HttpRequest, account_id: int, profile_id: int) -> HttpResponse:
    return JsonResponse(_shape(_stored(account_id, profile_id)))


def _change(request: HttpRequest, account_id: int, profile_id: int) -> HttpResponse:
    stored = _stored(account_id, profile_id)
    start = ProfileValues(
        name=stored.name,
        max_streams=stored.max_streams,
        is_active=stored.is_active,
        notes=stored.notes,
        exp_date=stored.exp_date,
    )
    stored, _ = change_profile(account_id, profile_id, changed_by(start, body_of(request)))
    return JsonResponse(_shape(stored))


def _remove(request: HttpRequest, account_id: int, profile_id: int) -> HttpResponse:
    _stored(account_id, profile_id)
    remove_profile(account_id, profile_id)
    return HttpResponse(status=204)


def _stored(account_id: int, profile_id: int) -> AccountProfile:
    found = AccountProfile.objects.filter(account_id=account_id, pk=profile_id).first()
    if found is None:
        raise Refused(404, "This account has no such profile.")
    return found


def _shape(stored: AccountProfile) -> dict[str, object]:
    return {
        "id": stored.pk,
        "name": stored.name,
        "max_streams": stored.max_streams,
        "is_active": stored.is_active,
        "is_default": stored.is_default,
        "has_patterns": bool(stored.search_pattern),
        "notes": stored.notes,
        "exp_date": stored.exp_date.isoformat(timespec="seconds") if stored.exp_date else None,
    }


profiles = address(GET=_list, POST=_add)
profile = address(GET=_show, PATCH=_change, DELETE=_remove)
