"""One run: its page, its progress bar wherever it is shown, its log, and the way to stop it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from ecm_site.htmx import wants_partial
from tasks_app.engine import request_cancel
from tasks_app.models import TaskRun
from tasks_app.run_pages import log_lines, run_details, task_name
from tasks_app.views.going_back import back_from
from tasks_app.views.rights import check_may_manage

FINISHED_EVENT = "run:finished"


@require_GET
def run_page(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(TaskRun.objects.select_related("user", "schedule"), pk=run_id)
    lines = log_lines(run.pk, newest=request.GET.get("log") != "all")
    context = {"run": run, "task_name": task_name(run.task_id), "details": run_details(run), "log": lines}
    return render(request, "tasks_app/run.html", context)


@require_GET
def run_progress(request: HttpRequest, run_id: int) -> HttpResponse:
    """The bar itself. It asks for itself again while the run is active and tells the page when it has ended."""
    run = get_object_or_404(TaskRun, pk=run_id)
    return _bar(request, run)


@require_GET
def run_log(request: HttpRequest, run_id: int) -> HttpResponse:
    """Log lines after the one the page has last, and a fresh trigger while more may come."""
    run = get_object_or_404(TaskRun, pk=run_id)
    after = request.GET.get("after", "")
    lines = log_lines(run.pk, after_id=int(after) if after.isdecimal() and len(after) < 19 else 0)
    return render(request, "tasks_app/_run_log_lines.html", {"run": run, "log": lines})


@require_POST
def cancel_run(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(TaskRun, pk=run_id)
    check_may_manage(request, run.task_id)
    if not request_cancel(run.pk):
        messages.info(request, f"{run.title} had already ended.")
    if wants_partial(request):
        run.refresh_from_db()
        return _bar(request, run)
    return redirect(back_from(request, reverse("tasks:run", args=[run.pk])))


def _bar(request: HttpRequest, run: TaskRun) -> HttpResponse:
    if run.is_active or not wants_partial(request):
        return render(request, "tasks_app/_run_progress.html", {"run": run})
    response = render(request, "tasks_app/_run_ended.html", {"run": run})
    return trigger_client_event(response, FINISHED_EVENT, {"run": run.pk, "task": run.task_id, "status": run.status})
