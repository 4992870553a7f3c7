"""Tasks: list, change, run, cancel, history, what their parameters look like, state of the engine."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from tasks_app import api_shapes
from tasks_app.engine import request_cancel
from tasks_app.models import ACTIVE_STATUSES, TaskRun
from tasks_app.registry import UnknownTask, all_tasks, get_task
from tasks_app.scheduling.edit_task import SWITCHES, change_task
from tasks_app.scheduling.parameters import parameter_schema
from tasks_app.task_cards import TaskCard, task_card, task_cards
from tasks_app.views.api.answers import Refused, body_of, only_known, whole

LONGEST_PAGE = 1000


def list_tasks(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"tasks": [api_shapes.task_shape(card) for card in task_cards()]})


def show_task(request: HttpRequest, task_id: str) -> HttpResponse:
    return JsonResponse(api_shapes.task_shape(card_or_refuse(task_id)))


def patch_task(request: HttpRequest, task_id: str) -> HttpResponse:
    """Change ``enabled``, ``configuration`` and the alert switches; what is not named stays."""
    card_or_refuse(task_id)
    sent = body_of(request)
    only_known(sent, {*SWITCHES, "configuration"})
    change_task(task_id, **sent)
    return show_task(request, task_id)


def cancel(request: HttpRequest, task_id: str) -> HttpResponse:
    """Ask every run of the task to stop (T-20)."""
    card = card_or_refuse(task_id)
    asked = [run.pk for run in card.active if request_cancel(run.pk)]
    return JsonResponse({"status": "cancelling" if asked else "not_running", "execution_ids": asked})


def history(request: HttpRequest, task_id: str) -> HttpResponse:
    past = TaskRun.objects.exclude(status__in=ACTIVE_STATUSES).filter(task_id=task_id)
    try:
        get_task(task_id)
    except UnknownTask:
        if not past.exists():  # a task that an older version had keeps its history
            raise
    return _executions(request, past, 50, task_id)


def history_of_all(request: HttpRequest) -> HttpResponse:
    return _executions(request, TaskRun.objects.exclude(status__in=ACTIVE_STATUSES), 100, "")


def _executions(request: HttpRequest, past: Any, default: int, task_id: str) -> HttpResponse:
    limit = whole(request, "limit", default, 1, LONGEST_PAGE)
    offset = whole(request, "offset", 0, 0, 10_000_000)
    runs = past.order_by("-pk")[offset : offset + limit]
    answer = {"executions": api_shapes.run_shapes(runs), "total": past.count(), "limit": limit, "offset": offset}
    return JsonResponse({"task_id": task_id, **answer} if task_id else answer)


def show_parameters(request: HttpRequest, task_id: str) -> HttpResponse:
    return JsonResponse({"task_id": task_id, "parameters": parameter_schema(get_task(task_id))})


def list_parameters(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"schemas": {task.task_id: parameter_schema(task) for task in all_tasks() if task.by_hand}})


def card_or_refuse(task_id: str) -> TaskCard:
    """The task's card. Raises :class:`Refused` (404)."""
    card = task_card(task_id)
    if card is None:
        raise Refused(404, f"There is no task {task_id[:60]}.")
    return card
