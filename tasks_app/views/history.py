"""The history of one task, in its card or on a page of its own (T-23)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from ecm_site.htmx import wants_partial
from tasks_app.models import TaskRun
from tasks_app.registry import UnknownTask, get_task
from tasks_app.run_pages import run_details
from tasks_app.task_history import task_history
from tasks_app.views.parameters import number_from


@require_GET
def task_runs(request: HttpRequest, task_id: str) -> HttpResponse:
    """Past runs; ``?before=<run id>`` goes on where a page ended, for htmx with just the rows."""
    try:
        name = get_task(task_id).name
    except UnknownTask:  # a task that an older version had keeps its history
        if not TaskRun.objects.filter(task_id=task_id).exists():
            raise Http404(f"There is no task {task_id}.") from None
        name = task_id
    before = number_from(request, "before", 0)
    context = {"task_id": task_id, "name": name, "history": task_history(task_id, before=before), "before": before}
    if not wants_partial(request):
        return render(request, "tasks_app/task_history.html", context)
    template = "tasks_app/_task_history_rows.html" if before else "tasks_app/_task_history.html"
    return render(request, template, context)


@require_GET
def run_result(request: HttpRequest, run_id: int) -> HttpResponse:
    """Parameters and details of a past run, asked for when its row is opened: they can be long."""
    run = get_object_or_404(TaskRun, pk=run_id)
    return render(request, "tasks_app/_run_result.html", {"run": run, "details": run_details(run)})
