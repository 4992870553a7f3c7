"""The network tuner's documents (30 §17)."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from channels_app.publishing.access import Visit, feed, note_download
from channels_app.publishing.generation import Template, current_generation
from channels_app.publishing.playlist_text import header_line
from channels_app.publishing.sending import send_template
from channels_app.publishing.tuner_identity import STATUS, device_xml, discover
from channels_app.publishing.tuner_text import TUNER_ID_SOURCE
from channels_app.publishing.views.answers import answering, sentence
from channels_app.publishing.views.feeds import PLAYLIST_TYPE

JSON = "application/json; charset=utf-8"
XML = "application/xml; charset=utf-8"


@feed()
def discovery(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    note_download(visit, "tuner description")
    return _json(discover(f"{visit.base}/hdhr"))


@feed()
def device(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    return HttpResponse(device_xml(f"{visit.base}/hdhr"), content_type=XML)


@feed()
def lineup_status(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    return _json(STATUS)


@feed(methods=("GET", "HEAD", "POST"))
def lineup_post(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Clients start and stop a channel scan; there is nothing to scan."""
    if request.GET.get("scan", request.POST.get("scan", "")) not in ("start", "abort", ""):
        return sentence(400, "scan must be start or abort.")
    return HttpResponse(content_type="text/plain; charset=utf-8")


@feed()
@answering
def lineup(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    note_download(visit, "tuner lineup")
    return _send(request, visit, current_generation().tuner_lineup, content_type=JSON, file_name="lineup.json")


@feed()
@answering
def lineup_as_xml(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    return _send(request, visit, current_generation().tuner_lineup_xml, content_type=XML, file_name="lineup.xml")


@feed()
@answering
def lineup_as_playlist(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    head = header_line(f"{visit.base}/output/epg?tvg_id_source={TUNER_ID_SOURCE}")
    return _send(
        request, visit, current_generation().tuner_playlist, content_type=PLAYLIST_TYPE, file_name="lineup.m3u", head=head
    )


@feed()
def unknown_profile(request: HttpRequest, visit: Visit, profile: str, document: str) -> HttpResponseBase:
    """404 rather than an empty tuner, so that a wrong address fails while it is being set up."""
    return sentence(404, f"There is no output profile “{profile[:100]}”.")


def _send(
    request: HttpRequest, visit: Visit, template: Template, *, content_type: str, file_name: str, head: str = ""
) -> HttpResponseBase:
    return send_template(
        request,
        current_generation().folder,
        template,
        base=visit.base,
        head=head,
        content_type=content_type,
        file_name=file_name,
    )


def _json(values: dict[str, Any]) -> HttpResponse:
    return HttpResponse(json.dumps(values, indent=1), content_type=JSON)
