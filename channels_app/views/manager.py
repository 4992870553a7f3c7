"""The channel manager: the page with both panes (10 §2), and what a person left it like."""

from dataclasses import replace
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET, require_POST

from channels_app.channel_tree import channel_tree
from channels_app.drafts.bar import bar_of
from channels_app.drafts.lives import unfinished_draft
from channels_app.drafts.switching import in_draft
from channels_app.finding.group_picker import without_deleted
from channels_app.pane_filters import (
    COLUMN_CHOICES,
    EXTRA_CHOICES,
    HIDE_CHOICES,
    MISSING_CHOICES,
    PANE_PARAMETERS,
    SORT_CHOICES,
    STREAM_SORT_CHOICES,
    ChannelFilter,
    StreamFilter,
)
from channels_app.preferences import ManagerPreference, read_preference, save_preference
from channels_app.saved_views import View, choice_for, list_views
from channels_app.stream_queries import any_mapped, stream_tree
from channels_app.views.posted import id_in, ids_in
from ecm_site.conf import get_settings
from m3u_app.models import Account, Stream


@require_GET
def manager(request: HttpRequest) -> HttpResponse:
    """The whole page. An address that says what to show beats what was saved; ``?all=1`` shows everything."""
    preference = read_preference(request.user.pk)
    addressed = bool(PANE_PARAMETERS & request.GET.keys())
    views = list_views(request.user.pk)
    wanted, view_id = _channels_wanted(request, preference, views)
    wanted = replace(wanted, groups=without_deleted(wanted.groups))
    wanted_streams = StreamFilter.read(request.GET) if addressed else preference.stream_filter
    opened = (*ids_in(request.GET, "open"), *preference.open_groups)
    context: dict[str, Any] = {
        "bar": bar_of(in_draft() or unfinished_draft(request.user)),
        "preference": preference,
        "tree": channel_tree(wanted, open_groups=opened),
        "stream_tree": stream_tree(wanted_streams),
        "accounts": Account.objects.order_by("name").values_list("pk", "name"),
        "closed_providers": preference.closed_providers,
        "has_mapped": any_mapped(),
        "bulk_url": _bulk_url(),
        "view_choice": choice_for(views, view_id, wanted),
        **channel_pane_context(wanted),
        **stream_pane_context(wanted_streams),
    }
    return render(request, "channels_app/manager.html", context)


def _channels_wanted(request: HttpRequest, preference: ManagerPreference, views: list[View]) -> tuple[ChannelFilter, int]:
    """What the left pane is to show and the saved view that is in use: by the address, the default view, or as it was left."""
    asked = PANE_PARAMETERS & request.GET.keys()
    view_id = id_in(request.GET, "view") or 0
    if asked == {"view"}:
        chosen = next((view for view in views if view.pk == view_id), None)
        return (chosen.wanted if chosen else ChannelFilter()), view_id
    if asked:
        return ChannelFilter.read(request.GET), view_id
    default = next((view for view in views if view.is_default), None)
    return (default.wanted, default.pk) if default else (preference.channel_filter, preference.view)


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keep what the scripts report: only the values that were sent."""
    changes: dict[str, Any] = {}
    if "pane" in request.POST:
        changes["pane"] = request.POST["pane"]
    for name in ("open_groups", "closed_providers"):
        if name in request.POST:
            changes[name] = ids_in(request.POST, name)
    if "filters" in request.POST:
        changes["filters"] = request.POST["filters"]
    if request.user.pk is not None:
        save_preference(request.user.pk, changes)
    return HttpResponse(status=204)


def channel_pane_context(wanted: ChannelFilter) -> dict[str, Any]:
    """What every part of the left pane needs, besides its rows."""
    return {
        "wanted": wanted,
        "channels_url": reverse("channels:manager"),
        "missing_choices": [(name, label, name in wanted.missing) for name, label in MISSING_CHOICES.items()],
        "hide_choices": [(name, label, name in wanted.hide) for name, label in HIDE_CHOICES.items()],
        "column_choices": [(name, label, name in wanted.columns_off) for name, label in COLUMN_CHOICES.items()],
        "extra_choices": [(name, label, name in wanted.columns_on) for name, label in EXTRA_CHOICES.items()],
        "sort_choices": SORT_CHOICES.items(),
        "sort_label": SORT_CHOICES[wanted.sort],
        "columns": set(wanted.columns_on),
        "wanted_stream_name": partial(_stream_name, wanted.stream),  # asked for by the chip alone
    }


def stream_pane_context(wanted: StreamFilter) -> dict[str, Any]:
    """What every part of the right pane needs, besides its rows."""
    return {
        "wanted_streams": wanted,
        "streams_url": reverse("channels:stream_tree"),
        "stream_sort_choices": STREAM_SORT_CHOICES.items(),
        "show_urls": get_settings().show_stream_urls,
    }


def _stream_name(stream_id: int) -> str:
    return Stream.objects.filter(pk=stream_id).values_list("name", flat=True).first() or "a stream that is gone"


def _bulk_url() -> str:
    try:
        return reverse("channels:bulk_create")
    except NoReverseMatch:
        return ""
