"""``/api/m3u/accounts/<id>/filters`` (20 §5)."""

from dataclasses import fields

from django.http import HttpRequest, HttpResponse, JsonResponse

from ecm_site.masking import mask_text
from m3u_app.edit_filters import FilterValues, add_filter, change_filter, remove_filter
from m3u_app.models import StreamFilter
from m3u_app.views.api.reading import account_or_refuse, address, changed_by
from tasks_app.views.api.answers import Refused, body_of


def _list(request: HttpRequest, account_id: int) -> HttpResponse:
    """In the order in which they decide."""
    account_or_refuse(account_id)
    return JsonResponse({"results": [_shape(row) for row in StreamFilter.objects.filter(account_id=account_id)]})


def _add(request: HttpRequest, account_id: int) -> HttpResponse:
    account_or_refuse(account_id)
    stored, _ = add_filter(account_id, changed_by(FilterValues(), body_of(request)))
    return JsonResponse(_shape(stored), status=201)


def _show(request: HttpRequest, account_id: int, filter_id: int) -> HttpResponse:
    return JsonResponse(_shape(_stored(account_id, filter_id)))


def _change(request: HttpRequest, account_id: int, filter_id: int) -> HttpResponse:
    stored = _stored(account_id, filter_id)
    start = FilterValues(**{spec.name: getattr(stored, spec.name) for spec in fields(FilterValues)})
    stored, _ = change_filter(account_id, filter_id, changed_by(start, body_of(request)))
    return JsonResponse(_shape(stored))


def _remove(request: HttpRequest, account_id: int, filter_id: int) -> HttpResponse:
    _stored(account_id, filter_id)
    remove_filter(account_id, filter_id)
    return HttpResponse(status=204)


def _stored(account_id: int, filter_id: int) -> StreamFilter:
    found = StreamFilter.objects.filter(account_id=account_id, pk=filter_id).first()
    if found is None:
        raise Refused(404, "This account has no such filter.")
    return found


def _shape(stored: StreamFilter) -> dict[str, object]:
    return {
        "id": stored.pk,
        "filter_type": stored.filter_type,
        "regex_pattern": mask_text(stored.regex_pattern),
        "exclude": stored.exclude,
        "case_sensitive": stored.case_sensitive,
        "enabled": stored.enabled,
        "order": stored.position,
    }


filters = address(GET=_list, POST=_add)
filter_ = address(GET=_show, PATCH=_change, DELETE=_remove)
