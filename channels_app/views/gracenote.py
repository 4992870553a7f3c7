"""Fetching Gracenote ids: for the selection, and for the one channel in the edit dialog (10 §18, §7.2)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from channels_app.forms import ChannelForm
from channels_app.gracenote.assign_ids import assign_ids
from channels_app.gracenote.plan_ids import IdPlan, IdRow, look_up, plan_ids
from channels_app.models import Channel
from channels_app.targets import read_target
from channels_app.views.answers import dialog, edited, refusals_told
from channels_app.views.channel_forms import edit_form
from channels_app.views.normalize_names import CHANGED_SINCE
from channels_app.views.paged_choices import Choices, page_of, read_choices
from channels_app.views.posted import id_in, parameters
from ecm_site.conf import get_settings
from ecm_site.htmx import wants_partial
from epg_app.models import GuideEntry

SHOWN_WITHOUT = 200  # rows of a list in which there is nothing to choose


@require_http_methods(["GET", "POST"])
@refusals_told
def fetch(request: HttpRequest) -> HttpResponse:
    """Four lists: found, not found, no TVG-ID, already set. Confirming stores the ticked ones as one step."""
    values = parameters(request)
    target = read_target(values)
    plan = plan_ids(target.ids())
    mode = get_settings().gracenote_conflict_mode
    choices = read_choices(values)
    offered = plan.new + ([] if mode == "skip" else plan.conflicts)
    chosen = [row for row in offered if _is_on(row, choices, mode)]
    notice = ""
    if request.method == "POST" and values.get("confirmed") == "1":
        if values.get("mark") == plan.mark:
            return edited(request, assign_ids(chosen))
        notice = CHANGED_SINCE
    page = page_of(offered, values)
    context = {
        "target": target,
        "page": page,
        "rows": [{"item": row, "is_on": _is_on(row, choices, mode)} for row in page.rows],
        "hidden": choices.hidden([row.channel_id for row in page.rows]),
        "mark": plan.mark,
        "chosen": len(chosen),
        "notice": notice,
        "mode": mode,
        "plan": plan,
        "lists": _lists(plan, mode),
        "action": reverse("channels:gracenote"),
    }
    return dialog(request, "channels_app/names/_gracenote.html", "Fetch Gracenote ids", context, 422 if notice else 200)


@require_http_methods(["POST"])
def field(request: HttpRequest) -> HttpResponse:
    """The Gracenote field of the edit dialog with the id that belongs to the TVG-ID typed there, or why there is none."""
    form = ChannelForm(request.POST)
    form.is_valid()
    tvg_id = str(form.cleaned_data.get("tvg_id", "")).strip()
    entry = _entry(request.POST.get("guide_entry", ""))
    asked = tvg_id or (entry.tvg_id if entry else "")
    channel = Channel.objects.select_related("group").filter(pk=id_in(request.POST, "looked_up_for") or 0).first()
    values = request.POST.copy()
    if asked:
        source_id = entry.source_id if entry else None
        hit = look_up(asked, source_id=source_id, channel_id=channel.pk if channel else None)
        values["gracenote_id"] = hit.station_id or values.get("gracenote_id", "")
        told = f"{hit.station_id} from {hit.source_name}." if hit.station_id else hit.reason
    else:
        told = "Give the channel a TVG-ID or a guide entry first."
    found = ChannelForm(values)
    if channel and not wants_partial(request):
        return edit_form(request, channel, found, told=told)
    context = {"form": found, "told": told, "looked_up_for": channel.pk if channel else ""}
    return render(request, "channels_app/names/_gracenote_field.html", context)


def _is_on(row: IdRow, choices: Choices, mode: str) -> bool:
    return choices.is_on(row.channel_id, proposed=not row.is_conflict or mode == "overwrite")


def _lists(plan: IdPlan, mode: str) -> list[dict[str, Any]]:
    found = [
        ("Not found", plan.not_found),
        ("No TVG-ID", plan.no_tvg_id),
        ("Already set", plan.already_set),
    ]
    if mode == "skip":
        found.insert(0, ("Another id is set and stays, as the settings say", plan.conflicts))
    return [
        {"title": title, "count": len(rows), "rows": rows[:SHOWN_WITHOUT], "more": max(0, len(rows) - SHOWN_WITHOUT)}
        for title, rows in found
        if rows
    ]


def _entry(typed: str) -> GuideEntry | None:
    if not (typed.isascii() and typed.isdigit() and len(typed) < 19):
        return None
    return GuideEntry.objects.only("tvg_id", "source_id").filter(pk=int(typed)).first()
