"""Playlist, guide and stream addresses (30 §16.1)."""

import logging
from urllib.parse import quote, urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.encoding import iri_to_uri

from channels_app.publishing.access import Visit, feed, note_download
from channels_app.publishing.generation import current_generation
from channels_app.publishing.option_values import read_options
from channels_app.publishing.pick_stream import NothingToPlay, archive_location, pick_stream, stream_location
from channels_app.publishing.playlist_text import header_line
from channels_app.publishing.sending import send_guide, send_template
from channels_app.publishing.variants import guide_for, playlist_for
from channels_app.publishing.views.answers import answering, sentence
from ecm_site.conf import get_settings

logger = logging.getLogger(__name__)

PLAYLIST_TYPE = "audio/x-mpegurl; charset=utf-8"


@feed()
@answering
def playlist(request: HttpRequest, visit: Visit, profile: str = "") -> HttpResponseBase:
    """The whole lineup, or the channels of a channel profile (10 §17)."""
    options = read_options(request.GET, profile)
    if options.direct and not get_settings().output_direct_urls:
        return sentence(403, "Provider addresses are not handed out. ECM's Publishing page can allow it.")
    note_download(visit, "playlist")
    generation = current_generation()
    template = playlist_for(generation, options)
    of_profile = f"/{quote(profile, safe='')}" if profile else ""
    guide = f"{visit.base}/output/epg{of_profile}{options.guide_query(get_settings().output_tvg_id_source)}"
    return send_template(
        request,
        generation.folder,
        template,
        base=visit.base,
        head=header_line(guide),
        content_type=PLAYLIST_TYPE,
        file_name="lineup.m3u",
    )


@feed()
@answering
def guide(request: HttpRequest, visit: Visit, *, as_gz: bool = False, profile: str = "") -> HttpResponseBase:
    options = read_options(request.GET, profile)
    note_download(visit, "guide")
    generation = current_generation()
    return send_guide(request, generation.folder, guide_for(generation, options), as_gz=as_gz)


@feed()
def stream(request: HttpRequest, visit: Visit, channel_uuid: UUID) -> HttpResponseBase:
    query = request.GET.copy()
    query.pop("token", None)
    try:
        return _redirect(stream_location(pick_stream(channel_uuid), urlencode(list(query.lists()), doseq=True)))
    except NothingToPlay as problem:
        return sentence(problem.status, str(problem))


@feed()
def archive(request: HttpRequest, visit: Visit, channel_uuid: UUID) -> HttpResponseBase:
    try:
        return _redirect(archive_location(pick_stream(channel_uuid), request.GET.getlist("v")))
    except NothingToPlay as problem:
        return sentence(problem.status, str(problem))


def _redirect(location: str) -> HttpResponse:
    """By hand: Django refuses to redirect to the schemes that streams use (rtsp, udp …)."""
    response = HttpResponse(status=302)
    response["Location"] = iri_to_uri(location.replace("\r", "").replace("\n", ""))
    response["Cache-Control"] = "no-store"
    return response
