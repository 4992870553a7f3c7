"""Sends the small copies of logos to our own pages."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils.encoding import iri_to_uri
from django.views.decorators.http import require_GET

from channels_app.logos.addresses import stored_name_of
from channels_app.logos.thumbnails import Broken, NotHere, is_signed, may_be_followed, thumbnail_of
from channels_app.publishing.views.logos import made_harmless

COPY_SECONDS = 7 * 86_400
BROKEN_SECONDS = 600


@require_GET
def thumbnail(request: HttpRequest, signature: str) -> HttpResponseBase:
    """A small copy of the picture ``?u=``, for which one of our pages signed; without one, on to the original."""
    address = request.GET.get("u", "")
    if not address or not is_signed(address, signature):
        return HttpResponse("No page of ECM asked for this picture.\n", status=404, content_type="text/plain; charset=utf-8")
    try:
        found = thumbnail_of(address)
        data = found.path.read_bytes()
    except (NotHere, FileNotFoundError):
        return _original(address, "no-store")
    except Broken:
        if stored_name_of(address):  # our own file is what failed
            return HttpResponse(status=404)
        return _original(address, f"private, max-age={BROKEN_SECONDS}")
    quoted = f'"{found.etag}"'
    response: HttpResponse
    if quoted in request.headers.get("If-None-Match", ""):
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(data, content_type=found.content_type)
    response["ETag"] = quoted
    response["Cache-Control"] = f"private, max-age={COPY_SECONDS}"
    return made_harmless(response)


def _original(address: str, cache_control: str) -> HttpResponse:
    """On to where the picture really is."""
    if not may_be_followed(address):
        return HttpResponse(status=404)
    response = HttpResponse(status=302)
    response["Location"] = iri_to_uri(address.replace("\r", "").replace("\n", ""))
    response["Cache-Control"] = cache_control
    response["Referrer-Policy"] = "no-referrer"
    return response
