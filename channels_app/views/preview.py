"""The preview dialog, M3U files of one entry, and the help for opening VLC (10 §19)."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from channels_app.drafts.tables import FIRST_TEMPORARY_ID
from channels_app.models import Channel, ChannelStream
from channels_app.numbering import format_number
from channels_app.preview.errors import PreviewRefused
from channels_app.preview.external import SCRIPTS, find_script, m3u_file_name, m3u_text
from channels_app.preview.find_source import best_stream
from channels_app.preview.modes import MODES
from channels_app.publishing.base_address import base_address
from channels_app.views.answers import dialog
from ecm_site.conf import get_settings
from ecm_site.roles import may_edit
from ecm_site.wording import shortened
from m3u_app.models import Stream


@never_cache
@require_GET
def stream(request: HttpRequest, stream_id: int) -> HttpResponse:
    """Plays the stream; below it what is known about it."""
    found = _stream_or_404(stream_id)
    group = found.group.name if found.group else str((found.extras or {}).get("group", ""))
    facts = [("Group", group), ("TVG-ID", found.tvg_id), ("Provider", found.account.name if found.account else "custom stream")]
    urls = {
        "api": reverse("preview_api:stream", args=[stream_id]),
        "m3u": reverse("channels:stream_m3u", args=[stream_id]),
        "vlc": reverse("channels:stream_vlc", args=[stream_id]),
    }
    return _dialog(request, found.name, facts, urls)


@never_cache
@require_GET
def channel(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Plays the channel's best stream."""
    found = _channel_or_404(channel_id)
    try:
        plays = best_stream(channel_id)[0].name
    except PreviewRefused as refused:
        plays = f"nothing. {refused}"
    facts = [
        ("Number", format_number(found.number)),
        ("TVG-ID", found.tvg_id),
        ("Streams", str(ChannelStream.objects.filter(channel_id=channel_id).count())),
        ("Plays", plays),
    ]
    urls = {
        "api": reverse("preview_api:channel", args=[channel_id]),
        "m3u": reverse("channels:channel_m3u", args=[channel_id]),
        "vlc": reverse("channels:channel_vlc", args=[channel_id]),
    }
    return _dialog(request, found.name, facts, urls)


@never_cache
@require_GET
def stream_m3u(request: HttpRequest, stream_id: int) -> HttpResponse:
    """A playlist of this stream alone. It holds the provider's address, login included, as the operator may see it."""
    found = _stream_or_404(stream_id)
    return _m3u(found.name, found.url)


@never_cache
@require_GET
def channel_m3u(request: HttpRequest, channel_id: int) -> HttpResponse:
    found = _channel_or_404(channel_id)
    return _m3u(found.name, _channel_address(request, found))


@never_cache
@require_GET
def stream_vlc(request: HttpRequest, stream_id: int) -> HttpResponse:
    """For the script: the address and what to do with it. For people: how to make the browser start VLC."""
    found = _stream_or_404(stream_id)
    return _vlc(request, found.name, found.url, reverse("channels:stream_m3u", args=[stream_id]))


@never_cache
@require_GET
def channel_vlc(request: HttpRequest, channel_id: int) -> HttpResponse:
    found = _channel_or_404(channel_id)
    return _vlc(request, found.name, _channel_address(request, found), reverse("channels:channel_m3u", args=[channel_id]))


@require_GET
def vlc_script(request: HttpRequest, system: str) -> HttpResponse:
    """The script that teaches one operating system about ``vlc://``, to be read before it is run."""
    script = find_script(system)
    if script is None:
        raise Http404("There is no such script.")
    text = script.text()
    if system == "windows":
        text = text.replace("\n", "\r\n")
    return _attached(text, script.file_name, "text/plain; charset=utf-8")


def _dialog(request: HttpRequest, name: str, facts: list[tuple[str, str]], urls: dict[str, str]) -> HttpResponse:
    context: dict[str, Any] = {
        "facts": [(label, value) for label, value in facts if value],
        "urls": urls,
        "mode": get_settings().stream_preview_mode,
        "modes": MODES.items(),
    }
    return dialog(request, "channels_app/preview/_preview.html", shortened(name), context)


def _vlc(request: HttpRequest, name: str, address: str, m3u: str) -> HttpResponse:
    if not address:
        raise Http404("There is nothing to play.")
    if request.headers.get("Accept", "").startswith("text/plain"):
        answer = HttpResponse(address, content_type="text/plain; charset=utf-8")
        answer["X-VLC-Behavior"] = get_settings().vlc_open_behavior
        return answer
    context = {"scripts": SCRIPTS, "m3u": m3u, "name": shortened(name)}
    return dialog(request, "channels_app/preview/_vlc_help.html", "Open in VLC", context)


def _m3u(name: str, address: str) -> HttpResponse:
    if not address:
        raise Http404("There is nothing to play.")
    return _attached(m3u_text(name, address), m3u_file_name(name), "audio/x-mpegurl; charset=utf-8")


def _attached(text: str, file_name: str, content_type: str) -> HttpResponse:
    answer = HttpResponse(text.encode("utf-8", errors="replace"), content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return answer


def _channel_address(request: HttpRequest, found: Channel) -> str:
    """Where players open the channel; of one that is not published (new in a draft, hidden) its best stream's address."""
    if found.pk < FIRST_TEMPORARY_ID and not found.is_hidden:
        return base_address(request) + reverse("output:stream", args=[found.uuid])
    if not may_edit(request.user):
        return ""  # the provider's own address, login included
    try:
        return best_stream(found.pk)[0].url
    except PreviewRefused:
        return ""


def _stream_or_404(stream_id: int) -> Stream:
    found = Stream.objects.select_related("account", "group").filter(pk=stream_id).first()
    if found is None:
        raise Http404("There is no such stream.")
    return found


def _channel_or_404(channel_id: int) -> Channel:
    found = Channel.objects.filter(pk=channel_id).first()
    if found is None:
        raise Http404("There is no such channel.")
    return found
