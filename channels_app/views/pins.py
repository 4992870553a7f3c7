"""Releasing fields that were set by hand on auto-created channels (20 §4.3): of a selection, and in the dialog of a channel."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from channels_app.autosync.preview_release import ReleasePreview, next_values, preview_release
from channels_app.channel_fields import FIELDS
from channels_app.models import Channel
from channels_app.pins import PINNABLE
from channels_app.release_pins import KEPT_THERE, ReleasePins, pinned_counts, refuse_unknown, release_pins
from channels_app.targets import read_target
from channels_app.views.answers import carried_out, dialog, edited, refusals_told, tell
from channels_app.views.posted import parameters
from ecm_site.htmx import wants_partial
from ecm_site.wording import counted
from tasks_app.mirror.state import is_connected


@require_http_methods(["GET", "POST"])
@refusals_told
def release(request: HttpRequest) -> HttpResponse:
    """Choose fields of a selection, see what the next sync would then write, release them."""
    values = parameters(request)
    target = read_target(values)
    channel_ids = target.ids()
    counts = pinned_counts(channel_ids)
    named = [name for name in values.getlist("field") if name]
    refuse_unknown(named)
    chosen = frozenset(named) if named or values.get("chosen") == "1" else frozenset(counts)
    there = KEPT_THERE if is_connected() else ""
    problem = "" if chosen or not counts else "Tick at least one field."
    if request.method == "POST" and values.get("confirmed") == "1" and not problem:
        outcome = release_pins(ReleasePins(channel_ids, chosen))
        return edited(request, outcome, channels=outcome.channel_ids if len(outcome.channel_ids) <= 1 else None)
    preview = preview_release(channel_ids, chosen) if chosen and not there else ReleasePreview()
    context = {
        "target": target,
        "fields": [(name, FIELDS[name].label, count, name in chosen) for name, count in counts.items()],
        "preview": preview,
        "problem": problem,
        "there": there,
        "nothing": not preview.total,
        "action": reverse("channels:release_pins"),
    }
    status = 422 if problem and values.get("confirmed") == "1" else 200
    title = f"Release fields of {counted(len(channel_ids), 'channel')}"
    return dialog(request, "channels_app/pins/_release.html", title, context, status)


@require_http_methods(["GET", "POST"])
def fields(request: HttpRequest, channel_id: int) -> HttpResponse:
    """The part of a channel's dialog that lists what was set by hand. POST releases one ``field``, or all of them."""
    channel = Channel.objects.filter(pk=channel_id).first()
    if channel is None:
        raise Http404

    def act() -> HttpResponse:
        field = request.POST.get("field", "")
        outcome = release_pins(ReleasePins((channel_id,), frozenset({field} if field else ())))
        tell(request, outcome)
        if not wants_partial(request):
            return redirect("channels:edit", channel_id)
        channel.refresh_from_db(fields=["pinned_fields"])
        response = _fields(request, channel, is_answer=True)
        return trigger_client_event(response, "lineup:changed", {"channels": [channel_id]})

    if request.method == "POST":
        return carried_out(request, act)
    if not wants_partial(request):
        return redirect("channels:edit", channel_id)
    return _fields(request, channel)


def pinned_fields(channel: Channel) -> list[tuple[str, str, str]]:
    """(name, label, "") of what was set by hand on a channel: what the dialog shows before it knows what a sync would write."""
    return [(name, FIELDS[name].label, "") for name in _names(channel)]


def _fields(request: HttpRequest, channel: Channel, *, is_answer: bool = False) -> HttpResponse:
    names = _names(channel)
    coming = next_values(channel.pk) if names else {}
    rows = [(name, FIELDS[name].label, coming.get(name, "")) for name in names]
    context = {"channel": channel, "rows": rows, "is_loaded": True, "is_answer": is_answer}
    return render(request, "channels_app/pins/_fields.html", context)


def _names(channel: Channel) -> list[str]:
    """What can be released on a channel: nothing while a server is mirrored, which has overrides of its own."""
    if not channel.auto_created or is_connected():
        return []
    return [name for name in FIELDS if name in PINNABLE and name in channel.pinned_fields]
