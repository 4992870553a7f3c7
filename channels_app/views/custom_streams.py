"""Dialogs of custom streams (10 §9.2). They belong to no draft: what is saved here applies at once."""

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from channels_app.forms_custom_stream import CustomStreamForm
from channels_app.lineup_changed import lineup_changed
from channels_app.views.answers import MANAGER, dialog
from ecm_site.htmx import wants_partial
from ecm_site.wording import shortened
from m3u_app.custom_streams import (
    CustomStreamRefused,
    create_custom_stream,
    delete_custom_stream,
    find_custom_stream,
    group_of,
    update_custom_stream,
    uses_of,
    values_of,
)
from m3u_app.models import Stream

_A_PAGE = 100
_USES_SHOWN = 10


@require_GET
def custom_streams(request: HttpRequest) -> HttpResponse:
    """All of them, with their ways to change."""
    page = Paginator(Stream.objects.filter(is_custom=True).order_by("name", "pk"), _A_PAGE).get_page(request.GET.get("page"))
    rows = [(stream, group_of(stream)) for stream in page.object_list]
    return dialog(request, "channels_app/custom_streams/_list.html", "Custom streams", {"rows": rows, "page": page})


@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    form = CustomStreamForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        try:
            stream, entry_id = create_custom_stream(form.values())
        except CustomStreamRefused as refusal:
            form.refuse(refusal)
        else:
            return _saved(request, f"Created custom stream “{shortened(stream.name)}”.", entry_id)
    return _form(request, form, "New custom stream", "Create stream", reverse("channels:create_custom_stream"))


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, stream_id: int) -> HttpResponse:
    stream = _stream_or_404(stream_id)
    form = CustomStreamForm(request.POST if request.method == "POST" else None, initial=asdict(values_of(stream)))
    if request.method == "POST":
        try:
            stream, entry_id = update_custom_stream(stream_id, form.values())
        except CustomStreamRefused as refusal:
            form.refuse(refusal)
        else:
            lineup_changed(guide=False)
            told = f"Saved custom stream “{shortened(stream.name)}”." if entry_id else "Nothing has changed."
            return _saved(request, told, entry_id)
    uses = uses_of(stream_id)
    title = f"Custom stream “{shortened(stream.name)}”"
    more = {"uses": uses[:_USES_SHOWN], "more_uses": max(0, len(uses) - _USES_SHOWN), "stream": stream}
    return _form(request, form, title, "Save", reverse("channels:edit_custom_stream", args=[stream_id]), **more)


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, stream_id: int) -> HttpResponse:
    """Say which channels lose it, then delete."""
    stream = _stream_or_404(stream_id)
    if request.method == "POST":
        name, entry_id = delete_custom_stream(stream_id)
        return _saved(request, f"Deleted custom stream “{shortened(name)}”.", entry_id, lineup=True)
    uses = uses_of(stream_id)
    context = {
        "stream": stream,
        "uses": uses[:_USES_SHOWN],
        "more_uses": max(0, len(uses) - _USES_SHOWN),
        "action": reverse("channels:delete_custom_stream", args=[stream_id]),
    }
    title = f"Delete custom stream “{shortened(stream.name)}”"
    return dialog(request, "channels_app/custom_streams/_delete.html", title, context)


def _stream_or_404(stream_id: int) -> Stream:
    try:
        return find_custom_stream(stream_id)
    except Stream.DoesNotExist:
        raise Http404("There is no such custom stream.") from None


def _saved(request: HttpRequest, message: str, entry_id: int | None, *, lineup: bool = False) -> HttpResponse:
    messages.success(request, message, extra_tags=f"undo:{entry_id}" if entry_id else "")
    if not wants_partial(request):
        return redirect(MANAGER)
    response = trigger_client_event(HttpResponse(status=204), "dialog:close", {})
    trigger_client_event(response, "streams:changed", {})
    return trigger_client_event(response, "lineup:changed", {}) if lineup else response


def _form(request: HttpRequest, form: CustomStreamForm, title: str, button: str, action: str, **more: Any) -> HttpResponse:
    context = {"form": form, "button": button, "action": action, **more}
    partial = "channels_app/custom_streams/_form.html"
    return dialog(request, partial, title, context, 422 if form.is_bound and form.errors else 200)
