"""Ties schedules to the tick and to the journal's undo; called once when the app is ready."""

from tasks_app import watchdog
from tasks_app.scheduling import dispatch, edit_schedules, edit_task
from tasks_app.ticks import register_due_check
from tasks_app.undo import register_undo


def connect() -> None:
    register_due_check(dispatch.start_due_schedules)
    register_due_check(watchdog.watch)
    register_undo(edit_schedules.ENTITY_TYPE, edit_schedules.undo_schedule)
    register_undo(edit_task.ENTITY_TYPE, edit_task.undo_task)
