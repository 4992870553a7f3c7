"""Gracenote ids for programs: ``/api/epg/lcn`` and ``/api/epg/lcn/batch`` (10 §18, 30 §10.2)."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from channels_app.api.reading import address
from channels_app.api.values import object_list, text_of, whole_id, wrong
from epg_app.find_station_ids import Asked, StationIdHit, find_station_ids
from tasks_app.views.api.answers import Refused, body_of, only_known

MOST_ITEMS = 50_000


def _one(request: HttpRequest) -> HttpResponse:
    """``?tvg_id=``; 404 when no guide has an id for it."""
    tvg_id = request.GET.get("tvg_id", "").strip()
    if not tvg_id:
        raise wrong("tvg_id", "tvg_id is required.")
    hit = find_station_ids([(tvg_id, None)])[tvg_id, None]
    if not hit.station_id:
        raise Refused(404, hit.reason)
    return JsonResponse({"tvg_id": tvg_id, **_shape(hit)})


def _batch(request: HttpRequest) -> HttpResponse:
    """``{"items": [{"tvg_id", "epg_source_id"?}]}``; an item with a source asks only that one. Unknown ids are left out."""
    sent = body_of(request)
    only_known(sent, {"items"})
    asked: list[Asked] = []
    for place, item in enumerate(object_list(sent, "items", most=MOST_ITEMS)):
        source = item.get("epg_source_id")
        source_id = None if source is None else whole_id(source, f"items.{place}.epg_source_id")
        asked.append((text_of(item.get("tvg_id"), f"items.{place}.tvg_id"), source_id))
    hits = find_station_ids(asked, only_that_source=True)
    results: dict[str, dict[str, Any]] = {}
    for (tvg_id, _), hit in hits.items():
        if hit.station_id:
            results.setdefault(tvg_id, _shape(hit))
    return JsonResponse({"results": results})


def _shape(hit: StationIdHit) -> dict[str, Any]:
    return {"lcn": hit.station_id, "source": hit.source_name}


lcn = address(GET=_one)
lcn_batch = address(POST=_batch)
