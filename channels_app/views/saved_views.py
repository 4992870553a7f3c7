"""Saved views: the menu of the pane, the same as a page, and the dialogs that save, rename and delete."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from channels_app.errors import EditRefused, NotThere
from channels_app.forms import refuse_in
from channels_app.pane_filters import ChannelFilter
from channels_app.saved_views import (
    View,
    choice_for,
    delete_view,
    list_views,
    make_default,
    rename_view,
    save_view,
    update_view,
    view_of,
)
from channels_app.views.answers import dialog
from channels_app.views.posted import id_in
from ecm_site.htmx import render_page, wants_partial
from ecm_site.wording import shortened


class ViewForm(forms.Form):
    name = forms.CharField(
        required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autofocus": True})
    )


class NewViewForm(ViewForm):
    is_default = forms.BooleanField(label="Open the channel manager with it", required=False)


@require_GET
def menu(request: HttpRequest) -> HttpResponse:
    """The button and its menu; as a page, everything that can be done with views."""
    context = menu_context(request, ChannelFilter.read(request.GET), id_in(request.GET, "view") or 0)
    return render_page(request, "channels_app/saved_views/page.html", "channels_app/saved_views/_menu.html", context)


def menu_context(request: HttpRequest, wanted: ChannelFilter, view_id: int, views: list[View] | None = None) -> dict[str, Any]:
    """What the menu needs; ``views`` when they have been read already."""
    known = list_views(request.user.pk) if views is None else views
    return {"view_choice": choice_for(known, view_id, wanted), "wanted": wanted, "channels_url": reverse("channels:manager")}


@require_http_methods(["GET", "POST"])
def save(request: HttpRequest) -> HttpResponse:
    """Save what the pane shows under a new name; the filter travels as the query of the request, or as ``query``."""
    query = request.POST.get("query", "") if request.method == "POST" else ChannelFilter.read(request.GET).query
    form = NewViewForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        form.is_valid()
        try:
            view = save_view(_user(request), _name(form), query, is_default=form.cleaned_data["is_default"])
        except EditRefused as error:
            refuse_in(form, error)
        else:
            return _done(request, f"Saved the view “{shortened(view.name)}”.", view)
    return _form(request, form, "Save as a view", "Save", reverse("channels:save_view"), query=query)


@require_POST
def update(request: HttpRequest, view_id: int) -> HttpResponse:
    """Keep what the pane shows now under the view's name."""
    try:
        view = update_view(_user(request), view_id, request.POST.get("query", ""))
    except NotThere as error:
        return _lost(request, error)
    return _done(request, f"Saved the changes to “{shortened(view.name)}”.", view)


@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, view_id: int) -> HttpResponse:
    view = _own(request, view_id)
    form = ViewForm(request.POST if request.method == "POST" else None, initial={"name": view.name})
    if request.method == "POST":
        form.is_valid()
        try:
            view = rename_view(_user(request), view_id, _name(form))
        except EditRefused as error:
            refuse_in(form, error)
        else:
            return _done(request, f"The view is called “{shortened(view.name)}” now.", view)
    return _form(request, form, f"Rename “{shortened(view.name)}”", "Rename", reverse("channels:rename_view", args=[view_id]))


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, view_id: int) -> HttpResponse:
    """Ask, then delete. The channels that it shows are not touched."""
    view = _own(request, view_id)
    if request.method == "POST":
        delete_view(_user(request), view_id)
        return _done(request, f"Deleted the view “{shortened(view.name)}”.", None)
    context = {"view": view, "action": reverse("channels:delete_view", args=[view_id])}
    return dialog(request, "channels_app/saved_views/_delete.html", f"Delete “{shortened(view.name)}”", context)


@require_POST
def set_default(request: HttpRequest, view_id: int) -> HttpResponse:
    """Open the channel manager with this view; ``value`` empty: as it was left."""
    view = _own(request, view_id)
    is_default = request.POST.get("value") == "1"
    make_default(_user(request), view_id if is_default else None)
    text = (
        f"The channel manager opens with “{shortened(view.name)}”."
        if is_default
        else "The channel manager opens as you left it."
    )
    return _done(request, text, view)


def _form(
    request: HttpRequest, form: forms.Form, title: str, button: str, action: str, *, query: str | None = None
) -> HttpResponse:
    context = {"form": form, "button": button, "action": action, "query": query}
    return dialog(request, "channels_app/saved_views/_form.html", title, context, 422 if form.errors else 200)


def _done(request: HttpRequest, sentence: str, view: View | None) -> HttpResponse:
    messages.success(request, sentence)
    if not wants_partial(request):
        return redirect("channels:views")
    response = trigger_client_event(HttpResponse(status=204), "dialog:close", {})
    return trigger_client_event(response, "views:changed", {"view": view.pk if view else 0})


def _lost(request: HttpRequest, error: NotThere) -> HttpResponse:
    messages.error(request, str(error))
    if not wants_partial(request):
        return redirect("channels:views")
    return trigger_client_event(HttpResponse(status=204), "views:changed", {"view": 0})


def _own(request: HttpRequest, view_id: int) -> View:
    try:
        return view_of(request.user.pk, view_id)
    except NotThere:
        raise Http404 from None


def _name(form: ViewForm) -> str:
    """What was typed, without what no name can hold; the use case says what is wrong with the rest."""
    return str(form["name"].value() or "").replace("\x00", "")


def _user(request: HttpRequest) -> int:
    if request.user.pk is None:
        raise Http404
    return int(request.user.pk)
