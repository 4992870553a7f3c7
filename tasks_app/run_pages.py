"""What the page of one run shows."""

import json
from dataclasses import dataclass

from tasks_app.clean_values import plain
from tasks_app.models import TaskRun, TaskRunLog

LOG_PAGE = 500  # lines shown when the page opens; older ones are one click away


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


def run_details(run: TaskRun) -> RunDetails:
    parameters = [(name, _short(value)) for name, value in plain(run.parameters, mask=True).items()]
    text = json.dumps(plain(run.details, mask=True), indent=2, ensure_ascii=False) if run.details else ""
    return RunDetails(parameters, text)


def _short(value: object) -> str:
    if value in ([], "", None):
        return "(all)" if value == [] else "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
