"""What is on air now on rows that the page shows already: asked for when a programme that is shown has ended."""

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from channels_app.finding.now_airing import now_airing
from channels_app.models import Channel
from channels_app.views.posted import ids_in

MOST_ROWS = 100  # the page asks for more with its next request


@never_cache
@require_GET
def now(request: HttpRequest) -> JsonResponse:
    """``{"rows": {channel id: [title, until, hint]}}``; ``until`` in seconds since 1970. Rows without a guide are left out."""
    wanted = ids_in(request.GET, "ids")[:MOST_ROWS]
    entries = dict(Channel.objects.filter(pk__in=wanted, guide_entry__isnull=False).values_list("pk", "guide_entry_id"))
    on_air = now_airing(set(entries.values()))
    rows = {}
    for channel_id, entry_id in entries.items():
        if (item := on_air.get(entry_id)) is not None:
            until = date_format(timezone.localtime(item.until), "H:i")
            rows[channel_id] = [item.title, item.until_seconds, f"Until {until}: {item.title}" if item.title else ""]
    return JsonResponse({"rows": rows})
