"""Add and edit a guide source, in a dialog or on a page of its own; try the guide before saving (30 §2.2)."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from ecm_site.htmx import done, wants_partial
from epg_app.create_source import create_source
from epg_app.edit_source import edit_source
from epg_app.forms import SourceForm, initial_values
from epg_app.models import GuideSource
from epg_app.request_refresh import refresh_after_change
from epg_app.source_values import SourceRefused, same_address
from epg_app.try_source import try_source
from epg_app.views._answers import back_to, dialog, say, source_or_404
from m3u_app.views.feed_form import tried, typed_again
from tasks_app.mirror.state import is_connected

_TYPED_KEPT = ("name", "username", "priority", "refresh_interval", "user_agent")


def add(request: HttpRequest) -> HttpResponse:
    """GET shows the form (``type`` preselects a kind); POST saves, tries the guide, or switches the kind."""
    return _form_view(request, None)


def edit(request: HttpRequest, source_id: int) -> HttpResponse:
    """As :func:`add` for a stored source; what is not typed again stays as it was."""
    source = source_or_404(source_id)
    if source.deleting_since is not None:
        return say(request, source_id, messages.WARNING, f"“{source.name}” is being deleted.")
    return _form_view(request, source)


def _form_view(request: HttpRequest, current: GuideSource | None) -> HttpResponse:
    if request.method != "POST":
        return _show(request, SourceForm(current=current, source_type=request.GET.get("type", "")))
    if "switch_type" in request.POST and current is None:
        return _switch_type(request)
    host = request.get_host()
    form = SourceForm(request.POST, request.FILES, current=current, own_host=host)
    is_valid = form.is_valid()
    if "test" in request.POST:
        show = partial(_show, request, form)
        return tried(request, form, lambda: try_source(form.values(), current, own_host=host), show)
    if not is_valid:
        return _show(request, form, status=422)
    values = form.values()
    twin = same_address(values.url or "", current)
    try:
        text = _created(form, request) if current is None else _edited(current.pk, form, request)
    except SourceRefused as refusal:
        form.refuse(refusal)
        return _show(request, form, status=422)
    messages.success(request, text)
    if twin is not None:
        messages.warning(request, f"“{twin.name}” reads the same address. Two copies of one guide only cost time.")
    return done(request, back_to(request, current.pk if current else None), "guides:changed")


def _created(form: SourceForm, request: HttpRequest) -> str:
    source = create_source(form.values(), own_host=request.get_host())
    if is_connected() and source.is_active and refresh_after_change(source.pk):
        return f"Added “{source.name}”. It is sent to Dispatcharr, which loads its guide."
    if source.is_active and refresh_after_change(source.pk):
        return f"Added “{source.name}”. Its first refresh has been started."
    return f"Added “{source.name}”. Switch it on to load its guide."


def _edited(source_id: int, form: SourceForm, request: HttpRequest) -> str:
    edited = edit_source(source_id, form.values(), own_host=request.get_host())
    if not edited.changed:
        return f"“{edited.source.name}” stays as it was."
    text = f"Saved “{edited.source.name}”."
    if edited.needs_refresh and form.cleaned_data["refresh_now"] and refresh_after_change(source_id):
        text += " A refresh has been started."
    return text


def _switch_type(request: HttpRequest) -> HttpResponse:
    """Show the fields of another kind."""
    initial = typed_again(request, initial_values(None), _TYPED_KEPT, SourceForm.url_box)
    form = SourceForm(source_type=request.POST["switch_type"], initial=initial)
    if wants_partial(request):
        return render(request, "epg_app/_connection_fields.html", {"form": form, "action": reverse("guide:add")})
    return _show(request, form)


def _show(request: HttpRequest, form: SourceForm, tested: dict[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
    current = form.current
    context = {
        "form": form,
        "source": current,
        "tested": tested,
        "action": reverse("guide:edit", args=[current.pk]) if current else reverse("guide:add"),
    }
    title = "Edit guide source" if current else "Add guide source"
    return dialog(request, "epg_app/_source_form.html", context, title=title, status=status)
