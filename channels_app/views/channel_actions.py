"""What is done to one or many channels: delete, renumber, reorder. Each dialog shows what will happen."""

from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from channels_app.channel_queries import rows_by_id
from channels_app.commands import DeleteChannels, RenumberChannels, ReorderChannels
from channels_app.delete_with_groups import delete_with_groups, emptied_groups
from channels_app.edit_channels import numbers_after_delete
from channels_app.errors import EditRefused
from channels_app.forms import RenumberForm, refuse_in
from channels_app.models import Channel
from channels_app.move_channels import channel_behind, reorder_channels, rows_of_group
from channels_app.numbering import format_number, format_range
from channels_app.renumber_channels import PlannedRenumbering, default_start, plan_renumbering, renumber_channels
from channels_app.targets import read_target
from channels_app.views.answers import carried_out, dialog, edited, refusals_told
from channels_app.views.number_previews import (
    FIRST_ROWS,
    NumberPreview,
    preview_of_changes,
    preview_of_numbers,
    read_start,
    wants_full_list,
)
from channels_app.views.posted import id_in, parameters
from ecm_site.many_ids import among
from ecm_site.wording import counted

_MOVING_UP_SHOWN = 3  # rows of the preview when a single channel is deleted (10 §7.3)


@require_http_methods(["GET", "POST"])
@refusals_told
def delete(request: HttpRequest) -> HttpResponse:
    """Ask, then delete. Asked by POST without ``confirmed`` when the selection is long."""
    values = parameters(request)
    target = read_target(values)
    channel_ids = target.ids()
    if request.method == "POST" and values.get("confirmed") == "1":
        command = DeleteChannels(channel_ids, move_up=values.get("move_up") == "1")
        with_groups = values.get("delete_groups") == "1"
        return edited(request, delete_with_groups(command, with_groups=with_groups), deleted=list(channel_ids))
    rows = rows_by_id(channel_ids[:FIRST_ROWS])
    count = len(rows) if len(channel_ids) <= FIRST_ROWS else _existing(channel_ids)
    moving_up = numbers_after_delete(channel_ids) if len(channel_ids) == 1 else {}
    emptied = emptied_groups(channel_ids)
    context = {
        "target": target,
        "rows": rows,
        "count": count,
        "nothing": not count,
        "more": max(0, count - len(rows)),
        "moving_up": preview_of_numbers(moving_up, first=_MOVING_UP_SHOWN),
        "emptied": emptied,
        "more_emptied": max(0, len(emptied.manual) - FIRST_ROWS),
        "action": reverse("channels:delete"),
    }
    title = "Delete channel" if count == 1 else f"Delete {counted(count, 'channel')}"
    return dialog(request, "channels_app/_delete_channels.html", title, context)


@require_http_methods(["GET", "POST"])
@refusals_told
def renumber_selected(request: HttpRequest) -> HttpResponse:
    """Number the selection from a start, with the preview of 10 §8.8."""
    values = parameters(request)
    target = read_target(values)
    channel_ids = target.ids()
    data = values.copy()
    if "start" not in values:
        data["start"] = format_number(default_start(channel_ids))
        data["push_others"] = data["update_names"] = "on"
    form = RenumberForm(data)
    planned: PlannedRenumbering | None = None
    if form.is_valid():
        try:
            command = RenumberChannels(
                channel_ids,
                read_start(form.cleaned_data["start"]) or Decimal(0),
                push_others=form.cleaned_data["push_others"],
                update_names=form.cleaned_data["update_names"],
            )
            if request.method == "POST" and values.get("confirmed") == "1":
                return edited(request, renumber_channels(command))
            planned = plan_renumbering(command)
        except EditRefused as error:
            refuse_in(form, error)
    preview = NumberPreview()
    if planned:
        preview = preview_of_changes(planned.changes, planned.duplicates, full=wants_full_list(values))
    pushes = planned is not None and bool(planned.in_the_way) and form.cleaned_data["push_others"]
    context = {
        "form": form,
        "target": target,
        "count": len(channel_ids),
        "planned": planned,
        "range": format_range(planned.numbers[pk] for pk in planned.selected) if planned else "",
        "preview": preview,
        "in_the_way": rows_by_id(planned.in_the_way[:FIRST_ROWS]) if planned else [],
        "in_the_way_count": len(planned.in_the_way) if planned else 0,
        "button": "Shift & renumber" if pushes else "Renumber",
        "action": reverse("channels:renumber_selected"),
    }
    status = 422 if values.get("confirmed") == "1" and form.errors else 200
    return dialog(
        request, "channels_app/_renumber_channels.html", f"Renumber {counted(len(channel_ids), 'channel')}", context, status
    )


@require_POST
def reorder(request: HttpRequest) -> HttpResponse:
    """A drag or an arrow key inside a group (10 §8.4): ``channel`` in front of ``before``, behind ``after``, or at the end."""
    group_id = id_in(request.POST, "group")
    before, after = id_in(request.POST, "before"), id_in(request.POST, "after")
    if before is None and after is not None:
        before = channel_behind(group_id, after)
    target = read_target(request.POST)

    def act() -> HttpResponse:
        return edited(request, reorder_channels(ReorderChannels(group_id, target.ids(), before)), groups=[group_id])

    return carried_out(request, act)


@require_POST
def step(request: HttpRequest, channel_id: int) -> HttpResponse:
    """One place up or down in its group: the way without dragging and without scripts."""
    channel = Channel.objects.filter(pk=channel_id).only("pk", "group_id").first()
    if channel is None:
        return carried_out(request, _gone)
    ids = [row_id for row_id, _ in rows_of_group(channel.group_id)]
    place = ids.index(channel.pk)
    following = ids[place + 2] if place + 2 < len(ids) else None
    before = ids[max(0, place - 1)] if request.POST.get("direction") == "up" else following
    command = ReorderChannels(channel.group_id, (channel.pk,), before)
    return carried_out(request, lambda: edited(request, reorder_channels(command), groups=[channel.group_id]))


def _gone() -> HttpResponse:
    raise EditRefused("This channel no longer exists. The list has been brought up to date.")


def _existing(channel_ids: tuple[int, ...]) -> int:
    return Channel.objects.filter(pk__in=among(channel_ids)).count()
