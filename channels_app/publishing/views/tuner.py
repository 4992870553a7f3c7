"""The network tuner's documents (30 §17)."""

import json
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from channels_app.publishing.access import Visit, feed, note_download
from channels_app.publishing.generation import current_generation
from channels_app.publishing.playlist_text import header_line
from channels_app.publishing.sending import send_template
from channels_app.publishing.tuner_identity import STATUS, device_xml, discover
from channels_app.publishing.tuner_text import TUNER_ID_SOURCE
from channels_app.publishing.variants import check_profile, tuner_for
from channels_app.publishing.views.answers import answering, sentence
from channels_app.publishing.views.feeds import PLAYLIST_TYPE

JSON = "application/json; charset=utf-8"
XML = "application/xml; charset=utf-8"


@feed()
@answering
def discovery(request: HttpRequest, visit: Visit, profile: str = "") -> HttpResponseBase:
    """What a client reads first. Every channel profile is a tuner of its own; an unknown one is refused while it is set up."""
    _check(profile)
    note_download(visit, "tuner description")
    return _json(discover(_base(visit, profile), profile))


@feed()
@answering
def device(request: HttpRequest, visit: Visit, profile: str = "") -> HttpResponseBase:
    _check(profile)
    return HttpResponse(device_xml(_base(visit, profile), profile), content_type=XML)


@feed()
@answering
def lineup_status(request: HttpRequest, visit: Visit, profile: str = "") -> HttpResponseBase:
    _check(profile)
    return _json(STATUS)


@feed(methods=("GET", "HEAD", "POST"))
@answering
def lineup_post(request: HttpRequest, visit: Visit, profile: str = "") -> HttpResponseBase:
    """Clients start and stop a channel scan; there is nothing to scan."""
    _check(profile)
    if request.GET.get("scan", request.POST.get("scan", "")) not in ("start", "abort", ""):
        return sentence(400, "scan must be start or abort.")
    return HttpResponse(content_type="text/plain; charset=utf-8")


@feed()
@answering
def lineup(request: HttpRequest, visit: Visit, profile: str = "") -> HttpResponseBase:
    note_download(visit, "tuner lineup")
    return _send(request, visit, "tuner_lineup", profile, content_type=JSON, file_name="lineup.json")


@feed()
@answering
def lineup_as_xml(request: HttpRequest, visit: Visit, profile: str = "") -> HttpResponseBase:
    return _send(request, visit, "tuner_lineup_xml", profile, content_type=XML, file_name="lineup.xml")


@feed()
@answering
def lineup_as_playlist(request: HttpRequest, visit: Visit, profile: str = "") -> HttpResponseBase:
    of_profile = f"/{quote(profile, safe='')}" if profile else ""
    head = header_line(f"{visit.base}/output/epg{of_profile}?tvg_id_source={TUNER_ID_SOURCE}")
    return _send(request, visit, "tuner_playlist", profile, content_type=PLAYLIST_TYPE, file_name="lineup.m3u", head=head)


@feed()
def unknown_document(request: HttpRequest, visit: Visit, profile: str, document: str) -> HttpResponseBase:
    """A tuner has only these documents."""
    return sentence(404, f"A tuner has no “{document[:100]}”.")


def _check(profile: str) -> None:
    if profile:
        check_profile(current_generation(), profile)


def _base(visit: Visit, profile: str) -> str:
    return f"{visit.base}/hdhr/{quote(profile, safe='')}" if profile else f"{visit.base}/hdhr"


def _send(
    request: HttpRequest, visit: Visit, kind: str, profile: str, *, content_type: str, file_name: str, head: str = ""
) -> HttpResponseBase:
    generation = current_generation()
    return send_template(
        request,
        generation.folder,
        tuner_for(generation, kind, profile),
        base=visit.base,
        head=head,
        content_type=content_type,
        file_name=file_name,
    )


def _json(values: dict[str, Any]) -> HttpResponse:
    return HttpResponse(json.dumps(values, indent=1), content_type=JSON)
