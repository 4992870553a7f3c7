"""Runs that are wanted "in a moment": many wishes in a burst become one run (publishing after edits, for example)."""

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from tasks_app.models import RunRequest

LONGEST_WAIT = timedelta(seconds=30)  # somebody who edits without pause still gets a run this often


def store_request(task_id: str, parameters: dict[str, Any], delay_seconds: float) -> None:
    """Note the wish, or push the one that is already noted further away (but not for ever)."""
    now = timezone.now()
    due = now + timedelta(seconds=delay_seconds)
    key = request_key(task_id, parameters)
    with transaction.atomic():
        request = RunRequest.objects.filter(key=key).first()
        if request is None:
            RunRequest.objects.create(key=key, task_id=task_id, parameters=parameters, first_requested_at=now, due_at=due)
            return
        latest = request.first_requested_at + max(LONGEST_WAIT, timedelta(seconds=delay_seconds))
        RunRequest.objects.filter(pk=request.pk).update(due_at=min(due, max(latest, now)))


def request_key(task_id: str, parameters: dict[str, Any]) -> str:
    """What wishes for the same run have in common: :attr:`RunRequest.key`."""
    canonical = json.dumps(parameters, sort_keys=True, default=str)
    return f"{task_id}:{hashlib.sha256(canonical.encode()).hexdigest()[:32]}"
