"""Uploaded logos: a part of what is published (10 §16)."""

from django.http import FileResponse, HttpRequest, HttpResponseBase, HttpResponseNotModified

from channels_app.logos.pictures import CONTENT_TYPES
from channels_app.logos.store import stored_path
from channels_app.publishing.access import Visit, feed
from channels_app.publishing.views.answers import sentence

FOR_EVER = 365 * 86_400  # seconds: the name of an uploaded picture is made of its content
# Whatever is in a picture, it may do nothing: an SVG opened on its own is a document. The page that shows it is not meant.
HARMLESS = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


@feed()
def uploaded(request: HttpRequest, visit: Visit, file_name: str) -> HttpResponseBase:
    """An uploaded picture, to whoever may fetch the published lineup; its address never means another picture."""
    path = stored_path(file_name)
    if path is None:
        return sentence(404, "There is no such picture.")
    quoted = f'"{path.stem}"'
    response: HttpResponseBase
    if quoted in request.headers.get("If-None-Match", ""):
        response = HttpResponseNotModified()
    else:
        response = FileResponse(path.open("rb"), content_type=CONTENT_TYPES[path.suffix[1:]])
    response["ETag"] = quoted
    response["Cache-Control"] = f"public, max-age={FOR_EVER}, immutable"
    return made_harmless(response)


def made_harmless(response: HttpResponseBase) -> HttpResponseBase:
    """The answer with a picture, forbidden to do anything by itself."""
    response["Content-Security-Policy"] = HARMLESS
    response["X-Content-Type-Options"] = "nosniff"
    return response
