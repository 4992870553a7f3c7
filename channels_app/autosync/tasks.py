"""The background task "Auto-sync": after a refresh of an account, after its settings were saved, or by hand."""

from typing import Any

from django.forms import Field
from django.urls import reverse

from channels_app.autosync.sync_account import SyncRefused, is_refreshing, sentence, sync_account
from channels_app.autosync.values import MOST_DETAILS
from m3u_app.models import Account, StreamGroup
from tasks_app import engine
from tasks_app.mirror.state import is_connected, is_the_servers
from tasks_app.models import RunStatus, Trigger
from tasks_app.parameter_fields import Name, NamesField
from tasks_app.registry import TaskResult, TaskScheduler, register_task
from tasks_app.scheduling.parameters import NOTHING

TASK_ID = "auto_channel_sync"
_AGAIN_AFTER = 20.0  # seconds after which a sync that met a refresh tries again


THERE = (
    "Dispatcharr keeps these channels in step by itself, after each refresh of the account there. Nothing was done here;"
    " what it does comes over with the next look at the server."
)


def request_sync(account_id: int) -> None:
    """Ask for a sync soon; requests of the next seconds are one run, and one more follows a running one.

    Nothing is asked for while a server is mirrored: it makes these channels, and two of a kind would be one too many.
    """
    if is_the_servers():
        return
    engine.request_run_soon(TASK_ID, {"account_ids": [account_id]})


@register_task
class AutoChannelSync(TaskScheduler):
    task_id = TASK_ID
    name = "Auto-sync"
    description = "Keeps channels in step with the provider groups that have auto-sync switched on."
    item_word = "channel"
    default_parameters = {"account_ids": []}

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        ids = parameters.get("account_ids") or []
        return f"{cls.task_id}:{int(ids[0])}" if len(ids) == 1 else cls.task_id

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        ids = parameters.get("account_ids") or []
        if len(ids) != 1:
            return f"{cls.name} – {f'{len(ids)} accounts' if ids else 'all accounts'}"
        name = Account.objects.filter(pk=ids[0]).values_list("name", flat=True).first()
        return f"{cls.name} – {name}" if name else cls.name

    @classmethod
    def parameter_fields(cls) -> dict[str, Field]:
        return {"account_ids": NamesField(names=_account_names, all_words="All accounts with auto-sync", label="Accounts")}

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        return "Open channels", reverse("channels:manager")

    def execute(self) -> TaskResult:
        if is_connected():
            return TaskResult(success=True, message=THERE, skipped_count=1)
        ids = [int(value) for value in self.parameters.get("account_ids") or []]
        if ids == [NOTHING]:
            return TaskResult(success=True, message="None of the chosen accounts exists any more: nothing was done.")
        return self._sync_one(ids[0]) if len(ids) == 1 else self._sync_many(ids)

    def _sync_one(self, account_id: int) -> TaskResult:
        account = Account.objects.only("name", "status").filter(pk=account_id).first()
        if account is None:
            return TaskResult(success=False, message="The account does not exist any more.", error="CONFIG_INVALID")
        if is_refreshing(account):
            engine.request_run_soon(TASK_ID, {"account_ids": [account_id]}, delay_seconds=_AGAIN_AFTER)
            return TaskResult(success=True, message="The account is being refreshed; the sync follows.", skipped_count=1)
        try:
            outcome = sync_account(account_id, progress=self.progress)
        except SyncRefused as refusal:
            return TaskResult(success=False, message=str(refusal), failed_count=1)
        return TaskResult(
            success=True,
            message=sentence(outcome),
            success_count=outcome.changed,
            failed_count=outcome.failed,
            details={
                "channels_created": outcome.created,
                "channels_updated": outcome.updated,
                "channels_deleted": outcome.deleted,
                "failed_by_reason": outcome.reasons,
                "failures": [{"name": item.name, "group": item.group, "reason": str(item.reason)} for item in outcome.failures],
                "incomplete_groups": outcome.incomplete[:MOST_DETAILS],
                "batch_id": outcome.batch_id,
            },
        )

    def _sync_many(self, ids: list[int]) -> TaskResult:
        """One after the other, each with a run of its own: they may share ranges of numbers."""
        followed = StreamGroup.objects.filter(enabled=True, auto_channel_sync=True).values("account_id")
        accounts = Account.objects.filter(pk__in=ids) if ids else Account.objects.filter(pk__in=followed)
        chosen = list(accounts.filter(deleting_since=None).order_by("-priority", "pk").values_list("pk", "name"))
        trigger = Trigger.MANUAL if self.user_initiated else Trigger.SCHEDULED
        failed: dict[str, str] = {}
        skipped = 0
        for number, (account_id, name) in enumerate(chosen):
            self.progress.raise_if_cancelled()
            self.progress.report(current=number, total=len(chosen), item=name)
            try:
                run = engine.run_here(TASK_ID, {"account_ids": [account_id]}, triggered_by=trigger)
            except engine.AlreadyRunning:
                skipped += 1
                continue
            if run.status != RunStatus.COMPLETED:
                failed[name] = run.message
        done = len(chosen) - len(failed) - skipped
        message = f"{done:,} of {len(chosen):,} accounts synchronised."
        if failed:
            message += " " + " ".join(f"{name}: {text}" for name, text in failed.items())
        return TaskResult(
            success=bool(done) or not failed,
            message=message,
            success_count=done,
            failed_count=len(failed),
            skipped_count=skipped,
        )


def _account_names() -> list[Name]:
    accounts = Account.objects.filter(deleting_since=None, groups__auto_channel_sync=True).distinct().order_by("name", "pk")
    return [Name(pk, name, "" if is_on else "off") for pk, name, is_on in accounts.values_list("pk", "name", "is_active")]
