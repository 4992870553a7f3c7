"""``GET /api/stream-preview/{id}`` and ``/api/channel-preview/{id}`` (10 §19): MPEG-TS for as long as somebody watches.

``?mode=`` passthrough, transcode or video_only; default is the setting. Errors are ``{"detail": "…"}``: 400 bad mode, 404
unknown or nothing to play, 429 and 503 too many previews, 500 no ffmpeg, 502 the source cannot be played. There is no server
behind us here whose absence would be a 503 (§25 row 110): a channel plays the stream that players of its address get.
"""

import socket
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from channels_app.drafts.staging import staged
from channels_app.preview.errors import PreviewRefused
from channels_app.preview.find_source import PreviewSource, channel_source, stream_source
from channels_app.preview.run_preview import start_preview
from channels_app.preview.slots import claim
from ecm_site.conf import STREAM_PREVIEW_MODES, get_settings


@require_GET
def stream_preview(request: HttpRequest, stream_id: int) -> HttpResponseBase:
    """The stream's own address."""
    try:
        return _play(request, stream_source(stream_id))
    except PreviewRefused as refused:
        return _refusal(refused)


@require_GET
def channel_preview(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """The channel's best stream, as the draft of the person who asks has it."""
    found: list[PreviewSource] = []

    def look_up(request: HttpRequest) -> HttpResponse:
        found.append(channel_source(channel_id))
        return HttpResponse()

    try:
        answer = staged(look_up)(request)
        return _play(request, found[0]) if found else answer
    except PreviewRefused as refused:
        return _refusal(refused)


def _play(request: HttpRequest, source: PreviewSource) -> HttpResponseBase:
    mode = request.GET.get("mode") or get_settings().stream_preview_mode
    if mode not in STREAM_PREVIEW_MODES:
        raise PreviewRefused(400, f"There is no such mode. Possible: {', '.join(STREAM_PREVIEW_MODES)}.")
    slot = claim(request.user.pk or 0, request.user.get_username(), source.name, source.limits)
    preview = start_preview(source, mode, slot, _viewer_watch(request))
    response = StreamingHttpResponse(preview, content_type="video/mp2t")
    response["X-Preview-Mode"] = mode
    response["X-Preview-Video"] = preview.codecs.video
    response["X-Preview-Audio"] = preview.codecs.audio
    return _unstored(response)


def _refusal(refused: PreviewRefused) -> HttpResponseBase:
    answer = JsonResponse({"detail": str(refused)}, status=refused.status)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # a provider's fault is no error of this server's
    return _unstored(answer)


def _unstored(response: HttpResponseBase) -> HttpResponseBase:
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # nginx would collect megabytes before it lets go of the first byte
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _viewer_watch(request: HttpRequest) -> Callable[[], bool]:
    """Says whether the browser has hung up, also while nothing is being sent to it: a silent source would hide that."""
    connection = request.META.get("gunicorn.socket")
    if not isinstance(connection, socket.socket):
        return lambda: False  # another server: it is noticed with the next write

    def has_left() -> bool:
        try:
            return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except (OSError, ValueError):
            return True

    return has_left
