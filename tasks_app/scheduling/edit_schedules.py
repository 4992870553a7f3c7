"""Makes, changes, switches and deletes schedules (50 §1.4, T-4, T-5). Every change is journalled and can be taken back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from tasks_app.journal import log_entry
from tasks_app.models import JournalEntry, Schedule
from tasks_app.registry import TaskScheduler, get_task
from tasks_app.scheduling.catalogue import task_row
from tasks_app.scheduling.describe import describe
from tasks_app.scheduling.next_run import next_run
from tasks_app.scheduling.parameters import InvalidParameters, clean_parameters
from tasks_app.scheduling.rules import RULE_FIELDS, InvalidSchedule, ScheduleRule, clean_rule, rule_of
from tasks_app.undo import UndoConflict

ENTITY_TYPE = "schedule"
LONGEST_NAME = 100
_KEPT_FIELDS = ("task_id", "name", "enabled", *RULE_FIELDS, "parameters")


def create_schedule(task_id: str, values: Mapping[str, Any], *, now: datetime | None = None) -> Schedule:
    """Store a new schedule with its first run. Raises :class:`InvalidSchedule` and ``UnknownTask``."""
    now = now or timezone.now()
    task = get_task(task_id)
    if not task.by_hand:
        raise InvalidSchedule(f"{task.name} cannot be scheduled: it only makes sense with what starts it.")
    cleaned = _clean(task, values, now)
    row = task_row(task_id)
    with transaction.atomic():
        schedule = Schedule(task=row, **cleaned)
        _compute(schedule, now)
        schedule.save(force_insert=True)
        _journal("create", schedule, None, _snapshot(schedule))
    return schedule


def update_schedule(
    schedule_id: int, values: Mapping[str, Any], *, task_id: str | None = None, now: datetime | None = None
) -> Schedule:
    """Lay ``values`` over the stored schedule, check the result, store it with a next run from now (T-4, T-5).

    Fields that a new type does not use are cleared. Raises :class:`InvalidSchedule`, ``Schedule.DoesNotExist`` (also when it
    is not a schedule of ``task_id``) and ``UnknownTask``.
    """
    now = now or timezone.now()
    with transaction.atomic():
        schedule = _get(schedule_id, task_id)
        before = _snapshot(schedule)
        unknown = values.keys() - set(_KEPT_FIELDS)
        if unknown:
            raise InvalidSchedule({name: ["There is no such field."] for name in sorted(unknown)})
        if values.get("task_id", schedule.task_id) != schedule.task_id:
            raise InvalidSchedule({"task_id": ["A schedule cannot move to another task; make a new one there."]})
        cleaned = _clean(get_task(schedule.task_id), {**before, **values}, now, checks_parameters="parameters" in values)
        for name, value in cleaned.items():
            setattr(schedule, name, value)
        schedule.problem = ""
        _compute(schedule, now)
        schedule.save()
        after = _snapshot(schedule)
        if after != before:
            _journal("update", schedule, before, after)
    return schedule


def switch_schedule(schedule_id: int, enabled: bool, *, task_id: str | None = None, now: datetime | None = None) -> Schedule:
    """Turn a schedule on, with a next run from now, or off, without one (T-5). Raises as :func:`update_schedule`."""
    return update_schedule(schedule_id, {"enabled": enabled}, task_id=task_id, now=now)


def delete_schedule(schedule_id: int, *, task_id: str | None = None) -> None:
    """Delete a schedule; a run that it started goes on. Raises ``Schedule.DoesNotExist``."""
    with transaction.atomic():
        schedule = _get(schedule_id, task_id)
        before = _snapshot(schedule)
        _journal("delete", schedule, before, None)
        schedule.delete()


def undo_schedule(entry: JournalEntry) -> None:
    """Take a journal entry about a schedule back. Raises ``UndoConflict``."""
    schedule = Schedule.objects.filter(pk=entry.entity_id or 0).first()
    if entry.after_value is None:
        _make_again(schedule, entry)
        return
    if schedule is None:
        raise UndoConflict("the schedule was deleted since.")
    now = _snapshot(schedule)
    if entry.before_value is None:
        if now != entry.after_value:
            raise UndoConflict("the schedule was changed since.")
        delete_schedule(schedule.pk)
        return
    changed = {name for name in entry.after_value if entry.after_value[name] != entry.before_value.get(name)}
    altered = sorted(name for name in changed if now.get(name) != entry.after_value[name])
    if altered:
        raise UndoConflict(f"{', '.join(altered).replace('_', ' ')} was changed since.")
    _or_conflict(lambda: update_schedule(schedule.pk, {name: entry.before_value[name] for name in changed}))


def _make_again(existing: Schedule | None, entry: JournalEntry) -> None:
    if existing is not None:
        raise UndoConflict("there is another schedule in its place.")
    values = dict(entry.before_value or {})

    def make() -> None:
        cleaned = _clean(get_task(values["task_id"]), values, timezone.now(), checks_parameters=False)
        schedule = Schedule(pk=entry.entity_id, task=task_row(values["task_id"]), **cleaned)
        _compute(schedule, timezone.now())
        schedule.save(force_insert=True)
        _journal("create", schedule, None, _snapshot(schedule))

    _or_conflict(make)


def _or_conflict(change: Any) -> None:
    try:
        change()
    except (InvalidSchedule, LookupError) as problem:
        raise UndoConflict(str(problem)) from None


def _get(schedule_id: int, task_id: str | None) -> Schedule:
    found = Schedule.objects.filter(pk=schedule_id)
    return (found if task_id is None else found.filter(task_id=task_id)).get()


def _clean(
    task: type[TaskScheduler], values: Mapping[str, Any], now: datetime, *, checks_parameters: bool = True
) -> dict[str, Any]:
    """All fields of the row that the operator decides, checked. All that is wrong is told at once."""
    errors: dict[str, list[str]] = {}
    cleaned: dict[str, Any] = {}
    rule: ScheduleRule | None = None
    try:
        rule = clean_rule(values, now)
    except InvalidSchedule as problem:
        errors |= problem.errors
    name = " ".join(str(values.get("name") or "").replace("\0", "").split())  # on one line, wherever it is shown
    if len(name) > LONGEST_NAME:
        errors["name"] = [f"The name may have {LONGEST_NAME} characters; this has {len(name)}."]
    enabled = values.get("enabled", True)
    if not isinstance(enabled, bool):
        errors["enabled"] = ["This must be yes or no (true or false)."]
    given = values.get("parameters")
    parameters = {} if given is None else given
    if not isinstance(parameters, dict):
        errors["parameters"] = ["This must be an object of parameters."]
    elif checks_parameters:
        try:
            parameters = clean_parameters(task, parameters)
        except InvalidParameters as problem:
            errors |= {f"parameters.{field}": texts for field, texts in problem.errors.items()}
    if errors or rule is None:
        raise InvalidSchedule(errors)
    cleaned |= {"name": name, "enabled": enabled, "parameters": parameters, **rule.values()}
    return cleaned


def _compute(schedule: Schedule, now: datetime) -> None:
    """Set the next run from now; a schedule that is off has none."""
    schedule.next_run_at = next_run(rule_of(schedule), now) if schedule.enabled else None
    if schedule.enabled and schedule.next_run_at is None:
        raise InvalidSchedule("No next run can be computed for this schedule.")


def _snapshot(schedule: Schedule) -> dict[str, Any]:
    return {name: getattr(schedule, name) for name in _KEPT_FIELDS}


def _journal(verb: str, schedule: Schedule, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    task = get_task(schedule.task_id)
    words = describe(rule_of(schedule))
    name = f"{task.name}: {schedule.name or words}"
    said = {"create": "Scheduled", "delete": "Deleted the schedule of"}.get(verb, "Changed the schedule of")
    if before and after and before["enabled"] != after["enabled"]:
        said = "Turned on the schedule of" if after["enabled"] else "Turned off the schedule of"
    log_entry(
        "task",
        f"schedule_{verb}",
        entity_type=ENTITY_TYPE,
        entity_id=schedule.pk,
        entity_name=name,
        description=f"{said} {task.name}: {words}.",
        before=before,
        after=after,
        undoable=True,
    )
