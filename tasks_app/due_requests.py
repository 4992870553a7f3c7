"""Turns wishes for a run (:mod:`tasks_app.run_requests`) into runs when their moment has come."""

import logging
from datetime import datetime

from django.db import transaction

from tasks_app.engine import AlreadyRunning, InvalidParameters, start_run
from tasks_app.models import RunRequest, RunStatus, TaskRun, Trigger
from tasks_app.registry import UnknownTask, get_task

logger = logging.getLogger(__name__)


def start_due_requests(now: datetime) -> list[TaskRun]:
    """Turn every due wish into a queued run. One whose work is running right now waits until that has ended."""
    started: list[TaskRun] = []
    for request in RunRequest.objects.filter(due_at__lte=now).order_by("due_at")[:100]:
        try:
            lock_key = get_task(request.task_id).lock_key(request.parameters)
        except UnknownTask:
            logger.warning("[TASKS] A run of %s was requested, but there is no such task", request.task_id)
            request.delete()
            continue
        if TaskRun.objects.filter(lock_key=lock_key, status=RunStatus.RUNNING).exists():
            continue
        try:
            with transaction.atomic():  # so that a wish noted meanwhile is either part of this run or starts the next
                taken, _ = RunRequest.objects.filter(pk=request.pk, due_at__lte=now).delete()
                if taken and not TaskRun.objects.filter(lock_key=lock_key, status=RunStatus.QUEUED).exists():
                    started.append(start_run(request.task_id, request.parameters, triggered_by=Trigger.EVENT))
        except AlreadyRunning:
            continue  # it began this instant; the deletion is rolled back and the wish stays
        except InvalidParameters:
            logger.exception("[TASKS] A requested run of %s cannot start", request.task_id)
            request.delete()
    return started
