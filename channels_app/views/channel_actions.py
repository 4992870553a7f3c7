"""What is done to one or many channels: delete, move between groups, renumber, reorder. Each dialog shows what will happen."""

from decimal import Decimal, InvalidOperation

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from channels_app.channel_fields import clean_number
from channels_app.channel_queries import rows_by_id
from channels_app.chunks import chunked
from channels_app.commands import DeleteChannels, MoveChannels, NumberChoice, RenumberChannels, ReorderChannels
from channels_app.edit_channels import delete_channels, numbers_after_delete
from channels_app.errors import EditRefused
from channels_app.forms import MoveForm, RenumberForm, refuse_in
from channels_app.group_order import groups_in_order
from channels_app.models import Channel
from channels_app.move_channels import (
    PlannedMove,
    by_natural_name,
    channel_behind,
    move_channels,
    plan_move,
    reorder_channels,
    rows_of_group,
    source_has_gaps_after,
    suggested_start,
)
from channels_app.number_changes import duplicate_warnings, number_changes
from channels_app.numbering import format_number, format_range
from channels_app.renumber_channels import PlannedRenumbering, default_start, plan_renumbering, renumber_channels
from channels_app.targets import read_target
from channels_app.views.answers import carried_out, dialog, edited, refusals_told
from channels_app.views.posted import id_in, ids_in, parameters
from channels_app.write_changes import ChannelChange
from ecm_site.wording import counted

_PREVIEWED = 5


@require_http_methods(["GET", "POST"])
@refusals_told
def delete(request: HttpRequest) -> HttpResponse:
    """Ask, then delete. Asked by POST without ``confirmed`` when the selection is long."""
    values = parameters(request)
    target = read_target(values)
    channel_ids = target.ids()
    if request.method == "POST" and values.get("confirmed") == "1":
        command = DeleteChannels(channel_ids, move_up=values.get("move_up") == "1")
        return carried_out(request, lambda: edited(request, delete_channels(command), deleted=list(channel_ids)))
    rows = rows_by_id(channel_ids[:_PREVIEWED])
    count = len(rows) if len(channel_ids) <= _PREVIEWED else _existing(channel_ids)
    moving_up = number_changes(numbers_after_delete(channel_ids)) if len(channel_ids) == 1 else []
    context = {
        "target": target,
        "rows": rows,
        "count": count,
        "nothing": not count,
        "more": max(0, count - len(rows)),
        "moving_up": _preview(moving_up[:3]),
        "moving_up_count": len(moving_up),
        "action": reverse("channels:delete"),
    }
    title = "Delete channel" if count == 1 else f"Delete {counted(count, 'channel')}"
    return dialog(request, "channels_app/_delete_channels.html", title, context)


