"""Many fields of many channels in one dialog: preview while typing, then one step (10 §23.4)."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from channels_app.bulk_editing.carry_out import bulk_edit as carry_out
from channels_app.bulk_editing.placeholders import PLACEHOLDERS
from channels_app.bulk_editing.plan import BulkPlan, plan_bulk_edit
from channels_app.bulk_editing.preview import EditPreview, preview_of
from channels_app.errors import EditRefused
from channels_app.forms_bulk_edit import BulkEditForm
from channels_app.groups.hidden import groups_in_sight
from channels_app.number_changes import duplicate_warnings
from channels_app.outcomes import Outcome
from channels_app.targets import CountDiffers, Target, read_target
from channels_app.views.answers import dialog, edited, refusals_told
from channels_app.views.posted import parameters
from ecm_site.htmx import wants_partial
from ecm_site.wording import counted

PREVIEW_ID = "bulk-edit-preview"
_GROUPS_OFFERED = 500
_ROWS_REFRESHED = 200


@require_http_methods(["GET", "POST"])
@refusals_told
def bulk_edit(request: HttpRequest) -> HttpResponse:
    """The dialog (opened by GET, or POST for a long selection), its preview, and the edit.

    ``confirmed`` is the mark of the edit whose preview was shown: anything else is previewed first. ``full=1``: all rows.
    """
    values = parameters(request)
    target = read_target(values)
    if "step" not in values:
        return _opened(request, target)
    if "confirmed" in values and request.method == "POST":
        return _done(request, target, values)
    return _previewed(request, target, values)


def _opened(request: HttpRequest, target: Target) -> HttpResponse:
    target.ids()  # refuses at once when the filter matches another number by now
    return _dialog(request, target, BulkEditForm(), None, {})


def _previewed(request: HttpRequest, target: Target, values: QueryDict) -> HttpResponse:
    form, plan, problems = BulkEditForm(values), None, {}
    form.is_valid()
    try:
        plan = _plan(form, target)
    except EditRefused as error:
        problems = error.problems
    if wants_partial(request):
        context = _context(target, form, plan, problems, full=_wants_all_rows(values))
        return render(request, "channels_app/bulk_edit/_preview_answer.html", context)
    return _dialog(request, target, form, plan, problems, full=_wants_all_rows(values))


def _done(request: HttpRequest, target: Target, values: QueryDict) -> HttpResponse:
    form = BulkEditForm(values)
    form.is_valid()
    command = form.command()
    try:
        if command.asks_for_something and values["confirmed"] != command.mark:
            return _dialog(request, target, form, _plan(form, target), {}, full=_wants_all_rows(values), notice=_LOOK_FIRST)
        outcome = carry_out(command, target.ids())
    except CountDiffers as error:  # the dialog asks again, for the number that it is now
        target = target.recounted(error.now)
        return _refused(request, target, form, error)
    except EditRefused as error:
        return _refused(request, target, form, error)
    return edited(request, outcome, channels=_rows_alone(form, outcome))


_LOOK_FIRST = "Look at what will change, then press the button again."


def _wants_all_rows(values: QueryDict) -> bool:
    return values.get("full") == "1"


def _refused(request: HttpRequest, target: Target, form: BulkEditForm, error: EditRefused) -> HttpResponse:
    try:
        plan = _plan(form, target)
    except EditRefused:
        plan = None
    return _dialog(request, target, form, plan, error.problems, status=422)


def _plan(form: BulkEditForm, target: Target) -> BulkPlan | None:
    command = form.command()
    return plan_bulk_edit(command, target.ids()) if command.asks_for_something else None


def _rows_alone(form: BulkEditForm, outcome: Outcome) -> list[int] | None:
    """The rows to exchange when none of them can have changed its place."""
    command = form.command()
    stays = not (command.group or command.number) and len(outcome.channel_ids) <= _ROWS_REFRESHED
    return outcome.channel_ids if stays else None


def _dialog(
    request: HttpRequest,
    target: Target,
    form: BulkEditForm,
    plan: BulkPlan | None,
    problems: dict[str, str],
    *,
    status: int = 200,
    full: bool = False,
    notice: str = "",
) -> HttpResponse:
    names = groups_in_sight().order_by("name").values_list("name", flat=True)[:_GROUPS_OFFERED]
    context = {**_context(target, form, plan, problems, full=full), "group_names": names, "notice": notice}
    title = f"Edit {counted(target.count, 'channel')}"
    return dialog(request, "channels_app/bulk_edit/_form.html", title, context, status)


def _context(
    target: Target, form: BulkEditForm, plan: BulkPlan | None, problems: dict[str, str], *, full: bool = False
) -> dict[str, Any]:
    preview: EditPreview | None = preview_of(plan, full=full) if plan else None
    known = {*form.fields, "profiles"}
    return {
        "form": form,
        "target": target,
        "plan": plan,
        "mark": form.command().mark if plan else "",
        "preview": preview,
        "warnings": [*plan.notes, *duplicate_warnings(plan.duplicates)] if plan else [],
        "error_places": [(name, problems.get(name, "")) for name in _with_errors(form)],
        "problems": problems,
        "marked": [(form.fields[name].label, sentence) for name, sentence in problems.items() if name in form.fields],
        "general_problems": [sentence for name, sentence in problems.items() if name not in known],
        "placeholders": [(f"{{{name}}}", meaning) for name, meaning in PLACEHOLDERS.items()],
        "action": reverse("channels:bulk_edit"),
        "preview_id": PREVIEW_ID,
    }


def _with_errors(form: BulkEditForm) -> list[str]:
    return [*(name for name in form.fields if name not in form.profile_names), "profiles"]
