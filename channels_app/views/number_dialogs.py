"""Dialogs that number groups or the whole lineup (10 §8.2, §8.6, §8.7, §8.9): old → new first, then stored."""

from decimal import Decimal

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from channels_app.autosync.filled_groups import groups_filled_by_auto_sync
from channels_app.commands import AssignNumbers, NumberChoice, RenumberAll, ReorderGroups, SortGroup
from channels_app.errors import EditRefused
from channels_app.forms import refuse_in
from channels_app.forms_numbering import LAST, RenumberAllForm, ReorderGroupsForm, SortGroupForm
from channels_app.group_order import groups_in_order
from channels_app.models import ChannelGroup
from channels_app.numbering import format_number
from channels_app.renumbering.assign_numbers import assign_numbers
from channels_app.renumbering.reorder_groups import PlannedOrder, plan_reorder_groups, reorder_groups
from channels_app.renumbering.sort_group import PlannedSort, default_start_of, plan_sort, sort_group
from channels_app.renumbering.whole_lineup import PlannedLineup, plan_renumber_all, renumber_lineup
from channels_app.views.answers import carried_out, dialog, edited, refusals_told
from channels_app.views.number_previews import NumberPreview, preview_of_numbers, read_start, wants_full_list
from channels_app.views.posted import id_in, ids_in, parameters
from ecm_site.wording import counted

_OWN_STARTS = 1000  # groups with a start of their own in one request


@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    """Number channels in the order in which they are sent: ``channel=3,1,2``, ``start`` (10 §8.2)."""
    channel_ids = ids_in(request.POST, "channel")

    def act() -> HttpResponse:
        start = read_start(request.POST.get("start", ""))
        return edited(request, assign_numbers(AssignNumbers(channel_ids, start)))

    return carried_out(request, act)


@require_http_methods(["GET", "POST"])
@refusals_told
def reorder(request: HttpRequest) -> HttpResponse:
    """Put groups elsewhere and choose their numbers (10 §8.6).

    ``group``: ids. The place is ``before`` (a group, or "last"), or ``after`` a group as a drop may say.
    """
    values = parameters(request)
    group_ids = ids_in(values, "group")
    order = groups_in_order()
    data = values.copy()
    data.setdefault("numbers", "keep")
    data["before"] = _place(values, group_ids, [group.pk for group in order])
    form = ReorderGroupsForm(data)
    form.set_places(group for group in order if group.pk not in set(group_ids))
    planned: PlannedOrder | None = None
    if form.is_valid():
        before = form.cleaned_data["before"]
        choice: NumberChoice = form.cleaned_data["numbers"]
        waits = choice == "custom" and not form.cleaned_data["start"].strip() and not _is_confirmed(request)
        try:
            command = ReorderGroups(
                group_ids,
                None if before == LAST else int(before),
                "keep" if waits else choice,
                read_start(form.cleaned_data["start"]) if choice == "custom" else None,
            )
            if _is_confirmed(request):
                return edited(request, reorder_groups(command))
            planned = plan_reorder_groups(command)
        except EditRefused as error:
            refuse_in(form, error)
    preview = NumberPreview()
    if planned:
        preview = preview_of_numbers(planned.numbers, planned.duplicates, full=wants_full_list(values))
    context = {
        "form": form,
        "group_ids": ",".join(map(str, group_ids)),
        "planned": planned,
        "preview": preview,
        "suggestion": format_number(planned.suggestion) if planned else "",
        "action": reverse("channels:reorder_groups"),
    }
    moved = planned.moved if planned else [group for group in order if group.pk in set(group_ids)]
    title = f"Move group “{moved[0].name}”" if len(moved) == 1 else f"Move {counted(len(moved), 'group')}"
    return dialog(request, "channels_app/numbering/_reorder_groups.html", title, context, _status(request, form.errors))


@require_http_methods(["GET", "POST"])
@refusals_told
def sort(request: HttpRequest, group_id: int) -> HttpResponse:
    """Sort one group by name and number it; ``group_id`` 0 is Uncategorized (10 §8.7)."""
    values = parameters(request)
    data = values.copy()
    if "start" not in values:
        data["start"] = format_number(default_start_of(group_id or None))
        data["ignore_numbers"] = data["update_names"] = "on"
    form = SortGroupForm(data)
    planned: PlannedSort | None = None
    rename = False
    if form.is_valid():
        chosen = form.cleaned_data
        rename = chosen["update_names"]
        try:
            command = SortGroup(
                group_id or None,
                read_start(chosen["start"]),
                ignore_numbers=chosen["ignore_numbers"],
                ignore_country=chosen["ignore_country"],
                update_names=rename,
            )
            if _is_confirmed(request):
                return edited(request, sort_group(command), groups=[group_id])
            planned = plan_sort(command)
        except EditRefused as error:
            refuse_in(form, error)
    preview = NumberPreview()
    if planned:
        preview = preview_of_numbers(planned.numbers, planned.duplicates, rename=rename, full=wants_full_list(values))
    group = ChannelGroup.objects.filter(pk=group_id).first()
    context = {
        "form": form,
        "planned": planned,
        "preview": preview,
        "is_synced": group_id in groups_filled_by_auto_sync(),
        "action": reverse("channels:sort_group", args=[group_id]),
    }
    title = f"Sort & renumber {f'“{group.name}”' if group else 'Uncategorized'}"
    return dialog(request, "channels_app/numbering/_sort_group.html", title, context, _status(request, form.errors))


