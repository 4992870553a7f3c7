"""Run now: at once, or through a dialog that asks for parameters and whose settings to begin with (T-2, T-19)."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from ecm_site.htmx import done
from tasks_app.engine import AlreadyRunning, InvalidParameters, start_run
from tasks_app.models import Schedule
from tasks_app.parameter_forms import has_parameters, parameter_form
from tasks_app.registry import TaskScheduler, UnknownTask, get_task
from tasks_app.schedule_words import schedule_words
from tasks_app.scheduling.parameters import effective_parameters, stored_configuration, without_vanished
from tasks_app.views.dialogs import dialog
from tasks_app.views.going_back import back_from
from tasks_app.views.rights import check_may_manage

CHANGED_EVENT = "runs:changed"


@require_http_methods(["GET", "POST"])
def run_now(request: HttpRequest, task_id: str) -> HttpResponse:
    """Start a task by hand; tasks with parameters ask for them first, filled with those of ``?schedule=`` if one is named."""
    check_may_manage(request, task_id)
    task = _task_or_404(task_id)
    schedule = _chosen_schedule(request, task_id)
    form = _form(request, task, schedule)
    asks_only = request.method == "GET" or "show" in request.POST
    if asks_only or not form.is_valid():
        return _dialog(request, task, form, schedule, status=200 if asks_only else 422)
    back = back_from(request, reverse("tasks:runs"))
    try:
        run = start_run(task_id, form.cleaned_data, schedule_id=schedule.pk if schedule else None)
    except AlreadyRunning as busy:
        sentence = f"{busy} Wait for it or cancel it first."
        if form.fields:
            return _dialog(request, task, form, schedule, problem=sentence)
        messages.warning(request, sentence)
    except InvalidParameters as problem:
        return _dialog(request, task, form, schedule, problem=str(problem))
    else:
        messages.success(request, f"{run.title} has been started.", extra_tags=f"run:{run.pk}")
    return done(request, back, CHANGED_EVENT)


def _task_or_404(task_id: str) -> type[TaskScheduler]:
    try:
        task = get_task(task_id)
    except UnknownTask as unknown:
        raise Http404(str(unknown)) from None
    if not task.by_hand:
        raise Http404(f"{task.name} cannot be started by hand.")
    return task


def _chosen_schedule(request: HttpRequest, task_id: str) -> Schedule | None:
    text = request.POST.get("schedule") or request.GET.get("schedule") or ""
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        return None
    return Schedule.objects.filter(pk=int(text), task_id=task_id).first()


def _form(request: HttpRequest, task: type[TaskScheduler], schedule: Schedule | None) -> forms.Form:
    data = request.POST if request.method == "POST" and "show" not in request.POST else None
    if not has_parameters(task):
        return forms.Form(data)
    stored: dict[str, Any] = schedule.parameters if schedule else {}
    shown = effective_parameters(task, configuration=stored_configuration(task.task_id), schedule=stored)
    return parameter_form(task, data, without_vanished(task, shown)[0], name="run")


def _dialog(
    request: HttpRequest,
    task: type[TaskScheduler],
    form: forms.Form,
    chosen: Schedule | None,
    *,
    problem: str = "",
    status: int = 422,
) -> HttpResponse:
    """The schedules are offered only when one of them has settings of its own."""
    schedules = list(Schedule.objects.filter(task_id=task.task_id).order_by("pk")) if form.fields else []
    offered = [(row.pk, row.name or schedule_words(row)) for row in schedules if row.parameters]
    context = {
        "task": task,
        "form": form,
        "problem": problem,
        "schedules": offered,
        "chosen": chosen,
        "back": back_from(request, reverse("tasks:runs")),
    }
    return dialog(request, "tasks_app/_run_now.html", context, title="Run a task", status=status)
