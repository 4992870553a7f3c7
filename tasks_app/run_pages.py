"""What the page of one run shows."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.forms import ChoiceField, Field

from tasks_app.clean_values import plain
from tasks_app.models import RunStatus, TaskRun, TaskRunLog
from tasks_app.parameter_fields import NamesField
from tasks_app.registry import UnknownTask, WhatNext, get_task

LOG_PAGE = 500  # lines shown when the page opens; older ones are one click away
NAMES_SHOWN = 20


@dataclass(frozen=True)
class LogPart:
    """A stretch of log lines, oldest first."""

    lines: list[TaskRunLog]
    last_id: int
    older: int


@dataclass(frozen=True)
class RunDetails:
    """Parameters and details as text an operator can read; empty when there are none."""

    parameters: list[tuple[str, str]]
    details: str
    next: WhatNext = field(default_factory=WhatNext)
    in_words: bool = False


def log_lines(run_id: int, *, after_id: int = 0, newest: bool = False) -> LogPart:
    """Lines after ``after_id``; with ``newest``, only the last ones and how many lie before them."""
    lines = TaskRunLog.objects.filter(run_id=run_id, pk__gt=after_id)
    older = 0
    if newest:
        shown = list(lines.order_by("-pk")[:LOG_PAGE])[::-1]
        if len(shown) == LOG_PAGE:
            older = TaskRunLog.objects.filter(run_id=run_id, pk__lt=shown[0].pk).count()
    else:
        shown = list(lines.order_by("pk")[: 5 * LOG_PAGE])
    return LogPart(shown, shown[-1].pk if shown else after_id, older)


def task_name(task_id: str) -> str:
    """What a task is called; its id when this version does not know it any more."""
    try:
        return get_task(task_id).name
    except UnknownTask:
        return task_id


def run_details(run: TaskRun) -> RunDetails:
    """What it was told to do in words, what came of it, and where to go from here."""
    text = json.dumps(plain(run.details, mask=True), indent=2, ensure_ascii=False) if run.details else ""
    given = plain(run.parameters, mask=True)
    try:
        task = get_task(run.task_id)
    except UnknownTask:
        return RunDetails(_labelled(given, {}), text)
    described = task.described(given)
    parameters = _labelled(given, task.parameter_fields()) if described is None else described
    succeeded = run.status == RunStatus.COMPLETED
    what_next = task.what_next(run.parameters, active=run.is_active, succeeded=succeeded)
    return RunDetails(parameters, text, what_next, in_words=described is not None)


def _labelled(given: dict[str, Any], fields: dict[str, Field]) -> list[tuple[str, str]]:
    """Parameters under their labels, ids with the names they have now."""
    parameters = []
    for name, value in given.items():
        field = fields.get(name)
        label = str(field.label) if field is not None and field.label else name.replace("_", " ").capitalize()
        parameters.append((label, _worded(field, value)))
    return parameters


def _worded(field: Field | None, value: Any) -> str:
    if isinstance(field, NamesField):
        return _names(field, value)
    if isinstance(field, ChoiceField) and value not in ([], "", None):
        labels = {str(key): str(label) for key, label in field.choices}  # type: ignore[misc, union-attr]
        chosen = value if isinstance(value, list) else [value]
        return ", ".join(labels.get(str(one), _short(one)) for one in chosen)
    return _short(value)


def _names(field: NamesField, value: Any) -> str:
    if field.is_all(value):
        return field.all_words
    if not isinstance(value, list):
        return _short(value)
    labels = {key: str(label) for key, label in field.choices}  # type: ignore[misc, union-attr]
    named = [labels.get(key, f"#{key} (gone)") for key in value[:NAMES_SHOWN] if key]
    more = f" and {len(value) - NAMES_SHOWN:,} more" if len(value) > NAMES_SHOWN else ""
    return (", ".join(named) or "none") + more


def _short(value: object) -> str:
    if value in ([], "", None):
        return "(all)" if value == [] else "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
