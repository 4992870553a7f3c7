"""The deletion of a large account as background work."""

from typing import Any

from ecm_site.wording import counted
from m3u_app.delete_account import DELETE_TASK, delete_account, deletion_lock_key
from m3u_app.models import Account
from tasks_app import engine
from tasks_app.registry import TaskResult, TaskScheduler, register_task


@register_task
class DeleteAccountTask(TaskScheduler):
    """Deletes one account with all its streams and groups."""

    task_id = DELETE_TASK
    name = "Delete M3U account"
    description = "Removes a provider with its groups and streams. Started by the Delete button of an account."
    by_hand = False
    default_parameters = {"account_id": 0}

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        return deletion_lock_key(int(parameters["account_id"]))

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        name = Account.objects.filter(pk=parameters["account_id"]).values_list("name", flat=True).first()
        return f"{cls.name} – {name}" if name else cls.name

    @classmethod
    def on_interrupted(cls, parameters: dict[str, Any]) -> None:
        """A killed deletion goes on by itself: half an account is of no use to anybody."""
        if Account.objects.filter(pk=parameters["account_id"], deleting_since__isnull=False).exists():
            engine.request_run_soon(cls.task_id, parameters)

    def execute(self) -> TaskResult:
        account_id = int(self.parameters["account_id"])
        try:
            deletion = delete_account(account_id, progress=self.progress)
        except Account.DoesNotExist:
            return TaskResult(success=True, message="The account was deleted already.")
        taken = f"{counted(deletion.streams, 'stream')} and {counted(len(deletion.groups), 'group')}"
        return TaskResult(
            success=not deletion.failed,
            message=f"Deleted “{deletion.name}” with {taken}.",
            success_count=deletion.streams,
            failed_count=len(deletion.failed),
        )
