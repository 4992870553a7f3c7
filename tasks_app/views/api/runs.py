"""Starting runs, and how the engine is."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from ecm_site.conf import get_settings
from tasks_app import api_shapes
from tasks_app.engine import AlreadyRunning, start_run
from tasks_app.models import ACTIVE_STATUSES, Schedule, TaskRun, Trigger
from tasks_app.queries import worker_health
from tasks_app.registry import all_tasks
from tasks_app.scheduling.dispatch import SCHEDULED_AT_ONCE
from tasks_app.scheduling.errors import FieldErrors
from tasks_app.scheduling.parameters import clean_parameters
from tasks_app.scheduling.rules import whole_number
from tasks_app.views.api.answers import Refused, body_of, only_known
from tasks_app.views.api.tasks import card_or_refuse


def run_task(request: HttpRequest, task_id: str) -> HttpResponse:
    """``{schedule_id?, parameters?}`` → 202 with the id of the run at once (T-19).

    409 with ``"error": "ALREADY_RUNNING"`` and the id of the run that is in the way; then no new one is made.
    """
    card = card_or_refuse(task_id)
    sent = body_of(request)
    only_known(sent, {"schedule_id", "parameters"})
    schedule_id = _schedule_id(task_id, sent.get("schedule_id"))
    given = sent.get("parameters")
    if given is not None and not isinstance(given, dict):
        raise FieldErrors({"parameters": ["This must be an object of parameters."]})
    parameters = clean_parameters(card.task, given or {})
    try:
        run = start_run(task_id, parameters, triggered_by=Trigger.API, schedule_id=schedule_id)
    except AlreadyRunning as busy:
        raise Refused(409, str(busy), error="ALREADY_RUNNING", execution_id=busy.run.pk) from None
    return JsonResponse({"execution_id": run.pk, "task_id": task_id, "status": run.status}, status=202)


def _schedule_id(task_id: str, given: object) -> int | None:
    if given is None:
        return None
    number = whole_number(given)
    if number is None:
        raise FieldErrors({"schedule_id": ["This must be the id of a schedule."]})
    if not 0 < number < 2**63 or not Schedule.objects.filter(pk=number, task_id=task_id).exists():
        raise Refused(404, f"Task {task_id} has no schedule {number}.")
    return number


def engine_status(request: HttpRequest) -> HttpResponse:
    """Whether background work gets done, how often is looked for due work, and what is active."""
    health = worker_health()
    active = TaskRun.objects.filter(status__in=ACTIVE_STATUSES).order_by("pk").values_list("pk", "task_id")
    runs = list(active)
    return JsonResponse(
        {
            "running": health.alive,
            "workers": health.workers,
            "last_seen_at": api_shapes.moment(health.seen_at),
            "tick_seconds": get_settings().task_tick_seconds,
            "max_concurrent": SCHEDULED_AT_ONCE,
            "waiting": health.waiting,
            "active_task_ids": sorted({task_id for _pk, task_id in runs}),
            "active_execution_ids": [pk for pk, _task_id in runs],
            "registered_tasks": len(all_tasks()),
        }
    )
