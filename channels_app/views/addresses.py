"""The address of a channel or a stream, to copy (10 §9.2): as text for the page's script, as a dialog for everybody else."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from channels_app.models import Channel
from channels_app.publishing.base_address import base_address
from channels_app.views.answers import dialog
from ecm_site.conf import get_settings
from ecm_site.wording import shortened
from m3u_app.models import Stream


@never_cache
@require_GET
def channel(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Where players open the channel."""
    found = Channel.objects.filter(pk=channel_id).only("name", "uuid").first()
    if found is None:
        raise Http404
    address = base_address(request) + reverse("output:stream", args=[found.uuid])
    note = ""
    if get_settings().output_access == "token":
        note = "Players need a token as well: add ?token= and one of the tokens from the Publishing page."
    return _answer(request, address, f"Address of “{shortened(found.name)}”", note)


@never_cache
@require_GET
def stream(request: HttpRequest, stream_id: int) -> HttpResponse:
    """The provider's own address of the stream, as it is."""
    found = Stream.objects.filter(pk=stream_id).only("name", "url").first()
    if found is None:
        raise Http404
    note = "It may contain your login at the provider: do not pass it on."
    return _answer(request, found.url, f"Address of “{shortened(found.name)}”", note)


def _answer(request: HttpRequest, address: str, title: str, note: str) -> HttpResponse:
    if request.headers.get("Accept", "").startswith("text/plain"):
        return HttpResponse(address, content_type="text/plain; charset=utf-8")
    return dialog(request, "channels_app/_address.html", title, {"address": address, "note": note})
