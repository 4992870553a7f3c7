"""Background work of this app itself, and what starts work by the clock."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from ecm_site.wording import counted
from tasks_app import journal_purge
from tasks_app.registry import TaskResult, TaskScheduler, register_task
from tasks_app.scheduling.connect import connect
from tasks_app.undo import undo_batch


@register_task
class UndoBatch(TaskScheduler):
    """Takes a large bulk operation back, started from the journal."""

    task_id = "undo_batch"
    name = "Undo a bulk change"
    description = "Takes back all changes of one bulk operation. Start it from the journal."
    by_hand = False
    default_parameters = {"batch_id": ""}

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        return f"undo:{parameters['batch_id']}"

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        return f"{cls.name} – batch {parameters['batch_id']}"

    def execute(self) -> TaskResult:
        report = undo_batch(str(self.parameters["batch_id"]), progress=self.progress)
        if not report.undone and not report.conflict_count:
            return TaskResult(True, "There was nothing left to undo in this batch.")
        sentence = f"{report.undone:,} changes undone"
        if report.conflict_count:
            sentence += f", {report.conflict_count:,} could not be undone because something else changed since"
        return TaskResult(
            success=bool(report.undone),
            message=f"{sentence}.",
            success_count=report.undone,
            failed_count=report.conflict_count,
            details={"conflicts": report.conflicts, "batch_id": report.batch_id},
        )


@register_task
class JournalPurge(TaskScheduler):
    """Deletes a large part of the journal, started from its page."""

    task_id = "journal_purge"
    name = "Delete old journal entries"
    description = "Deletes journal entries older than a number of days. Start it from the journal."
    by_hand = False
    default_parameters = {"days": journal_purge.DEFAULT_DAYS}

    def execute(self) -> TaskResult:
        days = int(self.parameters["days"])
        cutoff = timezone.now() - timedelta(days=days)
        self.progress.report(phase="deleting", current=0, total=journal_purge.count_before(cutoff))
        deleted = journal_purge.purge(cutoff, days, progress=self.progress)
        return TaskResult(True, f"Deleted {counted(deleted, 'entry', 'entries')} older than {counted(days, 'day')}.", deleted)


connect()
