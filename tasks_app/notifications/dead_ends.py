"""Notifications of runs over accounts, guides and the like that are all gone: what they offer leads nowhere any more."""

import logging
from collections.abc import Iterable
from typing import Any

from tasks_app.models import Notification, TaskRun
from tasks_app.parameter_fields import NamesField
from tasks_app.registry import UnknownTask, get_task

logger = logging.getLogger(__name__)


def without_dead_ends(rows: list[Notification]) -> list[Notification]:
    """``rows`` as they may be shown: without the link and the "Try again" of runs whose things are all gone.

    Nothing is stored. Costs one question per kind of task that was told what to work on, however many rows there are.
    """
    offering = [row for row in rows if row.run is not None and (row.action_url or row.metadata.get("retry"))]
    gone = over_nothing(row.run for row in offering if row.run is not None)
    for row in offering:
        if row.run_id in gone:
            row.action_label = row.action_url = ""
            row.metadata = {name: value for name, value in row.metadata.items() if name != "retry"}
    return rows


def over_nothing(runs: Iterable[TaskRun]) -> set[int]:
    """Ids of the runs that named things of which none is left. A run over all, or over nothing in particular, is none."""
    by_task: dict[str, list[TaskRun]] = {}
    for run in runs:
        if any(isinstance(value, list) and value for value in run.parameters.values()):
            by_task.setdefault(run.task_id, []).append(run)
    gone: set[int] = set()
    for task_id, its_runs in by_task.items():
        known = _known_ids(task_id)
        gone |= {run.pk for run in its_runs if _names_only_lost_ones(run, known)}
    return gone


def _names_only_lost_ones(run: TaskRun, known: dict[str, set[Any]]) -> bool:
    chosen = [(run.parameters.get(name), there) for name, there in known.items()]
    return any(isinstance(ids, list) and ids and not there.intersection(ids) for ids, there in chosen)


def _known_ids(task_id: str) -> dict[str, set[Any]]:
    """Parameter → ids that exist, of the task's parameters that name things."""
    try:
        fields = get_task(task_id).parameter_fields()
    except UnknownTask:
        return {}
    except Exception:  # the bell is on every page: an app that cannot say what there is must not take it away
        logger.exception("[NOTIFY] Task %s cannot say what it could work on", task_id)
        return {}
    return {name: field.known for name, field in fields.items() if isinstance(field, NamesField)}