@require_http_methods(["GET", "POST"])
@refusals_told
def renumber_all(request: HttpRequest) -> HttpResponse:
    """Number every group in turn, each from its own start if it has one (10 §8.9)."""
    values = parameters(request)
    data = values.copy()
    if "start" not in values:
        data["start"] = "1"
        data["update_names"] = "on"
    form = RenumberAllForm(data)
    planned: PlannedLineup | None = None
    problems: dict[str, str] = {}
    rename = False
    if form.is_valid():
        rename = form.cleaned_data["update_names"]
        try:
            start = read_start(form.cleaned_data["start"])
            command = RenumberAll(start, _own_starts(values), update_names=rename)
            if _is_confirmed(request):
                return edited(request, renumber_lineup(command))
            planned = plan_renumber_all(command)
        except EditRefused as error:
            problems = {name: text for name, text in error.problems.items() if name.startswith("start_")}
            refuse_in(form, EditRefused({k: v for k, v in error.problems.items() if k not in problems} or {"": _BAD_STARTS}))
            planned = plan_renumber_all(RenumberAll(update_names=rename))
    preview = NumberPreview()
    if planned and not form.errors:
        preview = preview_of_numbers(planned.numbers, planned.duplicates, rename=rename, full=wants_full_list(values))
    typed = {name.removeprefix("start_"): values.get(name, "") for name in values if name.startswith("start_")}
    lines = [
        {
            "group": line,
            "key": str(line.pk),
            "own_start": typed.get(str(line.pk), ""),
            "problem": problems.get(f"start_{line.pk}", ""),
            "new_id": f"numbering-new-{line.pk}",
            "problem_id": f"numbering-problem-{line.pk}",
        }
        for line in (planned.groups if planned else [])
    ]
    context = {
        "form": form,
        "planned": planned,
        "preview": preview,
        "lines": lines,
        "ids_to_refresh": "".join(f",#{line['new_id']},#{line['problem_id']}" for line in lines),
        "more_left_out": max(0, len(planned.left_out) - 5) if planned else 0,
        "action": reverse("channels:renumber_all"),
    }
    return dialog(
        request, "channels_app/numbering/_renumber_all.html", "Renumber all groups", context, _status(request, form.errors)
    )


_BAD_STARTS = "One of the starting numbers below cannot be used."


def _is_confirmed(request: HttpRequest) -> bool:
    return request.method == "POST" and request.POST.get("confirmed") == "1"


def _status(request: HttpRequest, errors: object) -> int:
    return 422 if _is_confirmed(request) and errors else 200


def _own_starts(values: QueryDict) -> dict[int, Decimal]:
    """Starts of single groups, empty ones left out. Raises :class:`EditRefused` naming those that are no numbers."""
    found: dict[int, Decimal] = {}
    problems: dict[str, str] = {}
    for name in [name for name in values if name.startswith("start_")][:_OWN_STARTS]:
        key = name.removeprefix("start_")
        if not (key.isascii() and key.isdigit() and len(key) < 19):
            continue
        try:
            number = read_start(values.get(name, ""), name)
        except EditRefused as error:
            problems |= error.problems
        else:
            if number is not None:
                found[int(key)] = number
    if problems:
        raise EditRefused(problems)
    return found


def _place(values: QueryDict, group_ids: tuple[int, ...], order: list[int]) -> str:
    """The wanted place as the form names it: the id of the group behind, or "last"; without a word the present place."""
    rest = [pk for pk in order if pk not in set(group_ids)]
    asked = values.get("before", "")
    if asked == LAST:
        return LAST
    before = id_in(values, "before")
    if before is None and (after := id_in(values, "after")) is not None and after in order:
        before = next(iter(order[order.index(after) + 1 :]), None)
    elif before is None and "after" not in values and group_ids and group_ids[-1] in order:
        before = next(iter(order[order.index(group_ids[-1]) + 1 :]), None)
    if before in set(group_ids):  # a place among the moved ones is that of the next other group
        before = next((pk for pk in order[order.index(before) :] if pk in rest), None)
    return str(before) if before in rest else LAST
