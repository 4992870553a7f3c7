"""The form of a schedule with its preview, and the buttons of the schedule list (50 §1.4, §1.10)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from ecm_site.htmx import done, render_page
from ecm_site.wording import shortened
from tasks_app.engine import AlreadyRunning, InvalidParameters, start_run
from tasks_app.models import Schedule
from tasks_app.schedule_editor import DEFAULT_TIME, ScheduleEditor
from tasks_app.schedule_words import schedule_words
from tasks_app.scheduling.catalogue import defaults_of
from tasks_app.scheduling.cron import PRESETS
from tasks_app.scheduling.edit_schedules import ENTITY_TYPE, create_schedule, delete_schedule, switch_schedule, update_schedule
from tasks_app.scheduling.rules import InvalidSchedule
from tasks_app.scheduling.wall_clock import zone_names
from tasks_app.task_cards import TaskCard, task_card
from tasks_app.views.rights import check_may_manage
from tasks_app.views.undo_tag import undo_tag

CHANGED_EVENT = "schedules:changed"
PRESET_WORDS = {
    "hourly": "Every hour",
    "daily_midnight": "Midnight",
    "daily_3am": "3 AM",
    "daily_noon": "Noon",
    "weekly_sunday": "Sundays",
    "weekly_monday": "Mondays",
    "monthly_first": "First of the month",
    "every_6_hours": "Every 6 hours",
    "every_12_hours": "Every 12 hours",
}


@require_http_methods(["GET", "POST"])
def schedule_add(request: HttpRequest, task_id: str) -> HttpResponse:
    check_may_manage(request, task_id)
    began = timezone.now()
    card = _card_or_404(task_id)
    editor = _editor(request, card, None)
    if request.method == "POST" and not editor.asks_only and editor.is_valid():
        try:
            schedule = create_schedule(task_id, editor.values())
        except InvalidSchedule as invalid:
            editor.form.add_rule_errors(invalid.errors)
        else:
            text = f"{card.task.name} has a new schedule: {schedule_words(schedule)}."
            messages.success(request, text, extra_tags=undo_tag(ENTITY_TYPE, schedule.pk, began))
            return done(request, _back(task_id), CHANGED_EVENT)
    return _form(request, card, editor, reverse("tasks:schedule_add", args=[task_id]), f"New schedule for {card.task.name}")


@require_http_methods(["GET", "POST"])
def schedule_edit(request: HttpRequest, schedule_id: int) -> HttpResponse:
    schedule = get_object_or_404(Schedule, pk=schedule_id)
    check_may_manage(request, schedule.task_id)
    began = timezone.now()
    card = _card_or_404(schedule.task_id)
    editor = _editor(request, card, schedule)
    if request.method == "POST" and not editor.asks_only and editor.is_valid():
        try:
            schedule = update_schedule(schedule_id, editor.values())
        except InvalidSchedule as invalid:
            editor.form.add_rule_errors(invalid.errors)
        else:
            text = f"Schedule saved: {schedule_words(schedule)}."
            messages.success(request, text, extra_tags=undo_tag(ENTITY_TYPE, schedule_id, began))
            return done(request, _back(schedule.task_id), CHANGED_EVENT)
    return _form(
        request, card, editor, reverse("tasks:schedule_edit", args=[schedule_id]), f"Edit a schedule of {card.task.name}"
    )


@require_POST
def schedule_preview(request: HttpRequest, task_id: str) -> HttpResponse:
    """What the form as typed would do; saves nothing."""
    number = request.GET.get("schedule", "")
    stored = (
        Schedule.objects.filter(pk=int(number), task_id=task_id).first() if number.isdecimal() and len(number) < 19 else None
    )
    editor = _editor(request, _card_or_404(task_id), stored)
    return render(request, "tasks_app/_schedule_preview.html", {"preview": editor.preview()})


@require_http_methods(["GET", "POST"])
def schedule_delete(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Says what deleting means, then does it."""
    schedule = get_object_or_404(Schedule, pk=schedule_id)
    check_may_manage(request, schedule.task_id)
    card = _card_or_404(schedule.task_id)
    if request.method == "POST":
        began = timezone.now()
        delete_schedule(schedule_id)
        text = f"Schedule “{shortened(schedule.name or schedule_words(schedule))}” deleted."
        messages.success(request, text, extra_tags=undo_tag(ENTITY_TYPE, schedule_id, began))
        return done(request, _back(schedule.task_id), CHANGED_EVENT)
    line = next(line for line in card.schedules if line.schedule.pk == schedule_id)
    others = sum(1 for other in card.switched_on if other.schedule.pk != schedule_id)
    context = {"card": card, "line": line, "others": others, "back": _back(schedule.task_id)}
    return render_page(request, "tasks_app/schedule_delete.html", "tasks_app/_schedule_delete.html", context)


@require_POST
def schedule_switch(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Turn one schedule on (``?on=1``) or off."""
    schedule = get_object_or_404(Schedule, pk=schedule_id)
    check_may_manage(request, schedule.task_id)
    on = request.GET.get("on") == "1"
    began = timezone.now()
    try:
        switch_schedule(schedule_id, on)
    except InvalidSchedule as invalid:
        messages.error(request, f"It cannot be switched on: {invalid} Edit it first.")
    else:
        title = shortened(schedule.name or schedule_words(schedule))
        text = f"Schedule “{title}” is {'on' if on else 'off'}."
        messages.success(request, text, extra_tags=undo_tag(ENTITY_TYPE, schedule_id, began))
    return done(request, _back(schedule.task_id), CHANGED_EVENT)


@require_POST
def schedule_run(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Run the task now with the settings of one schedule; the schedule itself keeps its next run (T-19)."""
    schedule = get_object_or_404(Schedule, pk=schedule_id)
    check_may_manage(request, schedule.task_id)
    try:
        run = start_run(schedule.task_id, schedule_id=schedule.pk)
    except AlreadyRunning as busy:
        messages.warning(request, f"{busy} Wait for it or cancel it first.")
    except InvalidParameters as problem:
        messages.error(request, f"{problem} Edit the schedule.")
    else:
        messages.success(request, f"{run.title} has been started.", extra_tags=f"run:{run.pk}")
    return done(request, _back(schedule.task_id), "runs:changed")


def _editor(request: HttpRequest, card: TaskCard, schedule: Schedule | None) -> ScheduleEditor:
    data = request.POST if request.method == "POST" else None
    suggested = defaults_of(card.task).suggested_time or DEFAULT_TIME
    return ScheduleEditor(card.task, card.row, schedule, data, timezone.now(), suggested_time=suggested)


def _form(request: HttpRequest, card: TaskCard, editor: ScheduleEditor, action: str, title: str) -> HttpResponse:
    failed = request.method == "POST" and not editor.asks_only
    context = {
        "form": editor.form,
        "parameters": editor.parameters,
        "preview": editor.preview(),
        "task": card.task,
        "schedule": editor.schedule,
        "action": action,
        "title": title,
        "back": _back(card.task_id),
        "zones": sorted(zone_names()),
        "cron_presets": [(name, expression, PRESET_WORDS.get(name, name)) for name, expression in PRESETS.items()],
    }
    page, partial = "tasks_app/schedule_form.html", "tasks_app/_schedule_form.html"
    return render_page(request, page, partial, context, status=422 if failed else 200)


def _card_or_404(task_id: str) -> TaskCard:
    card = task_card(task_id)
    if card is None:
        raise Http404(f"There is no task {task_id} that can be scheduled.")
    return card


def _back(task_id: str) -> str:
    return f"{reverse('tasks:scheduled')}?task={task_id}#task-{task_id}"
