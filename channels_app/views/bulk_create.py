"""The bulk creation dialog (10 §10): choices on the left, and on the right exactly what will happen."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from channels_app.bulk_create import PlanChanged, PlanRefused
from channels_app.bulk_create import bulk_create as create_channels
from channels_app.bulk_ids import read_ids, write_ids
from channels_app.bulk_options import Selection
from channels_app.bulk_plan import Plan, PlannedSection
from channels_app.bulk_preview import make_preview
from channels_app.bulk_streams import SelectedStreams, read_selection
from channels_app.bulk_task import BulkCreateTask, parameters_of
from channels_app.drafts.staging import live
from channels_app.errors import EditRefused
from channels_app.forms_bulk import BulkCreateForm, opening_data, profile_choices, read_selected
from channels_app.groups.hidden import groups_in_sight
from channels_app.models import ChannelProfile
from channels_app.numbering import format_number
from channels_app.plan_bulk_create import START_MISSING, plan_selected
from channels_app.profiles.set_memberships import default_profile_ids
from channels_app.views.answers import edited, goes_on
from channels_app.views.posted import parameters
from ecm_site.conf import get_settings
from ecm_site.htmx import render_page, wants_partial
from ecm_site.wording import counted
from m3u_app.models import Account
from tasks_app.engine import AlreadyRunning, start_run

GROUPS_OFFERED = 1000
IN_BACKGROUND_ABOVE = 2000  # channels; about a second of work

_CHANGED = (
    "This preview is newer than the one you saw: your choices, the lineup or the streams have changed since. "
    "Look at it, then create."
)


@dataclass(frozen=True)
class Note:
    """The line under a field: an error, else what the field means for the result."""

    error: str = ""
    hint: str = ""
    badge: str = ""


@require_http_methods(["GET", "POST"])
def bulk_create(request: HttpRequest) -> HttpResponse:
    """Open the dialog (by POST when the selection is long), preview it after a change, or create."""
    values = parameters(request)
    selection = read_selected(values)
    if selection.is_empty:
        return _choose_account(request)
    selected = read_selection(selection)
    settings = get_settings()
    step = _step(request)
    data = opening_data(selected, selection, values, settings) if step == "open" else request.POST
    form = BulkCreateForm(data, selected.sections, settings)
    if step == "create":
        return _create(request, selection, selected, form)
    plan = plan_selected(selected, form.options())
    context = _context(selection, selected, form, plan, page=_page(request))
    if step == "preview" and wants_partial(request):
        return render(request, "channels_app/bulk/_preview_answer.html", context)
    return render_page(request, "channels_app/bulk/bulk_create.html", "channels_app/bulk/_dialog.html", context)


def _create(request: HttpRequest, selection: Selection, selected: SelectedStreams, form: BulkCreateForm) -> HttpResponse:
    options = form.options()
    plan = plan_selected(selected, options)
    notice = ""
    if plan.fingerprint != request.POST.get("fingerprint") and not form.problems():
        notice = _CHANGED
    elif not plan.problems and not form.problems():
        try:
            if plan.size > IN_BACKGROUND_ABOVE:
                return _start_run(request, selection, plan)
            return edited(request, create_channels(selection, options, fingerprint=plan.fingerprint), created=True)
        except PlanChanged as changed:
            plan, notice = changed.plan, _CHANGED
        except PlanRefused as refused:
            plan = refused.plan
        except (EditRefused, AlreadyRunning) as refused:
            notice = str(refused)
    context = {**_context(selection, selected, form, plan, was_sent=True), "notice": notice}
    return render_page(request, "channels_app/bulk/bulk_create.html", "channels_app/bulk/_dialog.html", context, status=422)


def _start_run(request: HttpRequest, selection: Selection, plan: Plan) -> HttpResponse:
    """Thousands of channels take a while: they are made in the background, and the dialog shows how far it is."""
    values = parameters_of(selection, plan)
    with live():
        run = start_run(BulkCreateTask.task_id, values, user_id=request.user.pk)
    return goes_on(request, run, "Creating channels", said=f"{make_preview(plan).sentence}.", size="lg")


def _context(
    selection: Selection,
    selected: SelectedStreams,
    form: BulkCreateForm,
    plan: Plan,
    *,
    page: int = 1,
    was_sent: bool = False,
) -> dict[str, Any]:
    problems = {**plan.problems, **form.problems()}
    preview = make_preview(plan, page)
    asked = {} if was_sent else {name: text for name, text in problems.items() if text == START_MISSING}
    for name in asked:  # a number that was not typed yet is no mistake
        del problems[name]
    chosen_profiles = set(form["profiles"].value() or ())
    return {
        "form": form,
        "plan": plan,
        "preview": preview,
        "problems": problems,
        "problem": problems.get("", ""),
        "was_sent": was_sent,
        "notes": _notes(form, plan, problems, asked),
        "sections": _section_rows(form, plan, problems, asked),
        "more_sections": max(0, len(selected.sections) - len(form.sections)),
        "selection": {
            "stream": write_ids(selection.stream_ids),
            "stream_group": write_ids(selection.group_ids),
            "account": write_ids(selection.account_ids),
            "except": write_ids(sorted(selection.excluded_ids)),
            "search": selection.search,
        },
        "selected": selected,
        "group_names": groups_in_sight().order_by("name").values_list("name", flat=True)[:GROUPS_OFFERED],
        "suggested_start": format_number(plan.suggested_start),
        "profiles": [(value, name, value in chosen_profiles) for value, name in profile_choices()],
        "default_profiles": _default_profiles(),
    }


def _notes(form: BulkCreateForm, plan: Plan, problems: dict[str, str], asked: dict[str, str]) -> dict[str, Note]:
    """Lines under the fields of combine mode, and one for every choice that cannot be read."""
    notes = {name: Note(error=problem) for name, problem in problems.items() if name in form.fields}
    if not form.is_separate:
        section = plan.sections[0] if plan.sections else None
        notes.setdefault("start", Note(hint=asked.get("start") or _range(section)))
        notes.setdefault("group_name", Note(badge=_badge(section)))
    return notes


def _section_rows(form: BulkCreateForm, plan: Plan, problems: dict[str, str], asked: dict[str, str]) -> list[dict[str, Any]]:
    """Separate mode: a line for every provider group that has fields of its own."""
    planned = {section.key: section for section in plan.sections} if form.is_separate else {}
    rows = []
    for section in form.sections:
        start, group = f"start_{section.key}", f"group_name_{section.key}"
        told = planned.get(section.key)
        relevant = problems if form.is_separate else {}
        rows.append(
            {
                "key": section.key,
                "key_text": str(section.key),
                "name": section.name or "Ungrouped",
                "streams": len(section.streams),
                "group": form[group],
                "start": form[start],
                "start_error": relevant.get(start, ""),
                "group_error": relevant.get(group, ""),
                "note": Note(
                    error=" ".join(filter(None, (relevant.get(group), relevant.get(start)))),
                    hint=asked.get(start) or _range(told),
                    badge=_badge(told),
                ),
            }
        )
    return rows


def _range(section: PlannedSection | None) -> str:
    if section is None or not section.channel_count or not section.range:
        return ""
    taken = f" · {section.conflicts:,} taken" if section.conflicts else ""
    return f"{section.range} · {counted(section.channel_count, 'channel')}{taken}"


def _default_profiles() -> str:
    """Names of the profiles that new channels join when none is ticked."""
    ids = default_profile_ids()
    return ", ".join(ChannelProfile.objects.filter(pk__in=ids).order_by("name").values_list("name", flat=True))


def _badge(section: PlannedSection | None) -> str:
    if section is None:
        return ""
    if not section.group_name:
        return "none"
    return "new" if section.is_new_group else "exists"


def _choose_account(request: HttpRequest) -> HttpResponse:
    """Nothing is selected: offer whole providers, and the way to single streams."""
    accounts = Account.objects.filter(is_active=True, stream_count__gt=0).only("id", "name", "stream_count").order_by("name")
    context = {"accounts": accounts}
    return render_page(request, "channels_app/bulk/choose_account.html", "channels_app/bulk/_choose_account.html", context)


def _step(request: HttpRequest) -> str:
    if request.method != "POST":
        return "open"
    if "create" in request.POST:
        return "create"
    return "preview" if request.POST.get("step") == "preview" else "open"


def _page(request: HttpRequest) -> int:
    return next(iter(read_ids(request.POST.getlist("page")[-1:])), 1)
