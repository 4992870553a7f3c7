"""Changes what the operator decided about a task: its switch, its alerts, its configuration (50 §1.9)."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from tasks_app.journal import current_actor, log_entry
from tasks_app.models import JournalEntry, Task
from tasks_app.registry import get_task
from tasks_app.scheduling.catalogue import task_row
from tasks_app.scheduling.errors import FieldErrors
from tasks_app.scheduling.parameters import InvalidParameters, clean_parameters
from tasks_app.undo import UndoConflict

ENTITY_TYPE = "task_settings"
SWITCHES = (
    "enabled",
    "show_notifications",
    "send_alerts",
    "alert_on_error",
    "alert_on_warning",
    "alert_on_success",
    "alert_on_info",
    "send_to_email",
    "send_to_discord",
    "send_to_telegram",
)


class InvalidTask(FieldErrors):
    """A change that cannot be stored; ``errors`` has sentences by field."""


def change_task(task_id: str, **changes: Any) -> Task:
    """Store ``changes`` (switches and ``configuration``) and return the row.

    A task that is turned on again catches up once with what it missed (T-17): its schedules keep their moments meanwhile.
    Raises :class:`InvalidTask` and ``UnknownTask``; then nothing is stored.
    """
    task = get_task(task_id)
    errors: dict[str, list[str]] = {}
    for name, value in changes.items():
        if name == "configuration":
            try:
                changes["configuration"] = clean_parameters(task, value if isinstance(value, dict) else {})
            except InvalidParameters as problem:
                errors |= {f"configuration.{field}": texts for field, texts in problem.errors.items()}
            if not isinstance(value, dict):
                errors["configuration"] = ["This must be an object of parameters."]
        elif name not in SWITCHES:
            errors[name] = ["There is no such setting of a task."]
        elif not isinstance(value, bool):
            errors[name] = ["This must be yes or no (true or false)."]
    if errors:
        raise InvalidTask(errors)
    task_row(task_id)
    with transaction.atomic():
        row = Task.objects.get(task_id=task_id)
        changed = {name: value for name, value in changes.items() if getattr(row, name) != value}
        if not changed:
            return row
        before = {name: getattr(row, name) for name in changed}
        for name, value in changed.items():
            setattr(row, name, value)
        if "enabled" in changed:
            row.switched_at, row.switched_by = timezone.now(), current_actor().user_name or "ECM"
        row.save()
        log_entry(
            "task",
            "update",
            entity_type=ENTITY_TYPE,
            entity_id=row.pk,
            entity_name=task.name,
            description=_description(task.name, changed),
            before=before,
            after=changed,
            undoable=True,
        )
    return row


def undo_task(entry: JournalEntry) -> None:
    """Take a journal entry about a task's settings back. Raises ``UndoConflict``."""
    row = Task.objects.filter(pk=entry.entity_id or 0).first()
    if row is None or entry.before_value is None or entry.after_value is None:
        raise UndoConflict("the task is not known any more.")
    altered = sorted(name for name, value in entry.after_value.items() if getattr(row, name, None) != value)
    if altered:
        raise UndoConflict(f"{', '.join(altered).replace('_', ' ')} was changed since.")
    try:
        change_task(row.task_id, **entry.before_value)
    except (InvalidTask, LookupError) as problem:
        raise UndoConflict(str(problem)) from None


def _description(name: str, changed: dict[str, Any]) -> str:
    if changed.keys() == {"enabled"}:
        return f"Turned {'on' if changed['enabled'] else 'off'} the task {name}."
    return f"Changed the settings of the task {name}: {', '.join(sorted(changed)).replace('_', ' ')}."
