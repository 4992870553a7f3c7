"""Ties schedules to the tick and to the journal's undo; called once when the app is ready."""

from tasks_app import watchdog
from tasks_app.models import JournalEntry, Task
from tasks_app.registry import UnknownTask, get_task
from tasks_app.scheduling import dispatch, edit_schedules, edit_task
from tasks_app.ticks import register_due_check
from tasks_app.undo import register_undo


def connect() -> None:
    register_due_check(dispatch.start_due_schedules)
    register_due_check(watchdog.watch)
    register_undo(edit_schedules.ENTITY_TYPE, edit_schedules.undo_schedule, admin_only=_is_about_a_task_for_administrators)
    register_undo(edit_task.ENTITY_TYPE, edit_task.undo_task, admin_only=_is_about_a_task_for_administrators)


def _is_about_a_task_for_administrators(entry: JournalEntry) -> bool:
    """Whoever may not change a task may not take such a change back either."""
    try:
        return get_task(_task_of(entry)).admin_only
    except UnknownTask:
        return False


def _task_of(entry: JournalEntry) -> str:
    named = {**(entry.before_value or {}), **(entry.after_value or {})}.get("task_id")  # what schedules are noted with
    if named:
        return str(named)
    return str(Task.objects.filter(pk=entry.entity_id or 0).values_list("task_id", flat=True).first() or "")
