"""What the clean-up would remove right now, step by step (50 C-1)."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tasks_app.cleanup.run_steps import run_steps
from tasks_app.cleanup.task import Cleanup
from tasks_app.scheduling.parameters import effective_parameters, stored_configuration
from tasks_app.views.dialogs import dialog


@never_cache
@require_GET
def preview(request: HttpRequest) -> HttpResponse:
    """A dry run with the days that are set; counts only, nothing is written."""
    values = effective_parameters(Cleanup, configuration=stored_configuration(Cleanup.task_id))
    context = {"report": run_steps(values, dry_run=True), "task": Cleanup}
    return dialog(request, "tasks_app/_cleanup_preview.html", context, title="Clean-up")