@require_http_methods(["GET", "POST"])
@refusals_told
def move(request: HttpRequest) -> HttpResponse:
    """Choose group and numbers, see what that does, move (10 §8.5).

    ``by=drag`` keeps the order by number; otherwise the channels stand in natural name order. ``start`` is the place of a
    drop ("insert at"). Every change in the dialog asks for a new preview (``preview=1``).
    """
    values = parameters(request)
    target = read_target(values)
    channel_ids = target.ids()
    by_drag = values.get("by") == "drag"
    ordered = channel_ids if by_drag else by_natural_name(channel_ids)
    group_id = id_in(values, "group")
    at = values.get("at", "")
    suggestion = _decimal(at) if at else suggested_start(group_id)
    is_fresh = "numbers" not in values
    data = values.copy()
    if is_fresh:
        data["numbers"] = "keep" if suggestion is None else "suggested"
        data["group"] = str(group_id or 0)
    elif data["numbers"] == "suggested" and suggestion is None:
        data["numbers"] = "keep"  # the group chosen now has no numbers to suggest from
    form = MoveForm(data)
    form.fields["group"].choices = [("0", "Uncategorized"), *((str(group.pk), group.name) for group in groups_in_order())]  # type: ignore[attr-defined]
    planned: PlannedMove | None = None
    if form.is_valid():
        choice: NumberChoice = form.cleaned_data["numbers"]
        start = suggestion if choice == "suggested" else _decimal(form.cleaned_data["start"])
        command = MoveChannels(ordered, group_id, choice, start, close_gaps=form.cleaned_data["close_gaps"])
        try:
            if request.method == "POST" and values.get("confirmed") == "1":
                return edited(request, move_channels(command))
            if choice != "custom" or form.cleaned_data["start"].strip():
                planned = plan_move(command)
        except EditRefused as error:
            refuse_in(form, error, {"group_id": "group"})
    changes = _planned_changes(planned) if planned else []
    context = {
        "form": form,
        "target": target,
        "rows": rows_by_id(ordered[:_PREVIEWED]),
        "count": len(channel_ids),
        "more": max(0, len(channel_ids) - _PREVIEWED),
        "by": values.get("by", ""),
        "at": at,
        "suggestion": format_number(suggestion),
        "target_range": format_range(number for _, number in rows_of_group(group_id) if number is not None),
        "offer_close": source_has_gaps_after(channel_ids, group_id),
        "planned": planned,
        "changes": _preview(changes),
        "more_changes": max(0, len(changes) - _PREVIEWED),
        "warnings": duplicate_warnings(planned.duplicates) if planned else [],
        "action": reverse("channels:move"),
    }
    status = 422 if values.get("confirmed") == "1" and form.errors else 200
    return dialog(request, "channels_app/_move_channels.html", f"Move {counted(len(channel_ids), 'channel')}", context, status)


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
        command = RenumberChannels(
            channel_ids,
            _decimal(form.cleaned_data["start"]) or Decimal(0),
            push_others=form.cleaned_data["push_others"],
            update_names=form.cleaned_data["update_names"],
        )
        try:
            _refuse_letters(form.cleaned_data["start"])
            if request.method == "POST" and values.get("confirmed") == "1":
                return edited(request, renumber_channels(command))
            planned = plan_renumbering(command)
        except EditRefused as error:
            refuse_in(form, error)
    context = {
        "form": form,
        "target": target,
        "count": len(channel_ids),
        "planned": planned,
        "changes": _preview(planned.changes) if planned else [],
        "more": max(0, len(planned.changes) - _PREVIEWED) if planned else 0,
        "in_the_way": rows_by_id(planned.in_the_way[:_PREVIEWED]) if planned else [],
        "in_the_way_count": len(planned.in_the_way) if planned else 0,
        "warnings": duplicate_warnings(planned.duplicates) if planned else [],
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
    command = ReorderChannels(group_id, ids_in(request.POST, "channel"), before)
    return carried_out(request, lambda: edited(request, reorder_channels(command), groups=[group_id]))


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
    return sum(Channel.objects.filter(pk__in=portion).count() for portion in chunked(channel_ids))


def _planned_changes(planned: PlannedMove) -> list[ChannelChange]:
    return number_changes({**planned.numbers, **planned.shifted, **planned.closed})


def _preview(changes: list[ChannelChange]) -> list[dict[str, str]]:
    """The first rows old → new, with new names (10 §8)."""
    ids = [change.channel_id for change in changes[:_PREVIEWED]]
    names = dict(Channel.objects.filter(pk__in=ids).values_list("pk", "name"))
    return [
        {
            "name": names.get(change.channel_id, ""),
            "old": _number(change.before.get("number")),
            "new": _number(change.after.get("number")),
            "new_name": str(change.after["name"]) if "name" in change.after else "",
        }
        for change in changes[:_PREVIEWED]
        if "number" in change.after
    ]


def _number(value: object) -> str:
    return format_number(value) if isinstance(value, Decimal) else "–"


def _decimal(text: str) -> Decimal | None:
    """What was typed as a Decimal; None for anything else, which the use case then refuses in words."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _refuse_letters(text: str) -> None:
    try:
        clean_number(text)
    except ValueError as error:
        raise EditRefused({"start": str(error)}) from None
