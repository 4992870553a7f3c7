"""Tasks and undo handlers of tests, registered for one test only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tasks_app import registry, undo
from tasks_app.models import JournalEntry, WorkerBeat
from tasks_app.registry import TaskResult, TaskScheduler
from tasks_app.undo import UndoConflict

Body = Callable[[TaskScheduler], TaskResult]


@contextmanager
def known_task(body: Body, task_id: str = "sample", **attributes: Any) -> Iterator[type[TaskScheduler]]:
    """A task named ``task_id`` that does ``body`` while the block runs."""
    members = {"task_id": task_id, "name": f"Sample {task_id}", "execute": body, **attributes}
    task = type("SampleTask", (TaskScheduler,), members)
    before = dict(registry._tasks)  # some tests stand in for a real task
    registry._tasks[task_id] = task
    try:
        yield task
    finally:
        registry._tasks.clear()
        registry._tasks.update(before)


@contextmanager
def known_undo(entity_type: str, handler: undo.UndoHandler) -> Iterator[None]:
    before = dict(undo._handlers)
    undo.register_undo(entity_type, handler)
    try:
        yield
    finally:
        undo._handlers.clear()
        undo._handlers.update(before)


def undo_beat(entry: JournalEntry) -> None:
    """Undo for rows of WorkerBeat, which stand in for the things an app keeps: creations, deletions and renamings."""
    row = WorkerBeat.objects.filter(pk=entry.entity_id).first()
    if entry.before_value is None:
        if row is None or row.worker != entry.after_value["worker"]:
            raise UndoConflict("it was changed since.")
        row.delete()
    elif entry.after_value is None:
        if row is not None:
            raise UndoConflict("it is there again.")
        WorkerBeat.objects.create(pk=entry.entity_id, worker=entry.before_value["worker"])
    else:
        if row is None:
            raise UndoConflict("it was deleted since.")
        if row.worker != entry.after_value["worker"]:
            raise UndoConflict(f"it is called {row.worker} now.")
        row.worker = entry.before_value["worker"]
        row.save()
