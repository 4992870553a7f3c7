"""Cron expressions: presets, and whether one is valid with what it means (T-10, T-11, T-13)."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from tasks_app import api_shapes
from tasks_app.models.schedules import ScheduleType
from tasks_app.schedule_words import described
from tasks_app.scheduling.cron import PRESETS, CronError, parse_cron
from tasks_app.scheduling.next_run import upcoming
from tasks_app.scheduling.rules import InvalidSchedule, clean_rule
from tasks_app.views.api.answers import body_of, only_known

RUNS = 5


def presets(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"presets": [{"name": name, "expression": text} for name, text in PRESETS.items()]})


def validate(request: HttpRequest) -> HttpResponse:
    """``{expression, timezone?}`` → ``{valid, description, next_runs}`` or ``{valid, error, field}``."""
    sent = body_of(request)
    only_known(sent, {"expression", "timezone"})
    now = timezone.now()
    text = str(sent.get("expression") or "")
    try:
        parse_cron(text)
        values = {"schedule_type": ScheduleType.CRON, "cron_expression": text, "timezone": sent.get("timezone") or ""}
        rule = clean_rule(values, now)
    except CronError as wrong:
        return JsonResponse({"valid": False, "error": wrong.message, "field": wrong.field or None})
    except InvalidSchedule as wrong:
        field = "timezone" if "timezone" in wrong.errors else None
        return JsonResponse({"valid": False, "error": str(wrong), "field": field})
    runs = [api_shapes.moment(at) for at in upcoming(rule, now, RUNS)]
    answer = {"valid": True, "expression": rule.cron_expression, "timezone": rule.timezone}
    return JsonResponse({**answer, "description": described(rule), "next_runs": runs})
