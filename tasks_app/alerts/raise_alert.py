"""Use case: something happened that people may want to hear about. Stores, never sends; the worker sends."""

import logging

from django.db import DatabaseError, transaction
from django.db.models import Count

from ecm_site.masking import mask_text
from tasks_app.alerts.clean_text import one_line, several_lines
from tasks_app.alerts.events import AlertEvent, failed_lines
from tasks_app.alerts.gates import method_refusal, task_refusal
from tasks_app.clean_values import plain
from tasks_app.models import AlertMethod, PendingAlert, Severity, Task

logger = logging.getLogger(__name__)

MOST_WAITING = 1000
"""Alerts that wait for one method; with more, its service or the worker has been gone for days."""
_LONGEST_MESSAGE = 8000
_LONGEST_NAME = 200
_MOST_COUNTS = 20


def raise_alert(event: AlertEvent) -> int:
    """Hand ``event`` to every enabled method that wants it (A-3) and return how many those are.

    Never raises: what goes wrong is logged, because an alert must not break what it tells about.
    """
    try:
        with transaction.atomic():  # a savepoint: the caller may be in a transaction of its own
            return _store(event)
    except (DatabaseError, ValueError, TypeError):
        logger.exception("[ALERTS] The alert %r could not be stored", event.title)
        return 0


def _store(event: AlertEvent) -> int:
    severity = Severity(event.severity)
    methods = list(AlertMethod.objects.filter(enabled=True).annotate(waiting=Count("pending")))
    if not methods:
        return 0
    task = _task_of(event)
    refusal = task_refusal(event, task)
    if refusal:
        logger.debug("[ALERTS] Not sent at all: %s (%s)", refusal, event.title)
        return 0
    values = {
        "severity": severity,
        "title": one_line(mask_text(event.title), 255) or one_line(mask_text(event.message), 255) or "ECM",
        "message": several_lines(mask_text(event.message), _LONGEST_MESSAGE) if event.title else "",
        "source": one_line(mask_text(event.source), 100),
        "counts": dict(list(plain(dict(event.counts), mask=True).items())[:_MOST_COUNTS]),
        "failed_items": [one_line(mask_text(str(name)), _LONGEST_NAME) for name in failed_lines(event.failed_items)],
    }
    wanted = []
    for method in methods:
        refusal = method_refusal(event, task, method)
        if refusal:
            logger.debug("[ALERTS] Not sent to %s: %s (%s)", method.name, refusal, event.title)
        elif method.waiting >= MOST_WAITING:
            logger.warning("[ALERTS] %s has %s alerts waiting; dropped: %s", method.name, MOST_WAITING, event.title)
        else:
            wanted.append(method)
    PendingAlert.objects.bulk_create([PendingAlert(method=method, **values) for method in wanted])
    return len(wanted)


def _task_of(event: AlertEvent) -> Task | None:
    """The row with the task's switches. Without one that can be read, the alert is sent (A-3)."""
    if not event.task_id:
        return None
    try:
        with transaction.atomic():
            return Task.objects.filter(task_id=event.task_id).first()
    except DatabaseError:
        logger.exception("[ALERTS] The switches of task %s cannot be read; alerting", event.task_id)
        return None
