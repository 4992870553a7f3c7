"""Move channels into another group: where to, with which numbers, and what that does to others (10 §6, §8.5)."""

from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from channels_app.autosync.filled_groups import groups_filled_by_auto_sync
from channels_app.channel_queries import rows_by_id
from channels_app.commands import CreateGroup, MoveChannels, NumberChoice
from channels_app.edit_groups import create_group
from channels_app.errors import EditRefused
from channels_app.forms import GroupForm, MoveForm, refuse_in
from channels_app.group_order import groups_in_order
from channels_app.groups.hidden import hidden_group_ids
from channels_app.models import ChannelGroup
from channels_app.move_channels import (
    PlannedMove,
    by_current_number,
    by_natural_name,
    move_channels,
    number_behind,
    plan_move,
    rows_of_group,
    source_groups,
    source_has_gaps_after,
    suggested_start,
)
from channels_app.number_changes import number_changes
from channels_app.numbering import format_number, format_range
from channels_app.targets import read_target
from channels_app.views.answers import dialog, edited, refusals_told
from channels_app.views.number_previews import NumberPreview, preview_of_changes, read_start, typed_number, wants_full_list
from channels_app.views.posted import id_in, parameters
from ecm_site.wording import counted, shortened
from tasks_app.journal import log_summary, new_batch_id

_LISTED = 5


@dataclass(frozen=True)
class _Suggestion:
    """Where the moved channels would begin: ``at`` is the place of a drop, else the number behind the group's highest."""

    start: Decimal | None
    at: str = ""

    @property
    def text(self) -> str:
        return format_number(self.start)


@require_http_methods(["GET", "POST"])
@refusals_told
def move(request: HttpRequest) -> HttpResponse:
    """Choose group and numbers, see what that does, move.

    ``by=drag`` keeps the order by number; otherwise the channels stand in natural name order. A drop names its place by
    ``at`` (a number), or ``behind`` (the channel in front of it), which count for the group dropped on only (``at_group``).
    """
    values = parameters(request)
    target = read_target(values)
    channel_ids = target.ids()
    ordered = by_current_number(channel_ids) if values.get("by") == "drag" else by_natural_name(channel_ids)
    group_id = id_in(values, "group")
    suggestion = _suggestion(values, group_id)
    default: NumberChoice = "keep" if suggestion.start is None else "suggested"
    data = values.copy()
    named = values.get("group", "").strip()
    data["group"] = str(group_id or 0) if group_id or not named else named  # what is no group is refused, not Uncategorized
    is_untouched = values.get("numbers", "") == values.get("numbers_default", "")
    if is_untouched or (values.get("numbers") == "suggested" and suggestion.start is None):
        data["numbers"] = default  # what was never chosen follows the group that is
    form = MoveForm(data)
    hidden = hidden_group_ids()
    offered = [(str(group.pk), group.name) for group in groups_in_order() if group.pk not in hidden]
    form.fields["group"].choices = [("0", "Uncategorized"), *offered]  # type: ignore[attr-defined]
    planned: PlannedMove | None = None
    confirmed = request.method == "POST" and values.get("confirmed") == "1"
    if form.is_valid():
        choice: NumberChoice = form.cleaned_data["numbers"]
        try:
            start = read_start(form.cleaned_data["start"]) if choice == "custom" else suggestion.start
            command = MoveChannels(ordered, group_id, choice, start, close_gaps=form.cleaned_data["close_gaps"])
            if confirmed:
                return edited(request, move_channels(command))
            if choice != "custom" or form.cleaned_data["start"].strip():
                planned = plan_move(command)
        except EditRefused as error:
            refuse_in(form, error, {"group_id": "group"})
    preview = NumberPreview()
    if planned:
        changes = number_changes({**planned.numbers, **planned.shifted, **planned.closed})
        preview = preview_of_changes(changes, planned.duplicates, full=wants_full_list(values))
    context = {
        "form": form,
        "target": target,
        "rows": rows_by_id(ordered[:_LISTED]),
        "more": max(0, len(channel_ids) - _LISTED),
        "source": _source(channel_ids),
        "by": values.get("by", ""),
        "at": suggestion.at,
        "at_group": data["group"],
        "default": default,
        "suggestion": suggestion.text,
        "target_range": format_range(number for _, number in rows_of_group(group_id) if number is not None),
        "new_range": format_range(planned.numbers.values()) if planned else "",
        "is_synced": group_id in groups_filled_by_auto_sync(),
        "offer_close": source_has_gaps_after(channel_ids, group_id),
        "planned": planned,
        "preview": preview,
        "action": reverse("channels:move"),
    }
    status = 422 if confirmed and form.errors else 200
    return dialog(request, "channels_app/_move_channels.html", f"Move {counted(len(channel_ids), 'channel')}", context, status)


@require_http_methods(["GET", "POST"])
@refusals_told
def move_to_new_group(request: HttpRequest) -> HttpResponse:
    """Make a group, or take the one of this name, and put the selection into it with its numbers (10 §5.3). One step."""
    values = parameters(request)
    target = read_target(values)
    channel_ids = target.ids()
    confirmed = request.method == "POST" and values.get("confirmed") == "1"
    form = GroupForm({"name": values.get("name", "")} if confirmed else None)
    if confirmed:
        form.is_valid()
        batch_id = new_batch_id()
        try:
            group, made = create_group(CreateGroup(form.cleaned_data.get("name", "")), batch_id=batch_id)
            outcome = move_channels(MoveChannels(by_natural_name(channel_ids), group.pk), batch_id=batch_id)
        except EditRefused as error:
            refuse_in(form, error)
        else:
            outcome.entry_id = made.entry_id or outcome.entry_id
            outcome.group_ids += made.group_ids
            log_summary("channel", batch_id, outcome.message, after={"channels": len(outcome.channel_ids)})
            return edited(request, outcome, new_group=group.pk)
    context = {
        "form": form,
        "target": target,
        "rows": rows_by_id(channel_ids[:_LISTED]),
        "more": max(0, len(channel_ids) - _LISTED),
        "action": reverse("channels:move_to_new_group"),
    }
    title = f"Move {counted(len(channel_ids), 'channel')} to a new group"
    return dialog(request, "channels_app/numbering/_move_to_new_group.html", title, context, 422 if form.errors else 200)


def _suggestion(values: QueryDict, group_id: int | None) -> _Suggestion:
    if values.get("at_group", str(group_id or 0)) == str(group_id or 0):
        at = typed_number(values.get("at", ""))
        behind = id_in(values, "behind")
        if at is None and behind is not None:
            at = number_behind(group_id, behind)
        if at is not None:
            return _Suggestion(at, format_number(at))
    return _Suggestion(suggested_start(group_id))


def _source(channel_ids: tuple[int, ...]) -> str:
    """Where the channels are now, in words (10 §6: "multiple groups")."""
    groups = source_groups(channel_ids)
    if len(groups) > 1:
        return "multiple groups"
    names = ChannelGroup.objects.filter(pk__in=[pk for pk in groups if pk is not None]).values_list("name", flat=True)
    return shortened(next(iter(names), "Uncategorized"))
