"""Schedules of a task: list, create, change, delete (50 §1.4)."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from tasks_app import api_shapes
from tasks_app.models import Schedule
from tasks_app.scheduling.edit_schedules import create_schedule, delete_schedule, update_schedule
from tasks_app.scheduling.rules import RULE_FIELDS
from tasks_app.views.api.answers import Refused, body_of, only_known
from tasks_app.views.api.tasks import card_or_refuse

FIELDS = {"name", "enabled", "parameters", *RULE_FIELDS}


def list_schedules(request: HttpRequest, task_id: str) -> HttpResponse:
    card = card_or_refuse(task_id)
    shapes = [api_shapes.schedule_shape(line.schedule, line.words) for line in card.schedules]
    return JsonResponse({"task_id": task_id, "schedules": shapes})


def add_schedule(request: HttpRequest, task_id: str) -> HttpResponse:
    card_or_refuse(task_id)
    sent = body_of(request)
    only_known(sent, FIELDS)
    return JsonResponse(api_shapes.schedule_shape(create_schedule(task_id, sent)), status=201)


def show_schedule(request: HttpRequest, task_id: str, schedule_id: int) -> HttpResponse:
    schedule = Schedule.objects.filter(pk=schedule_id, task_id=task_id).first()
    if schedule is None:
        raise _missing(task_id, schedule_id)
    return JsonResponse(api_shapes.schedule_shape(schedule))


def patch_schedule(request: HttpRequest, task_id: str, schedule_id: int) -> HttpResponse:
    sent = body_of(request)
    only_known(sent, FIELDS)
    try:
        schedule = update_schedule(schedule_id, sent, task_id=task_id)
    except Schedule.DoesNotExist:
        raise _missing(task_id, schedule_id) from None
    return JsonResponse(api_shapes.schedule_shape(schedule))


def remove_schedule(request: HttpRequest, task_id: str, schedule_id: int) -> HttpResponse:
    try:
        delete_schedule(schedule_id, task_id=task_id)
    except Schedule.DoesNotExist:
        raise _missing(task_id, schedule_id) from None
    return HttpResponse(status=204)


def _missing(task_id: str, schedule_id: int) -> Refused:
    return Refused(404, f"Task {task_id[:60]} has no schedule {schedule_id}.")
