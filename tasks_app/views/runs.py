"""The Tasks page: what runs now, what can be run, what ran (50 §1.8, T-19, T-23)."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from ecm_site.htmx import done, wants_partial
from tasks_app.engine import AlreadyRunning, InvalidParameters, start_run
from tasks_app.forms import RunFilterForm
from tasks_app.queries import worker_health
from tasks_app.registry import TaskScheduler, UnknownTask, get_task
from tasks_app.task_pages import active_runs_now, history, task_lines
from tasks_app.views.parameters import number_from

CHANGED_EVENT = "runs:changed"


@require_GET
def runs_page(request: HttpRequest) -> HttpResponse:
    context = {"active": active_runs_now(), "tasks": task_lines(), "health": worker_health(), **_history(request)}
    return render(request, "tasks_app/runs.html", context)


@require_GET
def active_part(request: HttpRequest) -> HttpResponse:
    """What runs now; nothing (204) when the page shows that already, so that open menus and focus stay."""
    active = active_runs_now()
    if request.GET.get("seen") == active.token:
        return HttpResponse(status=204)
    context = {"active": active, "health": worker_health()}
    return trigger_client_event(render(request, "tasks_app/_active_runs.html", context), "runs:listed", {})


@require_GET
def tasks_part(request: HttpRequest) -> HttpResponse:
    return render(request, "tasks_app/_tasks.html", {"tasks": task_lines()})


@require_GET
def history_part(request: HttpRequest) -> HttpResponse:
    return render(request, "tasks_app/_history.html", _history(request))


@require_http_methods(["GET", "POST"])
def run_now(request: HttpRequest, task_id: str) -> HttpResponse:
    """Start a task by hand; tasks with parameters ask for them first."""
    try:
        task = get_task(task_id)
    except UnknownTask as unknown:
        raise Http404(str(unknown)) from None
    if not task.by_hand:
        raise Http404(f"{task.name} cannot be started by hand.")
    form = _parameter_form(task, request)
    if request.method == "GET" or not form.is_valid():
        return _dialog(request, task, form, "", 200 if request.method == "GET" else 422)
    try:
        run = start_run(task_id, form.cleaned_data)
    except AlreadyRunning as busy:
        text = format_html("{} Wait for it or cancel it first.", str(busy))
        if form.fields:
            return _dialog(request, task, form, text, 422)
        messages.warning(request, text)
        return done(request, reverse("tasks:runs"), CHANGED_EVENT)
    except InvalidParameters as problem:
        return _dialog(request, task, form, str(problem), 422)
    messages.success(request, f"{run.title} has been started.")
    return done(request, reverse("tasks:runs"), CHANGED_EVENT)


def _dialog(request: HttpRequest, task: type[TaskScheduler], form: forms.Form, problem: str, status: int) -> HttpResponse:
    template = "tasks_app/_run_now.html" if wants_partial(request) else "tasks_app/run_now.html"
    return render(request, template, {"task": task, "form": form, "problem": problem}, status=status)


def _parameter_form(task: type[TaskScheduler], request: HttpRequest) -> forms.Form:
    form = forms.Form(request.POST if request.method == "POST" else None, initial=task.default_parameters or {})
    form.fields.update(task.parameter_fields())
    return form


def _history(request: HttpRequest) -> dict[str, object]:
    form = RunFilterForm(request.GET)
    form.is_valid()  # an unknown status simply does not filter; the field says so
    past = history(
        form.cleaned_data.get("task", ""),
        form.cleaned_data.get("status", ""),
        before=number_from(request, "before", 0),
        after=number_from(request, "after", 0),
    )
    return {"form": form, "history": past}
